//! What keeps one CPU busy.

use std::{
    convert::Infallible,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::Sender,
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use nix::{
    sched::{self, CpuSet},
    time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep},
    unistd::Pid,
};

use crate::setting::Pace;

/// Above every thread that is not real-time, below all others that are.
const PRIORITY: i32 = 1;
const NS_PER_S: u64 = 1_000_000_000;
/// How long it takes at most to be heeded: a brake that is off sleeps until it is woken.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

/// The pace of one CPU, and the thread that keeps it.
#[derive(Debug, Default)]
pub struct Brake {
    pace: AtomicU64,
    thread: std::sync::OnceLock<thread::Thread>,
}

impl Brake {
    /// From now on.
    pub fn set(&self, pace: Pace) {
        let packed = u64::from(pace.cycle_ns) << 32 | u64::from(pace.busy_ns);
        self.pace.store(packed, Ordering::Release);
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The thread's whole life, on its CPU; what came of its start goes to `started`.
    pub fn hold(&self, cpu: usize, started: &Sender<Result<()>>) {
        let ready = pin(cpu).and_then(|()| become_real_time());
        let fit = ready.is_ok();
        let _ = self.thread.set(thread::current());
        if started.send(ready).is_ok() && fit {
            match self.keep() {
                Ok(never) => match never {},
                Err(error) => eprintln!("lambdameter-slow-core: CPU {cpu}: {error:#}"),
            }
        }
    }

    fn keep(&self) -> Result<Infallible> {
        loop {
            let pace = self.pace();
            if pace.busy_ns == 0 {
                thread::park_timeout(LONGEST_SLEEP);
                continue;
            }
            let cycle = u64::from(pace.cycle_ns);
            let start = (now()? / cycle + 1) * cycle;
            sleep_until(start)?;
            let end = start + u64::from(pace.busy_ns);
            while now()? < end {
                std::hint::spin_loop();
            }
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "two halves of a whole")]
    fn pace(&self) -> Pace {
        let packed = self.pace.load(Ordering::Acquire);
        Pace {
            busy_ns: packed as u32,
            cycle_ns: (packed >> 32) as u32,
        }
    }
}

fn now() -> Result<u64> {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
    Ok(u64::try_from(time.tv_sec())? * NS_PER_S + u64::try_from(time.tv_nsec())?)
}

fn sleep_until(instant_ns: u64) -> Result<()> {
    let instant = Duration::from_nanos(instant_ns).into();
    clock_nanosleep(
        ClockId::CLOCK_MONOTONIC,
        ClockNanosleepFlags::TIMER_ABSTIME,
        &instant,
    )?;
    Ok(())
}

fn pin(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu)?;
    sched::sched_setaffinity(Pid::from_raw(0), &only).with_context(|| format!("pin to CPU {cpu}"))
}

/// Makes the calling thread run before all that is not real-time.
#[allow(unsafe_code, reason = "neither std nor nix has sched_setscheduler(2)")]
pub fn become_real_time() -> Result<()> {
    let parameter = libc::sched_param {
        sched_priority: PRIORITY,
    };
    // SAFETY: the parameter outlives the call, which reads nothing else of ours.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const parameter) };
    nix::errno::Errno::result(result)
        .map(drop)
        .context("this user may not have real-time threads (CAP_SYS_NICE or RLIMIT_RTPRIO)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brake_keeps_the_pace_that_was_set_last() {
        let brake = Brake::default();
        assert_eq!(brake.pace(), Pace::default());
        let pace = Pace {
            busy_ns: u32::MAX - 1,
            cycle_ns: u32::MAX,
        };
        brake.set(pace);
        assert_eq!(brake.pace(), pace);
    }
}
