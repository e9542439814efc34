//! Makes this host's CPUs as slow as a Lambda vCPU, while a function runs on them.
//!
//! On each CPU a real-time thread is busy for the first part of every cycle. A cycle is short
//! against the scheduler's tick, so what else runs on the CPU gets the rest of it evenly: it, and
//! every clock it looks at, finds a slower CPU. The cycles of all CPUs begin together, so that
//! nobody gets away by moving to another.
//!
//! Lines on stdin set it, `CPU BUSY_NS CYCLE_NS`; a CPU is left alone until it is named, and again
//! while `BUSY_NS` is 0. A line `ready` on stdout says that every thread is real-time. It ends with
//! its stdin.

mod brake;
mod setting;

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    process::ExitCode,
    sync::{Arc, mpsc},
    thread,
};

use anyhow::{Context, Result};
use nix::{sched, unistd::Pid};

use crate::{brake::Brake, setting::Setting};

/// `lambdameter`'s exit code for what a host does not grant.
const HOST: u8 = 3;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lambdameter-slow-core: {error:#}");
            ExitCode::from(HOST)
        }
    }
}

fn run() -> Result<()> {
    let brakes = start()?;
    writeln!(io::stdout(), "ready")?;
    for line in io::stdin().lock().lines() {
        let setting: Setting = line?.parse()?;
        brakes
            .get(&setting.cpu)
            .with_context(|| format!("this process may not run on CPU {}", setting.cpu))?
            .set(setting.pace);
    }
    Ok(())
}

/// A brake on each CPU that this process may run on.
fn start() -> Result<BTreeMap<usize, Arc<Brake>>> {
    let mine = sched::sched_getaffinity(Pid::from_raw(0))?;
    let mut brakes = BTreeMap::new();
    for cpu in (0..sched::CpuSet::count()).filter(|cpu| mine.is_set(*cpu) == Ok(true)) {
        let brake = Arc::new(Brake::default());
        let (started, outcome) = mpsc::channel();
        let its_own = Arc::clone(&brake);
        thread::Builder::new()
            .name(format!("cpu-{cpu}"))
            .spawn(move || its_own.hold(cpu, &started))
            .context("cannot start a thread")?;
        outcome.recv().context("a thread has died")??;
        brakes.insert(cpu, brake);
    }
    // Heeded at once, also where the brakes are on.
    brake::become_real_time()?;
    Ok(brakes)
}
