//! Lambda's bandwidth rule, without a clock and without a file.
//!
//! An environment has a pool of CPU time that is refilled every 20 ms
//! (<https://docs.kernel.org/scheduler/sched-bwc.html>). Lambda's kernel looks at it only at its
//! tick, every 4 ms, and when a thread leaves its CPU. Between two looks a thread overdraws; what it
//! owes is carried, and the environment is held, period by period, until it is paid. Period, tick
//! and debts were measured on AWS: <https://arxiv.org/abs/2506.01283>, sections 4.2 and 4.3.
//!
//! [`Throttle`] is the rule as something outside keeps it, [`simulate`] what it makes of a program.

mod pool;
mod profile;
mod simulate;
mod throttle;

pub use pool::Pool;
pub use profile::{Fault, Pause, Phase, Profile, Work};
pub use simulate::{Simulation, Spread, simulate};
pub use throttle::{Throttle, Verdict};

/// What each pool is refilled after, ns.
pub const PERIOD_NS: u64 = 20_000_000;
/// Of Lambda's kernel, 250 Hz: ns.
pub const TICK_NS: u64 = 4_000_000;
/// The memory size of one whole vCPU.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub const MEMORY_MB_PER_VCPU: f64 = 1_769.0;
