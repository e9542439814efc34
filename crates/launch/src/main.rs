//! Starts one function process inside an execution environment, then becomes it.
//!
//! `lambdameter-launch SPEC_JSON` does, in this order: close the file system behind it, lower its
//! limits, join the cgroups, lower its rights, tie its life to the emulator's, note the time, and
//! `execve`. Everything happens in its own mount namespace, so nothing is left on the host when it
//! ends. Whatever fails is one line on stderr and exit status 126.
//!
//! What it does itself is no part of a function's Init: the environment is charged for as little
//! of it as can be, so the cgroups come last of what needs root, and Init's clock starts at the
//! note.

mod enclosure;
mod process;
mod spec;
mod start_note;

use std::convert::Infallible;
use std::process::ExitCode;

use anyhow::{Context, Result};

use spec::Spec;
use start_note::StartNote;

/// A shell's status for "found, but cannot be started".
const CANNOT_START: u8 = 126;

fn main() -> ExitCode {
    let Err(error) = start();
    eprintln!("lambdameter-launch: {error:#}");
    ExitCode::from(CANNOT_START)
}

fn start() -> Result<Infallible> {
    let argument = std::env::args()
        .nth(1)
        .context("usage: lambdameter-launch SPEC_JSON")?;
    let spec = Spec::parse(&argument)?;
    let note = spec.start_note.map(StartNote::inherited).transpose()?;
    // Opened while they can be seen.
    let cgroups = process::open_cgroups(&spec.cgroups)?;
    if !spec.mounts.is_empty() {
        enclosure::enter(&spec.mounts, spec.user.as_ref())?;
    }
    process::limit(&spec)?;
    process::join(cgroups)?;
    if let Some(user) = &spec.user {
        process::become_user(user)?;
    }
    process::tie_to(spec.parent)?;
    process::restore_signals()?;
    process::execute(&spec, note)
}
