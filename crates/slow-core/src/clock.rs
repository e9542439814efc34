//! Reads clocks, and sleeps until an instant.

use std::time::Duration;

use anyhow::Result;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

const NS_PER_S: u64 = 1_000_000_000;

/// Monotonic time, ns: what Python calls `time.monotonic_ns()`.
pub fn now_ns() -> Result<u64> {
    read(ClockId::CLOCK_MONOTONIC)
}

/// The calling thread's CPU time, ns.
pub fn own_ns() -> Result<u64> {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn read(clock: ClockId) -> Result<u64> {
    let time = clock_gettime(clock)?;
    Ok(u64::try_from(time.tv_sec())? * NS_PER_S + u64::try_from(time.tv_nsec())?)
}

pub fn sleep_until(instant_ns: u64) -> Result<()> {
    let instant = Duration::from_nanos(instant_ns).into();
    clock_nanosleep(
        ClockId::CLOCK_MONOTONIC,
        ClockNanosleepFlags::TIMER_ABSTIME,
        &instant,
    )?;
    Ok(())
}
