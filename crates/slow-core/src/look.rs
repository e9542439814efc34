//! A look at a CPU: what is seen there, and what has become of a thread since the last one.

use lambdameter_bandwidth::TICK_NS;

use crate::order::{Counts, Pace};

/// How often a CPU is looked at whose speed is the host's own.
pub const LOOK_NS: u64 = 500_000;
/// Less than a sleep takes, more than two clocks differ by: if a CPU was somewhere else for longer
/// since the last look, a thread has left it.
const ELSEWHERE_NS: u64 = 10_000;

/// When a CPU is looked at, what the thread that looks has had of it (the two clocks' readings), and
/// how fast it is.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub now_ns: u64,
    pub own_ns: u64,
    /// Of a CPU of this host that nobody else uses.
    pub speed: f64,
}

/// What was seen.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub moment: Moment,
    pub used_ns: u64,
    pub presence: Presence,
    /// Before which there is no need for another one.
    pub next_ns: u64,
}

/// Whether a thread is on a CPU, as far as its use tells between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It ran through, or has come.
    There,
    /// It has gone, and may be back.
    Left,
    Absent,
}

impl Look {
    /// What has become of a thread since then.
    pub fn presence(self, moment: Moment, used_ns: u64, counts: Counts) -> Presence {
        let used_ns = used_ns.saturating_sub(self.used_ns);
        let passed_ns = moment.now_ns - self.moment.now_ns;
        let own_ns = moment.own_ns - self.moment.own_ns;
        let elsewhere_ns = passed_ns.saturating_sub(own_ns + used_ns);
        let gone = match counts {
            Counts::NsPerCpu => elsewhere_ns > ELSEWHERE_NS,
            // All CPUs' use tells nothing of one that others may have had.
            Counts::CpuStat => used_ns == 0,
        };
        match self.presence {
            Presence::There if gone => Presence::Left,
            Presence::Left | Presence::Absent if used_ns == 0 => Presence::Absent,
            // Of one that comes, the CPU was elsewhere before.
            _ => Presence::There,
        }
    }
}

/// The tick that coincides with a look, so that it is seen when it is due.
pub fn at_a_look(tick_phase_ns: u64, pace: Option<Pace>) -> u64 {
    let every_ns = pace.map_or(LOOK_NS, |pace| u64::from(pace.cycle_ns));
    if TICK_NS.is_multiple_of(every_ns) {
        tick_phase_ns / every_ns * every_ns
    } else {
        tick_phase_ns
    }
}
