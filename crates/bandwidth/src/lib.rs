//! Lambda's bandwidth rule, without a clock and without a file.
//!
//! An environment has a pool of CPU time that is refilled every 20 ms
//! (<https://docs.kernel.org/scheduler/sched-bwc.html>). Lambda's kernel charges the pool only at its
//! tick, every 4 ms, and when a thread leaves its CPU. In between a thread can overdraw it. The debt
//! is carried over, and the environment is held, period by period, until the debt is paid. Period,
//! tick and debts were measured on AWS: <https://arxiv.org/abs/2506.01283>, sections 4.2 and 4.3.
//!
//! [`Throttle`] keeps the rule for a program that runs, [`simulate`] applies it to a program's profile.

mod pool;
mod profile;
mod simulate;
mod throttle;

pub use pool::Pool;
pub use profile::{Fault, Pause, Phase, Profile, Work};
pub use simulate::{Simulation, Spread, simulate};
pub use throttle::{Throttle, Verdict};

/// The time between two refills of a pool, ns.
pub const PERIOD_NS: u64 = 20_000_000;
/// The tick of Lambda's kernel, at 250 Hz, ns.
pub const TICK_NS: u64 = 4_000_000;
/// The memory size that has one whole vCPU.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
pub const MEMORY_MB_PER_VCPU: f64 = 1_769.0;
