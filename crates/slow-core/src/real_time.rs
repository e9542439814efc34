//! Real-time threads, which run before all other threads.

use anyhow::{Context, Result};
use nix::{
    sched::{self, CpuSet},
    unistd::Pid,
};

/// The priority of a thread that keeps a CPU busy: the lowest of real-time threads.
pub const BUSY: i32 = 1;
/// The priority of the threads that release environments and read orders: they wait neither for a
/// brake nor for the local services, which have priority 2.
pub const PROMPT: i32 = 3;

/// Makes the calling thread a real-time thread.
#[allow(unsafe_code, reason = "neither std nor nix has sched_setscheduler(2)")]
pub fn become_real_time(priority: i32) -> Result<()> {
    let parameter = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: the parameter outlives the call, which reads nothing else of ours.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameter) };
    nix::errno::Errno::result(result)
        .map(drop)
        .context("this user may not have real-time threads (CAP_SYS_NICE or RLIMIT_RTPRIO)")
}

/// Keeps the calling thread on one CPU.
pub fn pin(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    sched::sched_setaffinity(Pid::from_raw(0), &only).with_context(|| format!("pin to CPU {cpu}"))
}

/// The CPUs that this process may run on.
pub fn cpus() -> Result<Vec<usize>> {
    let mine = sched::sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count())
        .filter(|cpu| mine.is_set(*cpu) == Ok(true))
        .collect())
}
