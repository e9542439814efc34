//! Several writers side by side. All records of one id go down one lane, which writes its batches
//! one after the other: so the last record of an id is written last, as if there were one writer.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use etl_rust::batch::{BATCH, PROGRESS_EVERY, RESERVE, backoff, distinct};
use etl_rust::failure::Failure;
use etl_rust::record::Registration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Requests in flight at most.
pub const LANES: usize = 8;
/// Batches that wait for a lane: enough that one slow answer does not stop the reader.
const WAITING: usize = 4;

/// What the writers ask of the world around them.
pub trait World: Send + Sync + 'static {
    /// The time until the function is stopped.
    fn remaining(&self) -> Duration;
    /// A number from 0 to 1.
    fn jitter(&self) -> f64;
    /// Wait.
    fn sleep(&self, pause: Duration) -> impl Future<Output = ()> + Send;
    /// One `BatchWriteItem`; the ids of what was not processed.
    fn put(
        &self,
        batch: &[&Registration],
    ) -> impl Future<Output = Result<Vec<String>, Failure>> + Send;
    /// So many thousand records are written.
    fn progress(&self, done: usize);
}

type Batch = Vec<Registration>;

/// How far the writing has got.
#[derive(Default)]
struct Count {
    read: AtomicUsize,
    written: AtomicUsize,
}

/// The way to the writers.
pub struct Lanes {
    filling: [Batch; LANES],
    ways: [mpsc::Sender<Batch>; LANES],
    writers: Vec<JoinHandle<Result<usize, Failure>>>,
    count: Arc<Count>,
    begun: Option<Instant>,
    /// Whether a writer has given up: nothing more is written then.
    pub failed: bool,
}

/// What the writers did.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub records: usize,
    /// How many records had to be sent again.
    pub retried: usize,
    /// From the first batch on.
    pub time: Duration,
}

impl Lanes {
    /// Start the writers, on whatever threads the runtime has.
    pub fn open<W: World>(world: &Arc<W>) -> Self {
        let count = Arc::new(Count::default());
        let mut writers = Vec::with_capacity(LANES);
        let ways = std::array::from_fn(|_| {
            let (way, batches) = mpsc::channel(WAITING);
            writers.push(tokio::spawn(write(
                batches,
                Arc::clone(world),
                Arc::clone(&count),
            )));
            way
        });
        Self {
            filling: std::array::from_fn(|_| Batch::with_capacity(BATCH)),
            ways,
            writers,
            count,
            begun: None,
            failed: false,
        }
    }

    /// Hand records to their writers; waits while one of those is far behind.
    pub async fn push_all(&mut self, registrations: &mut Vec<Registration>) {
        for registration in registrations.drain(..) {
            let lane = lane_of(registration.id());
            self.filling[lane].push(registration);
            if self.filling[lane].len() == BATCH {
                self.send(lane).await;
            }
        }
    }

    /// Wait until all is written.
    ///
    /// # Errors
    /// What a writer failed with.
    pub async fn close(mut self) -> Result<Written, Failure> {
        for lane in 0..LANES {
            self.send(lane).await;
        }
        drop(self.ways);
        let mut retried = 0;
        let mut failure = None;
        for writer in self.writers {
            match writer.await {
                Ok(Ok(again)) => retried += again,
                Ok(Err(failed)) => failure = failure.or(Some(failed)),
                Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
            }
        }
        failure.map_or_else(
            || {
                Ok(Written {
                    records: self.count.written.load(Ordering::Relaxed),
                    retried,
                    time: self.begun.map_or(Duration::ZERO, |begun| begun.elapsed()),
                })
            },
            Err,
        )
    }

    async fn send(&mut self, lane: usize) {
        let batch = std::mem::replace(&mut self.filling[lane], Batch::with_capacity(BATCH));
        self.count.read.fetch_add(batch.len(), Ordering::Relaxed);
        if !self.failed && !batch.is_empty() {
            self.begun.get_or_insert_with(Instant::now);
            self.failed = self.ways[lane].send(batch).await.is_err();
        }
    }
}

fn lane_of(id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}

async fn write<W: World>(
    mut batches: mpsc::Receiver<Batch>,
    world: Arc<W>,
    count: Arc<Count>,
) -> Result<usize, Failure> {
    let mut retried = 0;
    while let Some(batch) = batches.recv().await {
        retried += write_batch(&batch, &*world, &count).await?;
        let before = count.written.fetch_add(batch.len(), Ordering::Relaxed);
        let thousands = (before + batch.len()) / PROGRESS_EVERY;
        if before / PROGRESS_EVERY < thousands {
            world.progress(thousands * PROGRESS_EVERY);
        }
    }
    Ok(retried)
}

/// Write one batch; how many records had to be sent again.
async fn write_batch<W: World>(
    batch: &[Registration],
    world: &W,
    count: &Count,
) -> Result<usize, Failure> {
    let mut retried = 0;
    let mut pending = distinct(batch);
    let mut attempt = 0;
    while !pending.is_empty() {
        let pause = backoff(attempt, world.jitter());
        if world.remaining().saturating_sub(pause) < RESERVE {
            let read = count.read.load(Ordering::Relaxed);
            return Err(Failure::DeadlineNear(format!(
                "{} of the {read} items read so far not written with less than {} ms left",
                read - count.written.load(Ordering::Relaxed),
                RESERVE.as_millis()
            )));
        }
        if attempt > 0 {
            world.sleep(pause).await;
            retried += pending.len();
        }
        let unprocessed = world.put(&pending).await?;
        pending.retain(|one| unprocessed.iter().any(|id| id == one.id()));
        attempt += 1;
    }
    Ok(retried)
}
