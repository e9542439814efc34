//! CPU time that is granted period by period.

/// The CPU time that an environment may still use, ns; below zero it is a debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    quota: i64,
    period: u64,
    left: i64,
    next_refill: u64,
}

impl Pool {
    /// A full pool, to be refilled at this instant and then once a period.
    ///
    /// # Panics
    /// Quota or period is 0.
    #[must_use]
    pub fn new(quota_ns: u64, period_ns: u64, next_refill_ns: u64) -> Self {
        assert!(
            quota_ns > 0 && period_ns > 0,
            "quota and period are above 0"
        );
        let quota = signed(quota_ns);
        Self {
            quota,
            period: period_ns,
            left: quota,
            next_refill: next_refill_ns,
        }
    }

    /// The CPU time that may still be used, ns.
    #[must_use]
    pub fn left_ns(&self) -> i64 {
        self.left
    }

    /// The instant of the next refill.
    #[must_use]
    pub fn next_refill_ns(&self) -> u64 {
        self.next_refill
    }

    /// Adds what has been granted until now. Unused quota expires.
    pub fn refill(&mut self, now_ns: u64) {
        let Some(late_ns) = now_ns.checked_sub(self.next_refill) else {
            return;
        };
        let refills = late_ns / self.period + 1;
        let granted = signed(refills).saturating_mul(self.quota);
        self.left = self.left.saturating_add(granted).min(self.quota);
        self.next_refill += refills * self.period;
    }

    /// Takes what was used since the last charge, before the refills since then are added: a thread
    /// that runs has got its slice before, as CFS hands it to a CPU.
    pub fn charge(&mut self, now_ns: u64, used_ns: u64) {
        self.left = self.left.saturating_sub(signed(used_ns));
        self.refill(now_ns);
    }

    /// The instant of the refill that pays the debt; `None`: there is no debt.
    #[must_use]
    pub fn paid_at_ns(&self) -> Option<u64> {
        let debt_ns = (-self.left).try_into().ok()?;
        let quota_ns = self.quota.unsigned_abs();
        let refills_before = u64::checked_div(debt_ns, quota_ns)?;
        let after_ns = refills_before.saturating_mul(self.period);
        Some(self.next_refill.saturating_add(after_ns))
    }
}

fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 20;

    #[test]
    fn a_quota_cannot_be_saved_up() {
        let mut pool = Pool::new(7, PERIOD, 5);
        pool.refill(1_000);
        assert_eq!(pool.left_ns(), 7);
    }

    #[test]
    fn a_debt_is_paid_by_as_many_periods_as_it_takes() {
        let mut pool = Pool::new(7, PERIOD, 5);
        pool.charge(0, 7 + 14);
        // At 5 and at 25 the debt is paid, and only at 45 something is left.
        assert_eq!(pool.paid_at_ns(), Some(45));
        pool.refill(44);
        assert_eq!(pool.left_ns(), 0);
        pool.refill(45);
        assert_eq!((pool.left_ns(), pool.paid_at_ns()), (7, None));
    }

    #[test]
    fn many_refills_at_once_are_as_one_after_the_other() {
        let mut at_once = Pool::new(7, PERIOD, 5);
        at_once.charge(0, 40);
        let mut one_by_one = at_once.clone();
        for now in 0..=66 {
            one_by_one.refill(now);
        }
        at_once.refill(66);
        assert_eq!(at_once, one_by_one);
    }

    #[test]
    fn use_is_taken_before_what_was_granted_meanwhile() {
        let mut pool = Pool::new(7, PERIOD, 5);
        pool.charge(6, 4);
        assert_eq!(pool.left_ns(), 7);
        pool.refill(6);
        pool.charge(6, 4);
        assert_eq!(pool.left_ns(), 3);
    }

    #[test]
    fn an_empty_pool_waits_for_its_next_refill() {
        let mut pool = Pool::new(7, PERIOD, 5);
        pool.charge(0, 7);
        assert_eq!((pool.left_ns(), pool.paid_at_ns()), (0, Some(5)));
    }

    #[test]
    fn what_no_period_pays_is_never_paid_and_nothing_overflows() {
        let mut pool = Pool::new(1, PERIOD, 5);
        pool.charge(0, u64::MAX);
        assert!(pool.paid_at_ns().is_some());
        pool.refill(u64::MAX / 2);
        assert!(pool.left_ns() < 0);
    }
}
