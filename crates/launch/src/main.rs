//! Starts one function process inside an execution environment, then becomes it.
//!
//! `lambdameter-launch SPEC_JSON` does, in this order: make the file system read-only, lower its
//! limits, join the cgroups, drop its privileges, tie its life to the emulator's, note the time, and
//! `execve`. Everything happens in its own mount namespace, so nothing is left on the host when it
//! ends. Any failure is one line on stderr and exit status 126.
//!
//! The launcher's own work is not part of a function's Init. The environment is charged for as little
//! of it as possible: the cgroups come last of what needs root, and Init's clock starts at the note.

mod isolation;
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
    // Opened before the file system is made read-only.
    let cgroups = process::open_cgroups(&spec.cgroups)?;
    if !spec.mounts.is_empty() {
        isolation::enter(&spec.mounts, spec.user.as_ref())?;
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
