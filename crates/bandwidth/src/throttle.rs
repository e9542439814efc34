//! The rule, for a program whose CPU time is observed CPU by CPU.

use crate::{PERIOD_NS, Pool, TICK_NS};

/// What to do with an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Run,
    /// None of its threads may run before this instant.
    Hold { until_ns: u64 },
}

/// One environment's pool, and the CPU time that has been charged on each CPU.
///
/// Instants are those of any monotonic clock. CPU time is a Lambda vCPU's: for each CPU a total that
/// never falls.
#[derive(Clone, Debug)]
pub struct Throttle {
    pool: Pool,
    tick_phase_ns: u64,
    cpus: Vec<Cpu>,
}

#[derive(Clone, Copy, Debug)]
struct Cpu {
    used_ns: u64,
    charged_ns: u64,
    /// How many ticks there have been.
    ticks: u64,
}

impl Throttle {
    /// A throttle with a full pool, from now on. The phases are the instants of refills within a period
    /// and of ticks within 4 ms; `used_ns` is each CPU's total until now.
    #[must_use]
    pub fn new(
        quota_ns: u64,
        refill_phase_ns: u64,
        tick_phase_ns: u64,
        now_ns: u64,
        used_ns: &[u64],
    ) -> Self {
        let mut throttle = Self {
            pool: Pool::new(
                quota_ns,
                PERIOD_NS,
                next(now_ns, refill_phase_ns, PERIOD_NS),
            ),
            tick_phase_ns,
            cpus: Vec::new(),
        };
        let ticks = throttle.ticks(now_ns);
        let since_now = |&used_ns| Cpu {
            used_ns,
            charged_ns: used_ns,
            ticks,
        };
        throttle.cpus.extend(used_ns.iter().map(since_now));
        throttle
    }

    /// The CPU time that may still be used, ns, as far as it has been charged.
    #[must_use]
    pub fn left_ns(&self) -> i64 {
        self.pool.left_ns()
    }

    /// The first tick after an instant.
    #[must_use]
    pub fn next_tick_ns(&self, now_ns: u64) -> u64 {
        next(now_ns, self.tick_phase_ns, TICK_NS)
    }

    /// The next observation is not needed before this instant: there can be no tick, no refill and no
    /// debt, if the last observation of each CPU was after `since_ns`, and `cpus` CPUs are busy.
    #[must_use]
    pub fn next_observation_ns(&self, since_ns: u64, now_ns: u64, cpus: u64) -> u64 {
        let uncharged = |cpu: &Cpu| cpu.used_ns - cpu.charged_ns;
        let uncharged_ns: u64 = self.cpus.iter().map(uncharged).sum();
        let left_ns = u64::try_from(self.left_ns()).unwrap_or(0);
        let used_up_ns = since_ns + left_ns.saturating_sub(uncharged_ns) / cpus.max(1);
        let refill_ns = self.pool.next_refill_ns();
        // A refill that is late waits for the threads that run: see `refill`.
        let refill_ns = if refill_ns > now_ns {
            refill_ns
        } else {
            u64::MAX
        };
        used_up_ns.min(self.next_tick_ns(now_ns)).min(refill_ns)
    }

    /// Takes one CPU's total, and whether a thread has left the CPU since the last observation. Only
    /// then, or after a tick, the CPU time is charged.
    ///
    /// # Panics
    /// There is no such CPU.
    pub fn observe(&mut self, now_ns: u64, cpu: usize, used_ns: u64, has_left: bool) -> Verdict {
        let ticks = self.ticks(now_ns);
        let state = &mut self.cpus[cpu];
        state.used_ns = used_ns.max(state.used_ns);
        if has_left || ticks > state.ticks {
            self.charge(now_ns, cpu);
        }
        self.cpus[cpu].ticks = ticks;
        self.refill(now_ns);
        self.verdict(now_ns)
    }

    /// What to do at a refill or after a rest, without an observation.
    pub fn wake(&mut self, now_ns: u64) -> Verdict {
        self.refill(now_ns);
        self.verdict(now_ns)
    }

    /// Charges CPU time at once that was not used by the environment's own threads.
    pub fn charge_beside(&mut self, now_ns: u64, used_ns: u64) -> Verdict {
        self.pool.charge(now_ns, used_ns);
        self.verdict(now_ns)
    }

    /// Charges all CPUs: no thread runs.
    pub fn stop(&mut self, now_ns: u64) -> Verdict {
        for cpu in 0..self.cpus.len() {
            self.charge(now_ns, cpu);
        }
        self.wake(now_ns)
    }

    /// Where there is a debt, all CPUs are charged: a hold takes their threads off them.
    fn verdict(&mut self, now_ns: u64) -> Verdict {
        if self.pool.paid_at_ns().is_none() {
            return Verdict::Run;
        }
        for cpu in 0..self.cpus.len() {
            self.charge(now_ns, cpu);
        }
        self.pool
            .paid_at_ns()
            .map_or(Verdict::Run, |until_ns| Verdict::Hold { until_ns })
    }

    fn charge(&mut self, now_ns: u64, cpu: usize) {
        let cpu = &mut self.cpus[cpu];
        let uncharged_ns = cpu.used_ns - cpu.charged_ns;
        if uncharged_ns > 0 {
            cpu.charged_ns = cpu.used_ns;
            self.pool.charge(now_ns, uncharged_ns);
        }
    }

    /// While CPU time is uncharged, a refill waits: see [`Pool::charge`].
    fn refill(&mut self, now_ns: u64) {
        if self.cpus.iter().all(|cpu| cpu.used_ns == cpu.charged_ns) {
            self.pool.refill(now_ns);
        }
    }

    fn ticks(&self, now_ns: u64) -> u64 {
        (now_ns + TICK_NS - self.tick_phase_ns % TICK_NS) / TICK_NS
    }
}

/// The first instant after now that is at the phase of an interval.
fn next(now_ns: u64, phase_ns: u64, every_ns: u64) -> u64 {
    let since_ns = (now_ns + every_ns - phase_ns % every_ns) % every_ns;
    now_ns + every_ns - since_ns
}

#[cfg(test)]
mod tests {
    use rand_chacha::{
        ChaCha8Rng,
        rand_core::{RngCore, SeedableRng},
    };

    use super::*;

    const MS: u64 = 1_000_000;
    const START: u64 = 100 * MS;

    /// For 128 MB: 1.447 ms every 20 ms, refilled at 5 ms, ticks at 1 ms.
    fn small(cpus: usize) -> Throttle {
        Throttle::new(1_447_000, 5 * MS, MS, START, &vec![0; cpus])
    }

    fn held(until_ms: u64) -> Verdict {
        Verdict::Hold {
            until_ns: START + until_ms * MS,
        }
    }

    #[test]
    fn a_thread_overdraws_until_the_tick() {
        let mut throttle = small(1);
        throttle.observe(START + MS, 0, 0, false);
        for ms in 2..5 {
            let observation = throttle.observe(START + ms * MS, 0, (ms - 1) * MS, false);
            assert_eq!(observation, Verdict::Run, "{ms}");
        }
        // 4 ms used of 1.447: refills at 5 (taken with the charge), 25 and 45.
        assert_eq!(throttle.observe(START + 5 * MS, 0, 4 * MS, false), held(25));
        assert_eq!(throttle.left_ns(), 2 * 1_447_000 - 4_000_000);
    }

    #[test]
    fn a_thread_that_sleeps_is_charged_at_once() {
        let mut throttle = small(1);
        let asleep = throttle.observe(START + 2 * MS + 1, 0, 1_500_000, true);
        assert_eq!(asleep, held(5));
        assert_eq!(throttle.wake(START + 5 * MS - 1), held(5));
        assert_eq!(throttle.wake(START + 5 * MS), Verdict::Run);
        assert_eq!(throttle.left_ns(), 2 * 1_447_000 - 1_500_000);
    }

    #[test]
    fn while_it_sleeps_its_pool_is_filled_before_it_uses_more() {
        let mut throttle = small(1);
        throttle.observe(START + 2 * MS, 0, MS, true);
        assert_eq!(throttle.left_ns(), 447_000);
        throttle.observe(START + 4 * MS, 0, MS, true);
        throttle.observe(START + 12 * MS, 0, MS, true);
        assert_eq!(throttle.left_ns(), 1_447_000);
        throttle.observe(START + 13 * MS, 0, 2 * MS, false);
        assert_eq!(throttle.left_ns(), 447_000);
    }

    #[test]
    fn a_hold_is_for_every_cpu_and_so_is_its_debt() {
        let mut throttle = small(2);
        throttle.observe(START + MS, 1, 0, false);
        throttle.observe(START + 2 * MS, 1, 2 * MS, false);
        assert_eq!(throttle.left_ns(), 1_447_000);
        // 1.5 + 2 ms: refills at 5 and 25 pay 2.894 of the 3.5 - 1.447 that are owed.
        let verdict = throttle.observe(START + 2 * MS, 0, 1_500_000, true);
        assert_eq!(verdict, held(25));
    }

    #[test]
    fn what_is_used_beside_the_threads_is_charged_at_once() {
        let mut throttle = small(1);
        assert_eq!(throttle.charge_beside(START + MS, MS), Verdict::Run);
        assert_eq!(throttle.charge_beside(START + 2 * MS, MS), held(5));
        assert_eq!(throttle.charge_beside(START + 3 * MS, MS), held(25));
    }

    #[test]
    fn at_rest_all_is_charged() {
        let mut throttle = small(2);
        for cpu in [0, 1] {
            throttle.observe(START + MS, cpu, 0, false);
            throttle.observe(START + 2 * MS, cpu, 500_000, false);
        }
        assert_eq!(throttle.left_ns(), 1_447_000);
        assert_eq!(throttle.stop(START + 3 * MS), Verdict::Run);
        assert_eq!(throttle.left_ns(), 447_000);
    }

    #[test]
    fn a_look_is_due_at_a_tick_a_refill_or_when_all_may_be_used_up() {
        let after = |throttle: &Throttle, ms: u64, cpus| {
            let now = START + ms * MS;
            throttle.next_observation_ns(now, now, cpus) - now
        };
        assert_eq!(after(&small(2), 0, 2), 1_447_000 / 2);
        let large = |quota| Throttle::new(quota, 7 * MS, MS, START, &[0]);
        assert_eq!(after(&large(15 * MS), 0, 1), MS);
        assert_eq!(after(&large(15 * MS), 5, 1), 2 * MS);
        assert_eq!(after(&large(15 * MS), 7, 1), 2 * MS);
        let mut some_used = large(3 * MS);
        some_used.observe(START + MS, 0, 0, false);
        some_used.observe(START + 2 * MS, 0, MS, false);
        // 2 ms are left until the tick at 5; observed before, they may be used up by 3.
        let now = START + 2 * MS;
        assert_eq!(some_used.next_observation_ns(now - MS, now, 1), now + MS);
    }

    #[test]
    fn a_counter_that_falls_charges_nothing() {
        let mut throttle = small(1);
        throttle.observe(START + 2 * MS, 0, MS, true);
        throttle.observe(START + 3 * MS, 0, 0, true);
        assert_eq!(throttle.left_ns(), 447_000);
    }

    #[test]
    fn ticks_and_refills_fall_where_their_phases_say() {
        assert_eq!(next(20, 5, 20), 25);
        assert_eq!(next(24, 5, 20), 25);
        assert_eq!(next(25, 5, 20), 45);
        assert_eq!(next(3, 45, 20), 5);
        let throttle = small(1);
        assert_eq!(throttle.next_tick_ns(START), START + MS);
        assert_eq!(throttle.next_tick_ns(START + MS), START + 5 * MS);
    }

    /// Any mixture of work and sleep, on one CPU and on two, observed every 250 us.
    #[test]
    fn whatever_runs_the_rule_holds() {
        for seed in 0..200 {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let cpus = 1 + seed % 2;
            let quota_ns = 1 + random.next_u64() % (cpus * PERIOD_NS - 1);
            let always_busy = seed % 4 < 2;
            let used_ns = used_in_four_seconds(&mut random, cpus, quota_ns, always_busy);
            // What the pool grants, and the most that can be overdrawn at the end.
            let granted_ns = quota_ns * (4_000 * MS / PERIOD_NS + 1);
            let overdrawn_ns = cpus * (TICK_NS + OBSERVE_EVERY_NS);
            assert!(used_ns <= granted_ns + overdrawn_ns, "seed {seed}");
            if always_busy {
                let least_ns = granted_ns.min(cpus * 4_000 * MS);
                let unused_ns = quota_ns + PERIOD_NS + overdrawn_ns;
                assert!(used_ns + unused_ns >= least_ns, "seed {seed}");
            }
        }
    }

    const OBSERVE_EVERY_NS: u64 = 250_000;

    fn used_in_four_seconds(
        random: &mut ChaCha8Rng,
        cpus: u64,
        quota_ns: u64,
        always_busy: bool,
    ) -> u64 {
        let mut used = vec![0; usize::try_from(cpus).expect("small")];
        let phases = [random.next_u64() % PERIOD_NS, random.next_u64() % TICK_NS];
        let mut throttle = Throttle::new(quota_ns, phases[0], phases[1], START, &used);
        let mut held_until = None;
        for now in (START..START + 4_000 * MS).step_by(250_000) {
            match held_until {
                Some(until) if now < until => continue,
                Some(_) => assert_eq!(throttle.wake(now), Verdict::Run, "its debt is paid"),
                None => {}
            }
            held_until = None;
            for (cpu, used) in used.iter_mut().enumerate() {
                let runs = always_busy || random.next_u64().is_multiple_of(2);
                *used += if runs { OBSERVE_EVERY_NS } else { 0 };
                let verdict = throttle.observe(now, cpu, *used, !runs);
                assert!(throttle.left_ns() <= i64::try_from(quota_ns).expect("small"));
                assert_eq!(verdict == Verdict::Run, throttle.left_ns() > 0);
                if let Verdict::Hold { until_ns } = verdict {
                    assert!(until_ns > now);
                    held_until = Some(until_ns);
                }
            }
        }
        used.iter().sum()
    }
}
