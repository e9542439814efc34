//! An execution environment: where it runs, and Lambda's bandwidth rule kept on it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use lambdameter_bandwidth::{Throttle, Verdict};

use crate::{
    control_file::{Hold, Usage},
    faults::Faults,
    held::{HeldTime, HeldTimes},
    look::{Look, Moment, Presence, at_a_look},
    order::{Counts, Limit, Opening, Pace},
    owed::Owed,
    worth::Worth,
};

/// One that was opened.
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
    held_times: Arc<HeldTimes>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: bool,
    worth: Worth,
    owed: Owed,
    /// Each CPU's, as of its last look.
    speeds: Vec<f64>,
    rule: Option<Throttle>,
    held_until_ns: Option<u64>,
    held: HeldTime,
    /// What was last seen from each CPU.
    looks: Vec<Option<Look>>,
}

impl Environment {
    /// At rest, and not throttled. Fails where one of its files cannot be opened.
    pub fn open(opening: Opening, held_times: &Arc<HeldTimes>) -> Result<Self> {
        let limited = match opening.limit {
            None => None,
            Some(limit) => {
                let usage = Usage::open(&limit, &opening.cpus)?;
                Some(Limited {
                    id: opening.id,
                    hold: Hold::open(&limit)?,
                    state: Mutex::new(State {
                        running: false,
                        worth: Worth::new(limit.slowness, limit.cold, usage.queues()),
                        owed: Owed::new(limit.fault_ns, opening.cpus.len()),
                        speeds: vec![1.0; opening.cpus.len()],
                        rule: None,
                        held_until_ns: None,
                        held: HeldTime::default(),
                        looks: vec![None; opening.cpus.len()],
                    }),
                    usage,
                    limit: Limit {
                        tick_phase_ns: at_a_look(limit.tick_phase_ns, opening.pace),
                        ..limit
                    },
                    held_times: Arc::clone(held_times),
                })
            }
        };
        let cold = limited
            .as_ref()
            .is_some_and(|one| one.lock().worth.is_cold());
        Ok(Self {
            id: opening.id,
            cpus: opening.cpus,
            pace: opening.pace,
            throttled: AtomicBool::new(false),
            cold: AtomicBool::new(cold),
            limited,
        })
    }

    /// How much of its CPUs is to be taken now: nothing while it is cold.
    pub fn pace(&self) -> Option<Pace> {
        if self.cold.load(Ordering::Acquire) {
            self.pace.map(|pace| Pace { busy_ns: 0, ..pace })
        } else {
            self.pace
        }
    }

    /// Whether somebody has to look at it while it runs.
    pub fn is_looked_at(&self) -> bool {
        let is_slowed = |_: &Limited| self.pace.is_some();
        self.is_throttled() || self.limited.as_ref().is_some_and(is_slowed)
    }

    /// Whether it is throttled, and so has to be looked at while it runs.
    pub fn is_throttled(&self) -> bool {
        self.throttled.load(Ordering::Acquire)
    }

    /// Nothing comes of a look from one of its CPUs before this instant.
    pub fn next_look_ns(&self, place: usize) -> u64 {
        let Some(limited) = &self.limited else {
            return u64::MAX;
        };
        let state = limited.lock();
        let next = state.looks[place].map_or(0, |look| look.next_ns);
        state
            .held_until_ns
            .map_or(next, |until_ns| until_ns.max(next))
    }

    /// Looks at it from one of its CPUs, where the calling thread has just begun to run.
    ///
    /// Returns, as all the others do, until when it is held from now on.
    pub fn look(&self, place: usize, moment: Moment) -> Result<Option<u64>> {
        self.with(|limited, state| limited.look(state, place, moment))
    }

    /// Its processes run, or are about to. Whoever is held stays held.
    pub fn run(&self, now_ns: u64) -> Result<()> {
        self.with(|limited, state| {
            state.running = true;
            state.worth.rested(now_ns);
            limited.begin(state)?;
            Ok(None)
        })
        .map(drop)
    }

    /// They have been frozen, and not for their quota.
    pub fn rest(&self, now_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| limited.rest(state, now_ns))
    }

    /// From now on it has its quota; one that has none has all its CPUs.
    pub fn throttle(&self, now_ns: u64) -> Result<Option<u64>> {
        let quota = self.limited.as_ref().and_then(|one| one.limit.quota_ns);
        self.throttled.store(quota.is_some(), Ordering::Release);
        self.with(|limited, state| limited.throttle(state, now_ns))
    }

    /// So much of its quota was used beside its processes, ns of a Lambda vCPU.
    pub fn charge(&self, now_ns: u64, used_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| {
            let verdict = state.rule.as_mut().map(|rule| rule.beside(now_ns, used_ns));
            match verdict {
                Some(verdict) if state.running => limited.heed(state, now_ns, verdict),
                _ => Ok(None),
            }
        })
    }

    /// One more process's page faults are its own.
    pub fn see(&self, faults: Faults) {
        if let Some(limited) = &self.limited {
            limited.lock().owed.see(faults);
        }
    }

    /// For how long one of its CPUs is to be busy now for page faults that it has had there; what is
    /// above the most is still owed.
    pub fn pay(&self, place: usize, most_ns: u64) -> u64 {
        let limited = self.limited.as_ref();
        limited.map_or(0, |one| one.lock().owed.pay(place, most_ns))
    }

    pub fn unthrottle(&self, now_ns: u64) -> Result<Option<u64>> {
        self.throttled.store(false, Ordering::Release);
        self.with(|limited, state| {
            state.rule = None;
            limited.release(state, now_ns)
        })
    }

    /// Lets it run, if its debt is paid by now.
    pub fn release(&self, now_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| match state.held_until_ns {
            Some(until_ns) if until_ns <= now_ns => limited.release(state, now_ns),
            held_until => Ok(held_until),
        })
    }

    fn with(
        &self,
        deed: impl FnOnce(&Limited, &mut State) -> Result<Option<u64>>,
    ) -> Result<Option<u64>> {
        let Some(limited) = &self.limited else {
            return Ok(None);
        };
        let mut state = limited.lock();
        let outcome = deed(limited, &mut state);
        self.cold.store(state.worth.is_cold(), Ordering::Release);
        outcome
    }
}

impl Limited {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, state: &mut State, place: usize, moment: Moment) -> Result<Option<u64>> {
        if !state.running || state.held_until_ns.is_some() {
            return Ok(None);
        }
        let before = state.looks[place];
        if before.is_some_and(|before| before.next_ns > moment.now_ns) {
            return Ok(None);
        }
        let Some(used) = self.usage.read()? else {
            return Ok(None);
        };
        let queue = place.min(used.len() - 1);
        let used_ns = used[queue];
        let presence = before.map_or(Presence::There, |before| {
            before.presence(moment, used_ns, self.limit.counts)
        });
        state.looks[place] = Some(Look {
            moment,
            used_ns,
            presence,
            next_ns: 0,
        });
        let left = match self.limit.counts {
            Counts::NsPerCpu => presence == Presence::Left,
            // All CPUs are one queue there: nothing runs when none of them has seen it move.
            Counts::CpuStat => state
                .looks
                .iter()
                .flatten()
                .all(|look| look.presence != Presence::There),
        };
        state.speeds[place] = moment.speed;
        let speed = match self.limit.counts {
            Counts::NsPerCpu => moment.speed,
            // Nobody tells which CPU it was.
            Counts::CpuStat => mean(&state.speeds),
        };
        state.worth.had(queue, speed);
        if state.worth.has_used(queue, used_ns) {
            let more_ns = state.owed.more_ns()?;
            state.owed.add(place, more_ns);
            state.worth.also(queue, more_ns);
        }
        let verdict = Self::charge(state, moment.now_ns, queue, used_ns, left);
        let next_ns = next_look_ns(state, moment.now_ns);
        if let Some(look) = &mut state.looks[place] {
            look.next_ns = next_ns;
        }
        self.publish(state)?;
        self.heed(state, moment.now_ns, verdict)
    }

    fn charge(state: &mut State, now_ns: u64, queue: usize, used_ns: u64, left: bool) -> Verdict {
        let used_ns = state.worth.of(now_ns, queue, used_ns);
        state
            .rule
            .as_mut()
            .map_or(Verdict::Run, |rule| rule.look(now_ns, queue, used_ns, left))
    }

    /// Holds it, where it is to be and is not yet.
    fn heed(&self, state: &mut State, now_ns: u64, verdict: Verdict) -> Result<Option<u64>> {
        let Verdict::Hold { until_ns } = verdict else {
            return Ok(None);
        };
        if state.held_until_ns.is_some() || !self.hold.freeze()? {
            return Ok(None);
        }
        // All threads have left their CPUs by this.
        let until_ns = self.charge_all(state, now_ns)?.unwrap_or(until_ns);
        state.held_until_ns = Some(until_ns);
        state.owed.forget();
        state.held.begin(now_ns);
        self.publish(state)?;
        Ok(Some(until_ns))
    }

    fn charge_all(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let mut verdict = Verdict::Run;
        let more_ns = state.owed.more_ns()?;
        state.worth.also(0, more_ns);
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
        state.owed.forget();
        if state.held_until_ns.is_some() {
            return Ok(None);
        }
        let until = self.charge_all(state, now_ns)?;
        self.publish(state)?;
        match until {
            None => Ok(None),
            Some(until_ns) => self.heed(state, now_ns, Verdict::Hold { until_ns }),
        }
    }

    fn throttle(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let limit = &self.limit;
        let Some(quota_ns) = limit.quota_ns else {
            return Ok(None);
        };
        let used = self.usage.read()?;
        let used = used.unwrap_or_else(|| vec![0; self.usage.queues()]);
        let worth = |(queue, used_ns)| state.worth.of(now_ns, queue, used_ns);
        let used: Vec<u64> = used.into_iter().enumerate().map(worth).collect();
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

    /// After a rest.
    fn begin(&self, state: &mut State) -> Result<()> {
        state.looks.fill(None);
        self.publish(state)
    }

    fn publish(&self, state: &State) -> Result<()> {
        self.held_times
            .publish(self.id, state.held, state.worth.total())
    }
}

#[allow(clippy::cast_precision_loss, reason = "some CPUs")]
fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len() as f64
}

/// When the next look from this CPU is due; at once where another has not been looked at yet.
fn next_look_ns(state: &State, now_ns: u64) -> u64 {
    let looks = state.looks.iter();
    let since_ns = looks
        .map(|look| look.map_or(0, |look| look.moment.now_ns))
        .min();
    if state.worth.is_cold() {
        return 0;
    }
    match (&state.rule, since_ns) {
        (Some(rule), Some(since_ns)) if since_ns > 0 => {
            rule.next_look_ns(since_ns, now_ns, state.looks.len() as u64)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod slowed_tests;
#[cfg(test)]
pub mod tests;
