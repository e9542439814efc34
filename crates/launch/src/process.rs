//! The process itself: its cgroups, limits, user and signals, and the program that it becomes.

use std::convert::Infallible;
use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl::{set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Pid, Uid, chdir, execve, getppid, setgroups, setresgid, setresuid};

use crate::spec::{Spec, User};
use crate::start_note::StartNote;

/// A `cgroup.procs` file that is open for writing.
pub struct Cgroup<'spec> {
    procs: File,
    path: &'spec PathBuf,
}

/// Opens the files before the file system is made read-only; open files stay writable.
pub fn open_cgroups(procs: &[PathBuf]) -> Result<Vec<Cgroup<'_>>> {
    procs
        .iter()
        .map(|path| {
            let procs = File::options().write(true).open(path);
            let procs = procs.with_context(|| format!("cannot join {}", path.display()))?;
            Ok(Cgroup { procs, path })
        })
        .collect()
}

/// Joins the cgroups: from here on everything is charged to the environment. Call this before
/// `become_user`, since cgroup v1 checks who writes.
pub fn join(cgroups: Vec<Cgroup<'_>>) -> Result<()> {
    for mut cgroup in cgroups {
        // For the kernel, 0 is the process that writes it.
        let written = cgroup.procs.write_all(b"0");
        written.with_context(|| format!("cannot join {}", cgroup.path.display()))?;
    }
    Ok(())
}

/// Sets descriptors, CPUs and umask. Not `RLIMIT_NPROC`, which counts a user's processes on the whole
/// host, so that environments would share it; the pids cgroup limits processes.
pub fn limit(spec: &Spec) -> Result<()> {
    setrlimit(Resource::RLIMIT_NOFILE, spec.descriptors, spec.descriptors)
        .context("cannot limit the open descriptors")?;
    if let Some(cpus) = &spec.cpus {
        let mut set = CpuSet::new();
        for &cpu in cpus {
            set.set(cpu)
                .with_context(|| format!("no such CPU: {cpu}"))?;
        }
        sched_setaffinity(Pid::from_raw(0), &set).context("cannot choose the CPUs")?;
    }
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    Ok(())
}

pub fn become_user(user: &User) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    setgroups(&[]).context("cannot leave the supplementary groups")?;
    setresgid(gid, gid, gid).with_context(|| format!("cannot become group {gid}"))?;
    setresuid(uid, uid, uid).with_context(|| format!("cannot become user {uid}"))
}

/// Makes the process die with the emulator, also when that is killed. Call this after `become_user`,
/// since a change of credentials clears the signal.
pub fn tie_to(parent: i32) -> Result<()> {
    set_no_new_privs().context("cannot renounce new privileges")?;
    set_pdeathsig(Signal::SIGKILL).context("cannot tie the process to the emulator")?;
    // The emulator may have died before the signal was set.
    ensure!(
        getppid() == Pid::from_raw(parent),
        "the emulator (process {parent}) has died"
    );
    Ok(())
}

/// Resets ignored signals, which execve(2) passes on: SIGPIPE, which Rust's runtime ignores (a pipeline
/// in a shell's bootstrap would not notice that its reader has ended), and those that the emulator was
/// started with (a background job ignores SIGINT, `nohup` SIGHUP).
#[allow(
    unsafe_code,
    reason = "sigaction(2) is unsafe for handlers, and this sets none"
)]
pub fn restore_signals() -> Result<()> {
    for number in Signal::iterator() {
        if matches!(number, Signal::SIGKILL | Signal::SIGSTOP) {
            continue;
        }
        // SAFETY: the default disposition runs no code of ours.
        unsafe { signal(number, SigHandler::SigDfl) }
            .with_context(|| format!("cannot restore {number}"))?;
    }
    Ok(())
}

pub fn execute(spec: &Spec, note: Option<StartNote>) -> Result<Infallible> {
    chdir(&spec.directory).with_context(|| format!("cannot enter {}", spec.directory.display()))?;
    let argv = c_strings(spec.argv.iter().cloned())?;
    let variables = spec
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let environment = c_strings(variables)?;
    let program = argv.first().context("there is no program to start")?;
    note.map_or(Ok(()), StartNote::write)?;
    execve(program, &argv, &environment)
        .with_context(|| format!("cannot start {}", program.to_string_lossy()))
}

fn c_strings(strings: impl Iterator<Item = String>) -> Result<Vec<CString>> {
    strings
        .map(|string| CString::new(string).context("a NUL in argv or environment"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{c_strings, open_cgroups};

    #[test]
    fn a_nul_cannot_be_passed_on() {
        assert!(c_strings(["a\0b".to_owned()].into_iter()).is_err());
    }

    #[test]
    fn a_cgroup_that_cannot_be_joined_is_named() {
        let procs = ["/nowhere/cgroup.procs".into()];
        let error = open_cgroups(&procs).err().expect("it is not there");
        assert!(
            format!("{error:#}").starts_with("cannot join /nowhere/cgroup.procs: No such file")
        );
    }
}
