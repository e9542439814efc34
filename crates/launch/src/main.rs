//! Starts one function process inside an execution environment, then becomes it.
//!
//! `lambdameter-launch SPEC_JSON` does, in this order: join the cgroups (so that all that follows
//! is charged to the environment), close the file system behind it, lower its limits and its
//! rights, tie its life to the emulator's, and `execve`. Everything happens in its own mount
//! namespace, so nothing is left on the host when it ends. Whatever fails is one line on stderr
//! and exit status 126.

mod enclosure;
mod process;
mod spec;

use std::convert::Infallible;
use std::process::ExitCode;

use anyhow::{Context, Result};

use spec::Spec;

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
    process::join_cgroups(&spec.cgroups)?;
    if !spec.mounts.is_empty() {
        enclosure::enter(&spec.mounts, spec.user.as_ref())?;
    }
    process::limit(&spec)?;
    if let Some(user) = &spec.user {
        process::become_user(user)?;
    }
    process::tie_to(spec.parent)?;
    process::restore_signals()?;
    process::execute(&spec)
}
