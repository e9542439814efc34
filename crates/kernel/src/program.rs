//! A program that does what a profile says: CPU time and waits, in several threads.
//!
//! CPU time is a Lambda vCPU's: on a slowed CPU, the kernel counts less. Each thread has a CPU of its
//! own, if there are enough. For every call there is a line on stdout: when each phase of each thread
//! ended, ms after the call began.

use std::{
    io::{self, Write},
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use lambdameter_bandwidth::{Pause, Profile, Work};
use nix::{
    sched::{self, CpuSet},
    sys::prctl::set_timerslack,
    time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep},
    unistd::Pid,
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

const NS_PER_MS: f64 = 1e6;
/// Time for all threads to learn of the next call.
const LEAD_NS: u64 = 1_000_000;

/// What all threads of the program share.
struct Call {
    /// When it begins.
    at_ns: AtomicU64,
    together: Barrier,
    calls: u64,
    pause: Pause,
}

pub fn run(profile: &str, slowness: &str) -> Result<()> {
    let profile: Profile = serde_json::from_str(profile).context("PROFILE is not a profile")?;
    let slowness: f64 = slowness.parse().context("SLOWNESS is not a number")?;
    ensure!(slowness > 0.0, "SLOWNESS is not above 0");
    let work = profile.work().context("PROFILE")?;
    let call = Arc::new(Call {
        at_ns: AtomicU64::new(0),
        together: Barrier::new(work.len()),
        calls: profile.calls,
        pause: profile.pause().context("PROFILE")?,
    });
    let ends: Vec<Receiver<Vec<f64>>> = work
        .into_iter()
        .enumerate()
        .map(|(number, work)| start(number, work, slowness, &call))
        .collect();
    for _ in 0..profile.calls {
        let ends: Result<Vec<Vec<f64>>> = ends
            .iter()
            .map(|ends| ends.recv().context("a thread has died"))
            .collect();
        writeln!(io::stdout(), "{}", serde_json::to_string(&ends?)?)?;
    }
    Ok(())
}

fn start(number: usize, work: Vec<Work>, slowness: f64, call: &Arc<Call>) -> Receiver<Vec<f64>> {
    let (sender, receiver) = channel();
    let call = Arc::clone(call);
    thread::spawn(move || {
        if let Err(error) = run_thread(number, &work, slowness, &call, &sender) {
            eprintln!("lambdameter-kernel: {error:#}");
        }
    });
    receiver
}

/// One thread, for all calls.
fn run_thread(
    number: usize,
    work: &[Work],
    slowness: f64,
    call: &Call,
    ends: &Sender<Vec<f64>>,
) -> Result<()> {
    pin(number)?;
    // Without this, a wait would end 50 us late.
    set_timerslack(1)?;
    let mut random = ChaCha8Rng::seed_from_u64(monotonic_ns()?);
    for _ in 0..call.calls {
        if call.together.wait().is_leader() {
            let at_ns = monotonic_ns()? + call.pause.draw(&mut random).max(LEAD_NS);
            call.at_ns.store(at_ns, Ordering::Release);
        }
        call.together.wait();
        let began_ns = call.at_ns.load(Ordering::Acquire);
        sleep_until(began_ns)?;
        ends.send(once(work, slowness, began_ns)?)?;
    }
    Ok(())
}

fn once(work: &[Work], slowness: f64, began_ns: u64) -> Result<Vec<f64>> {
    let mut ends = Vec::with_capacity(work.len());
    for phase in work {
        match *phase {
            Work::Cpu(need_ns) => compute(need_ns, slowness)?,
            Work::Wait(wait_ns) => sleep_until(monotonic_ns()? + wait_ns)?,
        }
        ends.push(float(monotonic_ns()? - began_ns) / NS_PER_MS);
    }
    Ok(ends)
}

fn compute(need_ns: u64, slowness: f64) -> Result<()> {
    let began_ns = clock_ns(ClockId::CLOCK_THREAD_CPUTIME_ID)?;
    let need_ns = float(need_ns) / slowness;
    while float(clock_ns(ClockId::CLOCK_THREAD_CPUTIME_ID)? - began_ns) < need_ns {
        std::hint::spin_loop();
    }
    Ok(())
}

fn pin(number: usize) -> Result<()> {
    let mine = sched::sched_getaffinity(Pid::from_raw(0))?;
    let cpus: Vec<usize> = (0..CpuSet::count())
        .filter(|cpu| mine.is_set(*cpu) == Ok(true))
        .collect();
    let mut only = CpuSet::new();
    only.set(cpus[number % cpus.len()])?;
    Ok(sched::sched_setaffinity(Pid::from_raw(0), &only)?)
}

fn sleep_until(instant_ns: u64) -> Result<()> {
    let instant = Duration::from_nanos(instant_ns).into();
    let absolute = ClockNanosleepFlags::TIMER_ABSTIME;
    // One that is frozen meanwhile may be told that it was interrupted.
    while let Err(error) = clock_nanosleep(ClockId::CLOCK_MONOTONIC, absolute, &instant) {
        ensure!(error == nix::errno::Errno::EINTR, "cannot sleep: {error}");
    }
    Ok(())
}

fn monotonic_ns() -> Result<u64> {
    clock_ns(ClockId::CLOCK_MONOTONIC)
}

fn clock_ns(clock: ClockId) -> Result<u64> {
    let time: Duration = clock_gettime(clock)?.into();
    Ok(u64::try_from(time.as_nanos())?)
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
fn float(ns: u64) -> f64 {
    ns as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_ends_no_sooner_than_it_may() {
        let work = [Work::Cpu(1_000_000), Work::Wait(2_000_000), Work::Cpu(0)];
        let began_ns = monotonic_ns().expect("a clock");
        let ends = once(&work, 2.0, began_ns).expect("clocks");
        assert!(ends[0] >= 0.5 && ends[1] >= ends[0] + 2.0 && ends[2] >= ends[1]);
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        let sound = r#"{"quota_ms": 1, "threads": [[{"cpu_ms": 0}]]}"#;
        for (profile, slowness) in [("{}", "1"), (sound, "x"), (sound, "0"), (sound, "-1")] {
            assert!(run(profile, slowness).is_err(), "{profile} {slowness}");
        }
    }
}
