//! Counts the page faults of an environment's processes.
//!
//! A page fault takes several times as long in a Lambda function's virtual machine as on a host, so
//! programs that use new memory take longer there than their instructions do (published.toml has the
//! figures and their source).

use std::{fmt, io};

use anyhow::{Context, Result};
use nix::errno::Errno;
use perf_event::{Builder, Counter, events::Software};

/// The page faults of one process and of its future children, from now on.
pub struct PageFaults(Counter);

impl PageFaults {
    /// `None`: the process has ended. Fails where this user may not count page faults.
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
        // Only root may count faults within system calls.
        match open(true).or_else(|_| open(false)) {
            Ok(counter) => Ok(Some(Self(counter))),
            Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => Ok(None),
            Err(error) => Err(error).context("page faults cannot be counted (perf_event_open)"),
        }
    }

    /// The number so far.
    pub fn read(&mut self) -> Result<u64> {
        Ok(self.0.read()?)
    }
}

impl fmt::Debug for PageFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageFaults")
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const PAGE: usize = 4_096;

    /// Of the calling thread, which existed before, so it does not inherit the process's counter.
    pub fn own() -> Option<PageFaults> {
        let thread = u32::try_from(nix::unistd::gettid().as_raw()).expect("a number");
        PageFaults::of(thread).ok().flatten()
    }

    #[test]
    fn a_page_that_is_touched_first_is_one() {
        let Some(mut faults) = own() else {
            eprintln!("skipped: page faults cannot be counted");
            return;
        };
        let before = faults.read().expect("a counter");
        let pages = touch(1_000);
        let more = faults.read().expect("a counter") - before;
        assert!((1_000..1_200).contains(&more), "{more}");
        drop(pages);
    }

    #[test]
    fn a_process_that_has_ended_has_none() {
        let mut child = std::process::Command::new("true").spawn().expect("true");
        let pid = child.id();
        child.wait().expect("it ends");
        assert!(PageFaults::of(pid).is_ok_and(|none| none.is_none()));
    }

    /// So many pages, each of them written to.
    pub fn touch(pages: usize) -> Vec<u8> {
        let mut memory = Vec::with_capacity(pages * PAGE);
        memory.resize(pages * PAGE, 1);
        std::hint::black_box(memory)
    }
}
