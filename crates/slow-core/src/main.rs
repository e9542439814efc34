//! Makes this host's CPUs as slow as a Lambda vCPU and keeps Lambda's bandwidth rule on them, while
//! functions run.
//!
//! On each CPU a real-time thread is busy for the first part of every cycle. A cycle is short
//! compared with the scheduler's tick, so other threads on the CPU get the rest of it evenly: they,
//! and every clock they read, see a slower CPU. The cycles of all CPUs begin together, so that a
//! thread cannot avoid them by moving to another CPU.
//!
//! At the beginning of every cycle the same threads read how much CPU time each environment has
//! used, and hold it by its freezer while it owes CPU time (`crates/bandwidth` is the rule).
//!
//! `lambdameter-slow-core keep FILE` takes orders from stdin, one line of JSON each (`order.rs`), and
//! writes each environment's totals into FILE (`slots.rs`). A line `ready` on stdout says that every
//! thread is real-time; `ready, but ...` also says why page faults are not counted. The program ends
//! with its stdin, and then nothing is held any more.
//!
//! `lambdameter-slow-core streams CPU` prints how long the work of `streams.rs` takes now, ns. It
//! shows whether others use the CPU's core.
//!
//! `lambdameter-slow-core simulate` reads a profile from stdin and prints the rule's simulation of it.

mod brake;
mod clock;
mod control_file;
mod conversion;
mod environment;
mod fault_debt;
mod inbox;
mod keeper;
mod observation;
mod order;
mod page_faults;
mod real_time;
mod releaser;
mod slots;
mod streams;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::{self, ExitCode},
};

use anyhow::{Context, Result};
use lambdameter_bandwidth::{Profile, simulate};

use crate::{
    inbox::{Inbox, Input},
    keeper::Keeper,
    order::Order,
    page_faults::PageFaults,
};

/// `lambdameter`'s exit codes for bad input, and for what a host does not grant.
const INPUT: u8 = 2;
const HOST: u8 = 3;
const USAGE: &str = "usage: lambdameter-slow-core keep FILE | streams CPU | simulate";
/// Long compared with an interrupt, short compared with a neighbour's stay.
const STREAMS_NS: u64 = 20_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (outcome, exit_code) = match words[..] {
        ["keep", file] => (keep(Path::new(file)), HOST),
        ["streams", cpu] => (time_streams(cpu), INPUT),
        ["simulate"] => (run_simulation(), INPUT),
        _ => (Err(anyhow::anyhow!(USAGE)), INPUT),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lambdameter-slow-core: {error:#}");
            ExitCode::from(exit_code)
        }
    }
}

fn keep(slots: &Path) -> Result<()> {
    let mut keeper = Keeper::start(slots)?;
    let mut inbox = Inbox::of_stdin()?;
    // It stays open, since the kernel takes long to open the first counter on a host.
    let own = PageFaults::of(process::id());
    match &own {
        Ok(_) => writeln!(io::stdout(), "ready")?,
        Err(reason) => writeln!(io::stdout(), "ready, but {reason:#}")?,
    }
    loop {
        match inbox.next(keeper.time_limit()?)? {
            Input::Line(line) => {
                let order = Order::read(&line)?;
                keeper.execute(order).with_context(|| line)?;
            }
            Input::TimedOut => keeper.wake(),
            Input::End => return Ok(()),
        }
    }
}

fn time_streams(cpu: &str) -> Result<()> {
    real_time::pin(cpu.parse().context("CPU is not a number")?)?;
    writeln!(io::stdout(), "{}", streams::median_ns(STREAMS_NS)?)?;
    Ok(())
}

fn run_simulation() -> Result<()> {
    let profile: Profile =
        serde_json::from_reader(io::stdin().lock()).context("stdin is not a profile")?;
    let simulation = simulate(&profile).context("stdin is not a profile")?;
    serde_json::to_writer(io::stdout().lock(), &simulation)?;
    writeln!(io::stdout())?;
    Ok(())
}
