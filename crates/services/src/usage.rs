//! The requests of each caller, and how much wall time the latency model took.
//!
//! A caller is an access key id. **Modelled time** is the wall time during which at least one of a
//! caller's delayed requests was in the modelled service: from the arrival of the request's last byte
//! to the release of its answer, and, where the body is paced, until the pace allows its last byte. In
//! both modes it contains the engine's own time, which a real service would not add. Requests in
//! flight at the same time count once. A request that is not delayed, or whose caller leaves before
//! the release, adds nothing.

use std::{
    collections::{BTreeMap, HashMap},
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{call::Call, change_counter::ChangeCounter, faults::Kind, start_error};

/// How many separate intervals can still be extended by a late request.
const RECENT: usize = 1_024;

/// The length of a union of intervals, which come in any order.
#[derive(Debug, Default)]
struct Union {
    /// Disjoint, ascending.
    recent: Vec<(Instant, Instant)>,
    /// The length of older intervals; nothing before `horizon` is added any more.
    settled: Duration,
    horizon: Option<Instant>,
}

impl Union {
    fn add(&mut self, start: Instant, end: Instant) {
        let start = self.horizon.map_or(start, |horizon| start.max(horizon));
        if end <= start {
            return;
        }
        let first = self
            .recent
            .partition_point(|(_, other_end)| *other_end < start);
        let last = self
            .recent
            .partition_point(|(other_start, _)| *other_start <= end);
        let merged = self.recent[first..last]
            .iter()
            .fold((start, end), |(start, end), other| {
                (start.min(other.0), end.max(other.1))
            });
        self.recent.splice(first..last, [merged]);
        if self.recent.len() > RECENT {
            let (oldest_start, oldest_end) = self.recent.remove(0);
            self.settled += oldest_end - oldest_start;
            self.horizon = Some(oldest_end);
        }
    }

    fn length(&self) -> Duration {
        self.settled
            + self
                .recent
                .iter()
                .map(|(start, end)| *end - *start)
                .sum::<Duration>()
    }
}

#[derive(Debug, Default)]
struct Account {
    requests: BTreeMap<String, u64>,
    retries: u64,
    faults: BTreeMap<String, u64>,
    modelled: Union,
}

/// The answer of GET /usage/{key}: everything since the key was first used, or forgotten.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// By operation, for instance {"dynamodb.BatchWriteItem": 2000}.
    pub requests: BTreeMap<String, u64>,
    /// How many of them an SDK sent again.
    pub retries: u64,
    /// By operation and kind, for instance {"dynamodb.BatchWriteItem.unprocessed": 7}.
    pub faults: BTreeMap<String, u64>,
    pub modelled_ms: f64,
}

/// All callers' accounts.
#[derive(Clone, Default)]
pub struct Usage {
    accounts: Arc<Mutex<HashMap<String, Account>>>,
    changes: Option<Arc<ChangeCounter>>,
}

impl Usage {
    /// Accounts whose changes are counted.
    pub fn with_changes(changes: ChangeCounter) -> Self {
        Self {
            changes: Some(Arc::new(changes)),
            ..Self::default()
        }
    }

    /// Counts a request, on its arrival.
    pub fn count(&self, call: &Call) {
        let mut accounts = self.lock();
        let account = accounts.entry(call.access_key.clone()).or_default();
        let operation = format!("{}.{}", call.service, call.operation);
        *account.requests.entry(operation).or_default() += 1;
        account.retries += u64::from(call.retry);
        self.count_change();
    }

    /// Counts an injected fault. A caller that was forgotten meanwhile stays forgotten.
    pub fn count_fault(&self, call: &Call, kind: Kind) {
        if let Some(account) = self.lock().get_mut(&call.access_key) {
            let fault = format!("{}.{}.{}", call.service, call.operation, kind.name());
            *account.faults.entry(fault).or_default() += 1;
            self.count_change();
        }
    }

    /// Adds an interval of modelled time. A caller that was forgotten meanwhile stays forgotten.
    pub fn add_modelled(&self, access_key: &str, start: Instant, end: Instant) {
        if let Some(account) = self.lock().get_mut(access_key) {
            account.modelled.add(start, end);
            self.count_change();
        }
    }

    pub fn report(&self, access_key: &str) -> Report {
        match self.lock().get(access_key) {
            None => Report::default(),
            Some(account) => Report {
                requests: account.requests.clone(),
                retries: account.retries,
                faults: account.faults.clone(),
                modelled_ms: account.modelled.length().as_secs_f64() * 1e3,
            },
        }
    }

    pub fn forget(&self, access_key: &str) {
        self.lock().remove(access_key);
    }

    /// Call this under the accounts' lock, so that a change can be read before it is noticed.
    fn count_change(&self) {
        if let Some(changes) = &self.changes
            && let Err(error) = changes.increment()
        {
            // Otherwise the emulator would take old figures for new ones.
            eprintln!("lambdameter-services: cannot count changes: {error}");
            process::exit(start_error::Kind::Host as i32);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length_of(intervals: &[(u64, u64)]) -> u128 {
        let epoch = Instant::now();
        let at = |milliseconds| epoch + Duration::from_millis(milliseconds);
        let mut union = Union::default();
        for (start, end) in intervals {
            union.add(at(*start), at(*end));
        }
        union.length().as_millis()
    }

    fn call(access_key: &str) -> Call {
        Call {
            service: "s3",
            operation: "GetObject".into(),
            access_key: access_key.to_owned(),
            retry: false,
        }
    }

    #[test]
    fn separate_intervals_add_up() {
        assert_eq!(length_of(&[(0, 5), (10, 12)]), 7);
    }

    #[test]
    fn overlapping_intervals_count_once_in_any_order() {
        assert_eq!(length_of(&[(0, 10), (5, 15)]), 15);
        assert_eq!(length_of(&[(5, 15), (0, 10)]), 15);
        assert_eq!(length_of(&[(0, 20), (5, 15)]), 20);
        assert_eq!(length_of(&[(0, 2), (4, 6), (8, 10), (1, 9)]), 10);
    }

    #[test]
    fn touching_intervals_become_one() {
        assert_eq!(length_of(&[(0, 5), (5, 9)]), 9);
    }

    #[test]
    fn an_empty_or_reversed_interval_adds_nothing() {
        assert_eq!(length_of(&[(3, 3), (9, 4)]), 0);
    }

    #[test]
    fn what_was_settled_still_counts_and_is_not_counted_twice() {
        let many = u64::try_from(RECENT).expect("small") + 100;
        let mut intervals: Vec<_> = (0..many).map(|n| (10 * n, 10 * n + 1)).collect();
        intervals.push((0, 1));
        assert_eq!(length_of(&intervals), u128::from(many));
    }

    #[test]
    fn accounts_are_kept_apart_by_access_key() {
        let usage = Usage::default();
        usage.count(&call("one"));
        usage.count(&call("one"));
        usage.count(&call("two"));
        let now = Instant::now();
        usage.add_modelled("two", now, now + Duration::from_millis(4));
        assert_eq!(usage.report("one").requests["s3.GetObject"], 2);
        assert!(usage.report("one").modelled_ms.abs() < 1e-9);
        assert_eq!(usage.report("two").requests["s3.GetObject"], 1);
        assert!((usage.report("two").modelled_ms - 4.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_sent_again_and_what_was_faulted_is_counted() {
        let usage = Usage::default();
        let again = Call {
            retry: true,
            ..call("one")
        };
        for call in [call("one"), again.clone(), again] {
            usage.count(&call);
        }
        usage.count_fault(&call("one"), Kind::Cut);
        usage.count_fault(&call("never"), Kind::Cut);
        let report = usage.report("one");
        assert_eq!(report.retries, 2);
        assert_eq!(
            report.faults,
            BTreeMap::from([("s3.GetObject.cut".to_owned(), 1)])
        );
        assert_eq!(usage.report("never"), Report::default());
    }

    #[test]
    fn an_unknown_or_forgotten_key_reports_zeros() {
        let usage = Usage::default();
        usage.count(&call("one"));
        usage.forget("one");
        assert_eq!(usage.report("one"), Report::default());
        assert_eq!(usage.report("never"), Report::default());
    }
}
