//! `BatchWriteItem` until every record is in the table, or the deadline is near.

use std::time::Duration;

use crate::failure::Failure;
use crate::record::Registration;

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
pub const BATCH: usize = 25;
pub const PROGRESS_EVERY: usize = 1_000;
/// No request is sent with less than this left.
pub const RESERVE: Duration = Duration::from_secs(2);
/// Full jitter: <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
const BACKOFF_BASE: Duration = Duration::from_millis(50);
const BACKOFF_CAP: Duration = Duration::from_secs(5);

/// What the writer asks of the world around it.
pub trait Pace {
    /// The time until the function is stopped.
    fn remaining(&self) -> Duration;
    /// A number from 0 to 1.
    fn jitter(&self) -> f64;
    /// Wait.
    fn sleep(&self, pause: Duration) -> impl Future<Output = ()>;
}

/// Write all records, 25 at a time and in order; how many had to be sent again.
///
/// Of the records with one id the last one stays. `put` is one `BatchWriteItem`, and returns the
/// ids that were not processed; `progress` is called with the number of records done after each
/// thousand.
///
/// # Errors
/// What `put` fails with, and [`Failure::DeadlineNear`] with less than two seconds left and
/// records to write.
pub async fn write(
    registrations: &[Registration],
    put: impl AsyncFn(&[&Registration]) -> Result<Vec<String>, Failure>,
    pace: &impl Pace,
    progress: Option<&impl AsyncFn(usize)>,
) -> Result<usize, Failure> {
    let mut retried = 0;
    let mut done = 0;
    for batch in registrations.chunks(BATCH) {
        let mut pending = distinct(batch);
        let mut attempt = 0;
        while !pending.is_empty() {
            let pause = backoff(attempt, pace.jitter());
            if pace.remaining().saturating_sub(pause) < RESERVE {
                return Err(Failure::DeadlineNear(format!(
                    "{} of {} items not written with less than {} ms left",
                    registrations.len() - done - batch.len() + pending.len(),
                    registrations.len(),
                    RESERVE.as_millis()
                )));
            }
            if attempt > 0 {
                pace.sleep(pause).await;
                retried += pending.len();
            }
            let unprocessed = put(&pending).await?;
            pending.retain(|one| unprocessed.iter().any(|id| id == one.id()));
            attempt += 1;
        }
        done += batch.len();
        if let Some(progress) = progress
            && done.is_multiple_of(PROGRESS_EVERY)
        {
            progress(done).await;
        }
    }
    Ok(retried)
}

/// `BatchWriteItem` refuses a batch that names one key twice: the last one of each stays.
#[must_use]
pub fn distinct(batch: &[Registration]) -> Vec<&Registration> {
    let mut kept: Vec<&Registration> = Vec::with_capacity(BATCH);
    for one in batch {
        match kept.iter_mut().find(|earlier| earlier.id() == one.id()) {
            Some(earlier) => *earlier = one,
            None => kept.push(one),
        }
    }
    kept
}

/// How long to wait before an attempt, with a number from 0 to 1; the first (0) is made at once.
#[must_use]
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let Some(doublings) = attempt.checked_sub(1) else {
        return Duration::ZERO;
    };
    BACKOFF_BASE
        .saturating_mul(2_u32.saturating_pow(doublings))
        .min(BACKOFF_CAP)
        .mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::HashMap;

    use super::*;
    use crate::record::{AMOUNT, KEY};

    const QUIET: Option<&fn(usize) -> std::future::Ready<()>> = None;

    /// A clock that only sleeping and putting move.
    struct FakePace {
        remaining: Cell<Duration>,
        random: RefCell<fastrand::Rng>,
    }

    impl FakePace {
        fn new(remaining: Duration, seed: u64) -> Self {
            Self {
                remaining: Cell::new(remaining),
                random: RefCell::new(fastrand::Rng::with_seed(seed)),
            }
        }
    }

    impl Pace for FakePace {
        fn remaining(&self) -> Duration {
            self.remaining.get()
        }

        fn jitter(&self) -> f64 {
            self.random.borrow_mut().f64()
        }

        async fn sleep(&self, pause: Duration) {
            self.remaining
                .set(self.remaining.get().saturating_sub(pause));
        }
    }

    /// A table that refuses what a batch may not hold, and leaves items out by chance.
    #[derive(Default)]
    struct FakeTable {
        items: RefCell<HashMap<String, String>>,
        puts: Cell<usize>,
    }

    impl FakeTable {
        fn put(&self, batch: &[&Registration], mut refuse: impl FnMut() -> bool) -> Vec<String> {
            assert!((1..=BATCH).contains(&batch.len()));
            self.puts.set(self.puts.get() + 1);
            let mut ids: Vec<&str> = batch.iter().map(|one| one.id()).collect();
            ids.sort_unstable();
            assert!(
                ids.windows(2).all(|pair| pair[0] != pair[1]),
                "one key twice"
            );
            let mut unprocessed = Vec::new();
            for one in batch {
                if refuse() {
                    unprocessed.push(one.id().to_owned());
                } else {
                    let amount = one.values()[AMOUNT].clone();
                    self.items.borrow_mut().insert(one.id().to_owned(), amount);
                }
            }
            unprocessed
        }
    }

    fn registration(id: usize, amount: usize) -> Registration {
        Registration::read(|index| {
            Ok(match index {
                KEY => format!("R{id}"),
                AMOUNT => amount.to_string(),
                _ => "x".to_owned(),
            })
        })
        .unwrap()
    }

    #[tokio::test(flavor = "current_thread")]
    async fn every_key_stands_once_with_its_last_value_whatever_is_left_unprocessed() {
        for seed in 0..300 {
            let mut random = fastrand::Rng::with_seed(seed);
            let keys = random.usize(1..80);
            let records: Vec<_> = (0..random.usize(0..200))
                .map(|order| registration(random.usize(0..keys), order))
                .collect();
            let table = FakeTable::default();
            let chance = random.f64() * 0.9;
            let random = RefCell::new(random);
            let retried = write(
                &records,
                async |batch| Ok(table.put(batch, || random.borrow_mut().f64() < chance)),
                &FakePace::new(Duration::from_secs(1_000_000), seed),
                QUIET,
            )
            .await
            .unwrap();
            let mut last = HashMap::new();
            for one in &records {
                last.insert(one.id().to_owned(), one.values()[AMOUNT].clone());
            }
            assert_eq!(*table.items.borrow(), last, "seed {seed}");
            assert!(table.puts.get() <= records.len().div_ceil(BATCH) + retried);
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_deadline_ends_a_table_that_takes_nothing() {
        let records: Vec<_> = (0..30).map(|id| registration(id, 1)).collect();
        let table = FakeTable::default();
        let pace = FakePace::new(Duration::from_mins(1), 7);
        let ended = write(
            &records,
            async |batch| Ok(table.put(batch, || true)),
            &pace,
            QUIET,
        );
        assert_eq!(
            ended.await.unwrap_err(),
            Failure::DeadlineNear(
                "30 of 30 items not written with less than 2000 ms left".to_owned()
            )
        );
        assert!(pace.remaining() >= RESERVE);
        assert!((8..100).contains(&table.puts.get()), "{}", table.puts.get());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn nothing_is_put_once_the_deadline_is_near() {
        let table = FakeTable::default();
        let ended = write(
            &[registration(1, 1)],
            async |batch| Ok(table.put(batch, || false)),
            &FakePace::new(Duration::from_millis(1_999), 1),
            QUIET,
        )
        .await;
        assert!(ended.is_err());
        assert_eq!(table.puts.get(), 0);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn progress_is_told_after_each_thousand() {
        let records: Vec<_> = (0..2_030).map(|id| registration(id, 1)).collect();
        let (table, told) = (FakeTable::default(), RefCell::default());
        let note = async |done: usize| RefCell::<Vec<usize>>::borrow_mut(&told).push(done);
        let pace = FakePace::new(Duration::from_mins(1), 1);
        let put = async |batch: &[&Registration]| Ok(table.put(batch, || false));
        write(&records, put, &pace, Some(&note)).await.unwrap();
        assert_eq!(*told.borrow(), [1_000, 2_000]);
    }

    #[test]
    fn the_wait_doubles_up_to_its_cap() {
        let waits = [0, 1, 2, 7, 8, 4_000_000].map(|attempt| backoff(attempt, 1.0).as_millis());
        assert_eq!(waits, [0, 50, 100, 3_200, 5_000, 5_000]);
    }
}
