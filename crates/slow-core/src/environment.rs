//! An execution environment: where it runs, and Lambda's bandwidth rule kept on it.

mod state;

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use lambdameter_bandwidth::{Throttle, Verdict};

use self::state::State;
use crate::{
    control_file::{Hold, Usage},
    observation::{Moment, Observation, Presence, align_tick},
    order::{Counts, Limit, Opening, Pace},
    page_faults::PageFaults,
    slots::Slots,
};

/// An execution environment that was opened.
#[derive(Debug)]
pub struct Environment {
    pub id: u32,
    pub cpus: Vec<usize>,
    pace: Option<Pace>,
    throttled: AtomicBool,
    cold: AtomicBool,
    limited: Option<Limited>,
}

#[derive(Debug)]
struct Limited {
    id: u32,
    limit: Limit,
    usage: Usage,
    hold: Hold,
    slots: Arc<Slots>,
    state: Mutex<State>,
}

impl Environment {
    /// An environment at rest, not throttled. Fails where one of its files cannot be opened.
    pub fn open(opening: Opening, slots: &Arc<Slots>) -> Result<Self> {
        let limited = match opening.limit {
            None => None,
            Some(limit) => {
                let usage = Usage::open(&limit, &opening.cpus)?;
                Some(Limited {
                    id: opening.id,
                    hold: Hold::open(&limit)?,
                    state: Mutex::new(State::new(&limit, usage.queues(), opening.cpus.len())),
                    usage,
                    limit: Limit {
                        tick_phase_ns: align_tick(limit.tick_phase_ns, opening.pace),
                        ..limit
                    },
                    slots: Arc::clone(slots),
                })
            }
        };
        let cold = limited
            .as_ref()
            .is_some_and(|limited| limited.lock().converter.is_cold());
        Ok(Self {
            id: opening.id,
            cpus: opening.cpus,
            pace: opening.pace,
            throttled: AtomicBool::new(false),
            cold: AtomicBool::new(cold),
            limited,
        })
    }

    /// How its CPUs are to be slowed now: not at all while it is cold.
    pub fn pace(&self) -> Option<Pace> {
        if self.cold.load(Ordering::Acquire) {
            self.pace.map(|pace| Pace { busy_ns: 0, ..pace })
        } else {
            self.pace
        }
    }

    /// Whether it has to be observed while it runs.
    pub fn is_observed(&self) -> bool {
        let is_slowed = |_: &Limited| self.pace.is_some();
        self.is_throttled() || self.limited.as_ref().is_some_and(is_slowed)
    }

    /// Whether it is kept to its quota.
    pub fn is_throttled(&self) -> bool {
        self.throttled.load(Ordering::Acquire)
    }

    /// The next observation from one of its CPUs is not needed before this instant.
    pub fn next_observation_ns(&self, cpu_index: usize) -> u64 {
        let Some(limited) = &self.limited else {
            return u64::MAX;
        };
        let state = limited.lock();
        let next = state.observations[cpu_index].map_or(0, |observation| observation.next_ns);
        state
            .held_until_ns
            .map_or(next, |until_ns| until_ns.max(next))
    }

    /// Observes it from one of its CPUs, where the calling thread has just begun to run.
    ///
    /// Returns, as the methods below do, the instant until which it is held from now on.
    pub fn observe(&self, cpu_index: usize, moment: Moment) -> Result<Option<u64>> {
        self.with(|limited, state| limited.observe(state, cpu_index, moment))
    }

    /// Its processes run, or are about to. If it is held, it stays held.
    pub fn run(&self, now_ns: u64) -> Result<()> {
        self.with(|limited, state| {
            state.running = true;
            state.converter.thawed(now_ns);
            limited.begin(state)?;
            Ok(None)
        })
        .map(drop)
    }

    /// Its processes have been frozen, but not for their quota.
    pub fn rest(&self, now_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| limited.rest(state, now_ns))
    }

    /// Keeps it to its quota from now on; without a quota it may use all of its CPUs.
    pub fn throttle(&self, now_ns: u64) -> Result<Option<u64>> {
        let quota = self
            .limited
            .as_ref()
            .and_then(|limited| limited.limit.quota_ns);
        self.throttled.store(quota.is_some(), Ordering::Release);
        self.with(|limited, state| limited.throttle(state, now_ns))
    }

    /// Takes CPU time of a Lambda vCPU from its quota, which its own processes did not use, ns.
    pub fn charge(&self, now_ns: u64, used_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| {
            let verdict = state
                .rule
                .as_mut()
                .map(|rule| rule.charge_beside(now_ns, used_ns));
            match verdict {
                Some(verdict) if state.running => limited.apply(state, now_ns, verdict),
                _ => Ok(None),
            }
        })
    }

    /// Counts the page faults of one more process.
    pub fn add_process(&self, faults: PageFaults) {
        if let Some(limited) = &self.limited {
            limited.lock().fault_debt.add_process(faults);
        }
    }

    /// For how long one of its CPUs is to be busy now for the page faults on it, up to a limit; the rest
    /// is still owed.
    pub fn pay(&self, cpu_index: usize, most_ns: u64) -> u64 {
        let limited = self.limited.as_ref();
        limited.map_or(0, |limited| {
            limited.lock().fault_debt.pay(cpu_index, most_ns)
        })
    }

    pub fn unthrottle(&self, now_ns: u64) -> Result<Option<u64>> {
        self.throttled.store(false, Ordering::Release);
        self.with(|limited, state| {
            state.rule = None;
            limited.release(state, now_ns)
        })
    }

    /// Releases it, if its debt is paid by now.
    pub fn release(&self, now_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| match state.held_until_ns {
            Some(until_ns) if until_ns <= now_ns => limited.release(state, now_ns),
            held_until => Ok(held_until),
        })
    }

    fn with(
        &self,
        action: impl FnOnce(&Limited, &mut State) -> Result<Option<u64>>,
    ) -> Result<Option<u64>> {
        let Some(limited) = &self.limited else {
            return Ok(None);
        };
        let mut state = limited.lock();
        let outcome = action(limited, &mut state);
        self.cold
            .store(state.converter.is_cold(), Ordering::Release);
        outcome
    }
}

impl Limited {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, state: &mut State, cpu_index: usize, moment: Moment) -> Result<Option<u64>> {
        if !state.running || state.held_until_ns.is_some() {
            return Ok(None);
        }
        let before = state.observations[cpu_index];
        if before.is_some_and(|before| before.next_ns > moment.now_ns) {
            return Ok(None);
        }
        let Some(used) = self.usage.read()? else {
            return Ok(None);
        };
        let queue = cpu_index.min(used.len() - 1);
        let used_ns = used[queue];
        let presence = before.map_or(Presence::There, |before| {
            before.presence(moment, used_ns, self.limit.counts)
        });
        state.observations[cpu_index] = Some(Observation {
            moment,
            used_ns,
            presence,
            next_ns: 0,
        });
        let has_left = match self.limit.counts {
            Counts::NsPerCpu => presence == Presence::Left,
            // All CPUs are one queue there: nothing runs when it has not grown at any of them.
            Counts::CpuStat => state
                .observations
                .iter()
                .flatten()
                .all(|observation| observation.presence != Presence::There),
        };
        state.speeds[cpu_index] = moment.speed;
        let speed = match self.limit.counts {
            Counts::NsPerCpu => moment.speed,
            // The file does not say which CPU it was.
            Counts::CpuStat => state.mean_speed(),
        };
        state.converter.set_speed(queue, speed);
        if state.converter.has_grown(queue, used_ns) {
            let added_ns = state.fault_debt.added_ns()?;
            state.fault_debt.add(cpu_index, added_ns);
            state.converter.add(queue, added_ns);
        }
        let verdict = Self::charge(state, moment.now_ns, queue, used_ns, has_left);
        let next_ns = state.next_observation_ns(moment.now_ns);
        if let Some(observation) = &mut state.observations[cpu_index] {
            observation.next_ns = next_ns;
        }
        self.publish(state)?;
        self.apply(state, moment.now_ns, verdict)
    }

    fn charge(
        state: &mut State,
        now_ns: u64,
        queue: usize,
        used_ns: u64,
        has_left: bool,
    ) -> Verdict {
        let used_ns = state.converter.convert(now_ns, queue, used_ns);
        state.rule.as_mut().map_or(Verdict::Run, |rule| {
            rule.observe(now_ns, queue, used_ns, has_left)
        })
    }

    /// Holds it, if the verdict says so and it is not held yet.
    fn apply(&self, state: &mut State, now_ns: u64, verdict: Verdict) -> Result<Option<u64>> {
        let Verdict::Hold { until_ns } = verdict else {
            return Ok(None);
        };
        if state.held_until_ns.is_some() || !self.hold.freeze()? {
            return Ok(None);
        }
        // The freeze has taken all threads off their CPUs.
        let until_ns = self.charge_all(state, now_ns)?.unwrap_or(until_ns);
        state.held_until_ns = Some(until_ns);
        state.fault_debt.clear();
        state.held.begin(now_ns);
        self.publish(state)?;
        Ok(Some(until_ns))
    }

    fn charge_all(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let mut verdict = Verdict::Run;
        let added_ns = state.fault_debt.added_ns()?;
        state.converter.add(0, added_ns);
        for (queue, used_ns) in self.usage.read()?.into_iter().flatten().enumerate() {
            verdict = Self::charge(state, now_ns, queue, used_ns, true);
        }
        Ok(match verdict {
            Verdict::Run => None,
            Verdict::Hold { until_ns } => Some(until_ns),
        })
    }

    fn rest(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        state.running = false;
        state.fault_debt.clear();
        if state.held_until_ns.is_some() {
            return Ok(None);
        }
        let until = self.charge_all(state, now_ns)?;
        self.publish(state)?;
        match until {
            None => Ok(None),
            Some(until_ns) => self.apply(state, now_ns, Verdict::Hold { until_ns }),
        }
    }

    fn throttle(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let limit = &self.limit;
        let Some(quota_ns) = limit.quota_ns else {
            return Ok(None);
        };
        let used = self.usage.read()?;
        let used = used.unwrap_or_else(|| vec![0; self.usage.queues()]);
        let convert = |(queue, used_ns)| state.converter.convert(now_ns, queue, used_ns);
        let used: Vec<u64> = used.into_iter().enumerate().map(convert).collect();
        state.rule = Some(Throttle::new(
            quota_ns,
            limit.refill_phase_ns,
            limit.tick_phase_ns,
            now_ns,
            &used,
        ));
        Ok(None)
    }

    fn release(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        if state.held_until_ns.is_none() {
            return Ok(None);
        }
        let verdict = state.rule.as_mut().map(|rule| rule.wake(now_ns));
        if let Some(Verdict::Hold { until_ns }) = verdict {
            state.held_until_ns = Some(until_ns);
            return Ok(Some(until_ns));
        }
        state.held_until_ns = None;
        state.held.end(now_ns);
        self.begin(state)?;
        self.hold.thaw()?;
        Ok(None)
    }

    /// Begins anew after a freeze.
    fn begin(&self, state: &mut State) -> Result<()> {
        state.observations.fill(None);
        self.publish(state)
    }

    fn publish(&self, state: &State) -> Result<()> {
        self.slots
            .publish(self.id, state.held, state.converter.totals())
    }
}

#[cfg(test)]
mod slowed_tests;
#[cfg(test)]
pub mod tests;
