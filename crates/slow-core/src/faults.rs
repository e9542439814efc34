//! How many page faults an environment's processes have had.
//!
//! A fault costs several times as much in a Lambda function's virtual machine as on a host, so that
//! programs which use fresh memory take longer there than their instructions do (published.toml has
//! how much, and from what).

use std::{fmt, io};

use anyhow::{Context, Result};
use nix::errno::Errno;
use perf_event::{Builder, Counter, events::Software};

/// Those of one process from now on, and of all that it starts.
pub struct Faults(Counter);

impl Faults {
    /// None: it has ended by now. Fails where this user may not count them.
    pub fn of(pid: u32) -> Result<Option<Self>> {
        let open = |with_kernel: bool| {
            let mut builder = Builder::new(Software::PAGE_FAULTS);
            builder
                .observe_pid(i32::try_from(pid).unwrap_or(i32::MAX))
                .any_cpu()
                .inherit(true)
                .exclude_kernel(!with_kernel);
            let mut counter = builder.build()?;
            counter.enable()?;
            Ok::<_, io::Error>(counter)
        };
        // Faults within system calls are root's alone to count.
        match open(true).or_else(|_| open(false)) {
            Ok(counter) => Ok(Some(Self(counter))),
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(None),
            Err(error) => Err(error).context("page faults cannot be counted (perf_event_open)"),
        }
    }

    /// So far.
    pub fn read(&mut self) -> Result<u64> {
        Ok(self.0.read()?)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Faults")
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const PAGE: usize = 4_096;

    /// The calling thread: it was there before, so it is no heir of the process.
    pub fn own() -> Option<Faults> {
        let thread = u32::try_from(nix::unistd::gettid().as_raw()).expect("a number");
        Faults::of(thread).ok().flatten()
    }

    #[test]
    fn a_page_that_is_touched_first_is_one() {
        let Some(mut faults) = own() else {
            eprintln!("skipped: page faults cannot be counted");
            return;
        };
        let before = faults.read().expect("a counter");
        let fresh = touch(1_000);
        let more = faults.read().expect("a counter") - before;
        assert!((1_000..1_200).contains(&more), "{more}");
        drop(fresh);
    }

    #[test]
    fn a_process_that_has_ended_has_none() {
        let mut child = std::process::Command::new("true").spawn().expect("true");
        let pid = child.id();
        child.wait().expect("it ends");
        assert!(Faults::of(pid).is_ok_and(|none| none.is_none()));
    }

    /// That many pages, each written to.
    pub fn touch(pages: usize) -> Vec<u8> {
        let mut fresh = Vec::with_capacity(pages * PAGE);
        fresh.resize(pages * PAGE, 1);
        std::hint::black_box(fresh)
    }
}
