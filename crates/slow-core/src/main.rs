//! Makes this host's CPUs as slow as a Lambda vCPU and keeps Lambda's bandwidth rule on them, while
//! functions run.
//!
//! On each CPU a real-time thread is busy for the first part of every cycle. A cycle is short
//! against the scheduler's tick, so what else runs on the CPU gets the rest of it evenly: it, and
//! every clock it looks at, finds a slower CPU. The cycles of all CPUs begin together, so that
//! nobody gets away by moving to another.
//!
//! The same threads look at how much CPU time each environment has used, at the beginning of every
//! cycle, and hold it by its freezer while it owes some (`crates/bandwidth` is the rule).
//!
//! `lambdameter-slow-core keep FILE` takes orders from stdin, a line of JSON each (`order.rs`), and
//! tells in FILE for how long each environment was held (`held.rs`). A line `ready` on stdout says
//! that every thread is real-time; one that goes on with `, but` says why page faults are not seen. It
//! ends with its stdin, and nothing is held any more.
//!
//! `lambdameter-slow-core streams CPU` tells how long the work takes now by which it notices that
//! others use its core, ns (`streams.rs`).
//!
//! `lambdameter-slow-core simulate` reads a profile from stdin and tells what the rule makes of it.

mod brake;
mod clock;
mod control_file;
mod environment;
mod faults;
mod gate;
mod held;
mod inbox;
mod keeper;
mod look;
mod order;
mod owed;
mod real_time;
mod streams;
mod worth;

use std::{
    env,
    io::{self, Write},
    path::Path,
    process::{self, ExitCode},
};

use anyhow::{Context, Result};
use lambdameter_bandwidth::{Profile, simulate};

use crate::{
    faults::Faults,
    inbox::{Heard, Inbox},
    keeper::Keeper,
    order::Order,
};

/// `lambdameter`'s exit codes for bad input, and for what a host does not grant.
const INPUT: u8 = 2;
const HOST: u8 = 3;
const USAGE: &str = "usage: lambdameter-slow-core keep FILE | streams CPU | simulate";
/// Long against what interrupts it, short against a neighbour's stay.
const STREAMS_NS: u64 = 20_000_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (outcome, exit_code) = match words[..] {
        ["keep", file] => (keep(Path::new(file)), HOST),
        ["streams", cpu] => (time_streams(cpu), INPUT),
        ["simulate"] => (tell(), INPUT),
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

fn keep(held_times: &Path) -> Result<()> {
    let mut keeper = Keeper::start(held_times)?;
    let mut inbox = Inbox::of_stdin()?;
    // Kept: the kernel takes its time for the first counter on a host.
    let own = Faults::of(process::id());
    match &own {
        Ok(_) => writeln!(io::stdout(), "ready")?,
        Err(reason) => writeln!(io::stdout(), "ready, but {reason:#}")?,
    }
    loop {
        match inbox.next(keeper.patience()?)? {
            Heard::Line(line) => {
                let order = Order::read(&line)?;
                keeper.obey(order).with_context(|| line)?;
            }
            Heard::Nothing => keeper.wake(),
            Heard::End => return Ok(()),
        }
    }
}

fn time_streams(cpu: &str) -> Result<()> {
    real_time::pin(cpu.parse().context("CPU is not a number")?)?;
    writeln!(io::stdout(), "{}", streams::median_ns(STREAMS_NS)?)?;
    Ok(())
}

fn tell() -> Result<()> {
    let profile: Profile =
        serde_json::from_reader(io::stdin().lock()).context("stdin is not a profile")?;
    let simulation = simulate(&profile).context("stdin is not a profile")?;
    serde_json::to_writer(io::stdout().lock(), &simulation)?;
    writeln!(io::stdout())?;
    Ok(())
}
