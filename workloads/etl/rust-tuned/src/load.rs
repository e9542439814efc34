//! Reading, parsing and writing at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use etl_rust::batch::RESERVE;
use etl_rust::document::Format;
use etl_rust::failure::Failure;

use crate::document::{Reader, Tally};
use crate::lanes::{Lanes, World, Written};

/// An object, piece by piece.
pub trait Pieces {
    /// Some bytes; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<impl AsRef<[u8]>>, Failure>>;
}

/// What became of an object; `parsing` and `writing` went on side by side.
#[derive(Debug)]
pub struct Loaded {
    pub tally: Tally,
    pub parsing: Duration,
    pub writing: Written,
}

/// Load an object into the table of that world.
///
/// # Errors
/// What is wrong with the object, which is read to its end even where writing it fails; else what
/// writing failed with.
pub async fn load<W: World>(
    pieces: &mut impl Pieces,
    format: Format,
    world: &Arc<W>,
) -> Result<Loaded, Failure> {
    let mut lanes = Lanes::open(world);
    let read = read(pieces, format, &mut lanes, &**world).await;
    let written = lanes.close().await;
    let (tally, parsing) = read?;
    Ok(Loaded {
        tally,
        parsing,
        writing: written?,
    })
}

async fn read<W: World>(
    pieces: &mut impl Pieces,
    format: Format,
    lanes: &mut Lanes,
    world: &W,
) -> Result<(Tally, Duration), Failure> {
    let mut reader = Reader::new(format);
    let mut sound = Vec::new();
    let mut parsing = Duration::ZERO;
    while let Some(piece) = pieces.next().await? {
        if lanes.failed && world.remaining() < RESERVE {
            // No time to read to the end: the writers' failure is the answer, whatever stands here.
            return Ok((Tally::default(), parsing));
        }
        let started = Instant::now();
        reader.feed(piece.as_ref(), &mut sound)?;
        parsing += started.elapsed();
        lanes.push_all(&mut sound).await;
    }
    let tally = reader.finish(&mut sound)?;
    lanes.push_all(&mut sound).await;
    Ok((tally, parsing))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use etl_rust::batch::BATCH;
    use etl_rust::record::{AMOUNT, FIELDS, Registration};

    use super::*;

    /// A document in pieces of so many bytes.
    struct Cut<'a>(std::slice::Chunks<'a, u8>);

    impl Pieces for Cut<'_> {
        async fn next(&mut self) -> Result<Option<impl AsRef<[u8]>>, Failure> {
            Ok(self.0.next())
        }
    }

    /// A table that refuses what a batch may not hold, leaves items out by chance, and takes its
    /// time by chance; a clock that only sleeping moves.
    struct Fake {
        items: Mutex<HashMap<String, String>>,
        random: Mutex<fastrand::Rng>,
        chance: f64,
        left: Mutex<Duration>,
        puts: AtomicUsize,
        failing: Option<Failure>,
        told: Mutex<Vec<usize>>,
    }

    impl Fake {
        fn new(seed: u64, chance: f64) -> Self {
            Self {
                items: Mutex::default(),
                random: Mutex::new(fastrand::Rng::with_seed(seed)),
                chance,
                left: Mutex::new(Duration::from_secs(1_000_000)),
                puts: AtomicUsize::new(0),
                failing: None,
                told: Mutex::default(),
            }
        }
    }

    impl World for Fake {
        fn remaining(&self) -> Duration {
            *self.left.lock().unwrap()
        }

        fn jitter(&self) -> f64 {
            self.random.lock().unwrap().f64()
        }

        async fn sleep(&self, pause: Duration) {
            let mut left = self.left.lock().unwrap();
            *left = left.saturating_sub(pause);
        }

        async fn put(&self, batch: &[&Registration]) -> Result<Vec<String>, Failure> {
            assert!((1..=BATCH).contains(&batch.len()));
            self.puts.fetch_add(1, Ordering::Relaxed);
            let turns = self.random.lock().unwrap().usize(0..20);
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            if let Some(failure) = &self.failing {
                return Err(failure.clone());
            }
            let mut ids: Vec<&str> = batch.iter().map(|one| one.id()).collect();
            ids.sort_unstable();
            assert!(
                ids.windows(2).all(|pair| pair[0] != pair[1]),
                "one key twice"
            );
            let mut unprocessed = Vec::new();
            for one in batch {
                if self.jitter() < self.chance {
                    unprocessed.push(one.id().to_owned());
                } else {
                    let amount = one.values()[AMOUNT].clone();
                    self.items
                        .lock()
                        .unwrap()
                        .insert(one.id().to_owned(), amount);
                }
            }
            Ok(unprocessed)
        }

        fn progress(&self, done: usize) {
            self.told.lock().unwrap().push(done);
        }
    }

    fn csv(keys: &[usize]) -> String {
        let rows = keys
            .iter()
            .enumerate()
            .map(|(order, key)| format!("R{key},e,d,v,c,a,m,t,{order},p,s\n"));
        format!("{}\n{}", FIELDS.join(","), rows.collect::<String>())
    }

    async fn load_csv(text: &[u8], world: Fake) -> (Result<Loaded, Failure>, Arc<Fake>) {
        let world = Arc::new(world);
        let mut pieces = Cut(text.chunks(1_000));
        (load(&mut pieces, Format::Csv, &world).await, world)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn every_key_stands_once_with_its_last_value_whatever_is_left_unprocessed() {
        for seed in 0..200 {
            let mut random = fastrand::Rng::with_seed(seed);
            let range = random.usize(1..80);
            let count = random.usize(0..600);
            let keys: Vec<_> = (0..count).map(|_| random.usize(0..range)).collect();
            let world = Fake::new(seed, random.f64() * 0.9);
            let (loaded, world) = load_csv(csv(&keys).as_bytes(), world).await;
            let last: HashMap<_, _> = (0..count)
                .map(|order| (format!("R{}", keys[order]), order.to_string()))
                .collect();
            assert_eq!(*world.items.lock().unwrap(), last, "seed {seed}");
            assert_eq!(loaded.unwrap().writing.records, count);
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_bad_document_is_a_better_answer_than_a_table_that_fails() {
        let failing = Failure::TableNotFound("t".to_owned());
        let keys: Vec<_> = (0..5_000).collect();
        let sound = csv(&keys).into_bytes();
        let bad = [&sound[..], b"\xff"].concat();
        for (text, better) in [
            (
                bad,
                Failure::InvalidDocument("the object is not UTF-8".to_owned()),
            ),
            (sound, failing.clone()),
        ] {
            let mut world = Fake::new(1, 0.0);
            world.failing = Some(failing.clone());
            let (loaded, world) = load_csv(&text, world).await;
            assert_eq!(loaded.unwrap_err(), better);
            let puts = world.puts.load(Ordering::Relaxed);
            assert!(puts <= 2 * crate::lanes::LANES, "{puts}");
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_deadline_ends_a_table_that_takes_nothing() {
        let world = Fake::new(1, 1.0);
        *world.left.lock().unwrap() = Duration::from_mins(1);
        let keys: Vec<_> = (0..5_000).collect();
        let (loaded, world) = load_csv(csv(&keys).as_bytes(), world).await;
        let Err(Failure::DeadlineNear(message)) = loaded else {
            panic!("{loaded:?}");
        };
        assert!(message.ends_with("read so far not written with less than 2000 ms left"));
        assert!(world.remaining() >= RESERVE);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn progress_is_told_at_each_thousand() {
        let keys: Vec<_> = (0..2_030).collect();
        let (loaded, world) = load_csv(csv(&keys).as_bytes(), Fake::new(1, 0.0)).await;
        assert!(loaded.is_ok());
        assert_eq!(*world.told.lock().unwrap(), [1_000, 2_000]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn threads_change_nothing() {
        let keys: Vec<_> = (0..20_000).map(|order| order % 701).collect();
        let (loaded, world) = load_csv(csv(&keys).as_bytes(), Fake::new(1, 0.2)).await;
        assert_eq!(loaded.unwrap().writing.records, 20_000);
        let items = world.items.lock().unwrap();
        let last = |key: usize| (0..20_000).rev().find(|order| order % 701 == key).unwrap();
        assert_eq!(items.len(), 701);
        assert!((0..701).all(|key| items[&format!("R{key}")] == last(key).to_string()));
    }
}
