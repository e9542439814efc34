//! An execution environment: where it runs, and Lambda's bandwidth rule kept on it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Result;
use lambdameter_bandwidth::{TICK_NS, Throttle, Verdict};

use crate::{
    control_file::{Hold, Usage},
    held::{HeldTime, HeldTimes},
    order::{Counts, Limit, Opening, Pace},
};

/// How often a CPU is looked at whose speed is the host's own.
pub const LOOK_NS: u64 = 500_000;
/// Less than a sleep takes, more than two clocks differ by: if a CPU was somewhere else for longer
/// since the last look, a thread has left it.
const ELSEWHERE_NS: u64 = 10_000;

/// When a CPU is looked at, and what the thread that looks has had of it: the two clocks' readings.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub now_ns: u64,
    pub own_ns: u64,
}

/// One that was opened.
#[derive(Debug)]
pub struct Environment {
    pub id: u32,
    pub cpus: Vec<usize>,
    pub pace: Option<Pace>,
    throttled: AtomicBool,
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

#[derive(Debug, Default)]
struct State {
    running: bool,
    rule: Option<Throttle>,
    held_until_ns: Option<u64>,
    held: HeldTime,
    /// What was last seen from each CPU.
    looks: Vec<Option<Look>>,
}

#[derive(Clone, Copy, Debug)]
struct Look {
    moment: Moment,
    used_ns: u64,
    presence: Presence,
    /// Before which there is no need for another one.
    next_ns: u64,
}

/// Whether a thread is on a CPU, as far as its use tells between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// It ran through, or has come.
    There,
    /// It has gone, and may be back.
    Left,
    Absent,
}

impl Environment {
    /// At rest, and not throttled. Fails where one of its files cannot be opened.
    pub fn open(opening: Opening, held_times: &Arc<HeldTimes>) -> Result<Self> {
        let limited = match opening.limit {
            None => None,
            Some(limit) => Some(Limited {
                id: opening.id,
                usage: Usage::open(&limit, &opening.cpus)?,
                hold: Hold::open(&limit)?,
                limit: Limit {
                    tick_phase_ns: at_a_look(limit.tick_phase_ns, opening.pace),
                    ..limit
                },
                held_times: Arc::clone(held_times),
                state: Mutex::new(State {
                    looks: vec![None; opening.cpus.len()],
                    ..State::default()
                }),
            }),
        };
        Ok(Self {
            id: opening.id,
            cpus: opening.cpus,
            pace: opening.pace,
            throttled: AtomicBool::new(false),
            limited,
        })
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
    pub fn run(&self) {
        if let Some(limited) = &self.limited {
            let mut state = limited.lock();
            state.running = true;
            state.looks.fill(None);
        }
    }

    /// They have been frozen, and not for their quota.
    pub fn rest(&self, now_ns: u64) -> Result<Option<u64>> {
        self.with(|limited, state| limited.rest(state, now_ns))
    }

    /// From now on it has its quota; fails where it is none's.
    pub fn throttle(&self, now_ns: u64) -> Result<Option<u64>> {
        self.throttled
            .store(self.limited.is_some(), Ordering::Release);
        self.with(|limited, state| limited.throttle(state, now_ns))
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
        deed(limited, &mut limited.lock())
    }
}

impl Limited {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, state: &mut State, place: usize, moment: Moment) -> Result<Option<u64>> {
        if !state.running || state.held_until_ns.is_some() || state.rule.is_none() {
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
            self.presence(before, moment, used_ns)
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
        let verdict = self.charge(state, moment.now_ns, queue, used_ns, left);
        let next_ns = next_look_ns(state, moment.now_ns);
        if let Some(look) = &mut state.looks[place] {
            look.next_ns = next_ns;
        }
        self.heed(state, moment.now_ns, verdict)
    }

    /// What has become of a thread since then.
    fn presence(&self, before: Look, moment: Moment, used_ns: u64) -> Presence {
        let used_ns = used_ns.saturating_sub(before.used_ns);
        let passed_ns = moment.now_ns - before.moment.now_ns;
        let own_ns = moment.own_ns - before.moment.own_ns;
        let elsewhere_ns = passed_ns.saturating_sub(own_ns + used_ns);
        let gone = match self.limit.counts {
            Counts::NsPerCpu => elsewhere_ns > ELSEWHERE_NS,
            // All CPUs' use tells nothing of one that others may have had.
            Counts::CpuStat => used_ns == 0,
        };
        match before.presence {
            Presence::There if gone => Presence::Left,
            Presence::Left | Presence::Absent if used_ns == 0 => Presence::Absent,
            // Of one that comes, the CPU was elsewhere before.
            _ => Presence::There,
        }
    }

    fn charge(
        &self,
        state: &mut State,
        now_ns: u64,
        queue: usize,
        used_ns: u64,
        left: bool,
    ) -> Verdict {
        let used_ns = self.on_lambda(used_ns);
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
        state.held.begin(now_ns);
        self.publish(state)?;
        Ok(Some(until_ns))
    }

    fn charge_all(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let mut verdict = Verdict::Run;
        for (queue, used_ns) in self.usage.read()?.into_iter().flatten().enumerate() {
            verdict = self.charge(state, now_ns, queue, used_ns, true);
        }
        Ok(match verdict {
            Verdict::Run => None,
            Verdict::Hold { until_ns } => Some(until_ns),
        })
    }

    fn rest(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        state.running = false;
        if state.held_until_ns.is_some() {
            return Ok(None);
        }
        match self.charge_all(state, now_ns)? {
            None => Ok(None),
            Some(until_ns) => self.heed(state, now_ns, Verdict::Hold { until_ns }),
        }
    }

    fn throttle(&self, state: &mut State, now_ns: u64) -> Result<Option<u64>> {
        let used = self.usage.read()?;
        let used = used.unwrap_or_else(|| vec![0; self.usage.queues()]);
        let used: Vec<u64> = used.into_iter().map(|used| self.on_lambda(used)).collect();
        let limit = &self.limit;
        state.rule = Some(Throttle::new(
            limit.quota_ns,
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
        state.looks.fill(None);
        state.held.end(now_ns);
        self.hold.thaw()?;
        self.publish(state)?;
        Ok(None)
    }

    fn publish(&self, state: &State) -> Result<()> {
        self.held_times.publish(self.id, state.held)
    }

    /// This host's CPU time as a Lambda vCPU would have counted it.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a week of CPU time to the nearest ns"
    )]
    fn on_lambda(&self, used_ns: u64) -> u64 {
        (used_ns as f64 * self.limit.slowness) as u64
    }
}

/// When the next look from this CPU is due; at once where another has not been looked at yet.
fn next_look_ns(state: &State, now_ns: u64) -> u64 {
    let looks = state.looks.iter();
    let since_ns = looks
        .map(|look| look.map_or(0, |look| look.moment.now_ns))
        .min();
    match (&state.rule, since_ns) {
        (Some(rule), Some(since_ns)) if since_ns > 0 => {
            rule.next_look_ns(since_ns, now_ns, state.looks.len() as u64)
        }
        _ => 0,
    }
}

/// The tick that coincides with a look, so that it is seen when it is due.
fn at_a_look(tick_phase_ns: u64, pace: Option<Pace>) -> u64 {
    let every_ns = pace.map_or(LOOK_NS, |pace| u64::from(pace.cycle_ns));
    if TICK_NS.is_multiple_of(every_ns) {
        tick_phase_ns / every_ns * every_ns
    } else {
        tick_phase_ns
    }
}

#[cfg(test)]
pub mod tests;
