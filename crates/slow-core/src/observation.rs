//! One observation of an environment from a CPU, and what a thread did since the one before.

use lambdameter_bandwidth::TICK_NS;

use crate::order::{Counts, Pace};

/// How often an environment is observed whose CPUs have the host's own speed.
pub const OBSERVE_EVERY_NS: u64 = 500_000;
/// Shorter than a sleep, longer than the difference of two clocks: if a CPU was elsewhere for longer
/// since the last observation, a thread has left it.
const ELSEWHERE_NS: u64 = 10_000;

/// The moment of an observation: both clocks of the observing thread, and the speed of its CPU.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub now_ns: u64,
    /// CPU time of the observing thread.
    pub own_ns: u64,
    /// Relative to a CPU of this host whose core nobody else uses.
    pub speed: f64,
}

/// One observation.
#[derive(Clone, Copy, Debug)]
pub struct Observation {
    pub moment: Moment,
    pub used_ns: u64,
    pub presence: Presence,
    /// The next observation from this CPU is not needed before.
    pub next_ns: u64,
}

/// Whether a thread is on a CPU, as far as CPU time shows between two observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It ran all the time, or has come.
    There,
    /// It has left, and may be back.
    Left,
    Absent,
}

impl Observation {
    /// The presence of a thread at `moment`, when the environment has used `used_ns`.
    pub fn presence(self, moment: Moment, used_ns: u64, counts: Counts) -> Presence {
        let used_ns = used_ns.saturating_sub(self.used_ns);
        let passed_ns = moment.now_ns - self.moment.now_ns;
        let own_ns = moment.own_ns - self.moment.own_ns;
        let elsewhere_ns = passed_ns.saturating_sub(own_ns + used_ns);
        let has_left = match counts {
            Counts::NsPerCpu => elsewhere_ns > ELSEWHERE_NS,
            // The CPU time of all CPUs together says nothing of a single one.
            Counts::CpuStat => used_ns == 0,
        };
        match self.presence {
            Presence::There if has_left => Presence::Left,
            Presence::Left | Presence::Absent if used_ns == 0 => Presence::Absent,
            // Where a thread comes, the CPU was elsewhere before.
            _ => Presence::There,
        }
    }
}

/// The phase of ticks that coincide with observations, so that each tick is seen when it is due.
pub fn align_tick(tick_phase_ns: u64, pace: Option<Pace>) -> u64 {
    let every_ns = pace.map_or(OBSERVE_EVERY_NS, |pace| u64::from(pace.cycle_ns));
    if TICK_NS.is_multiple_of(every_ns) {
        tick_phase_ns / every_ns * every_ns
    } else {
        tick_phase_ns
    }
}
