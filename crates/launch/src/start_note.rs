//! The moment at which the launcher becomes the program, for the emulator's clock.
//!
//! It is written into a pipe that the program does not inherit. The emulator may read it late without
//! an error, since the text contains the time.

use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use anyhow::{Context, Result};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::time::{ClockId, clock_gettime};

const NS_PER_S: i64 = 1_000_000_000;

pub struct StartNote(File);

impl StartNote {
    /// Takes over a descriptor that the emulator left open for this process.
    #[allow(unsafe_code, reason = "the descriptor is only known by its number")]
    pub fn inherited(descriptor: RawFd) -> Result<Self> {
        // SAFETY: the emulator opened it for the launcher alone, and nothing else here has it.
        let pipe = unsafe { OwnedFd::from_raw_fd(descriptor) };
        fcntl(&pipe, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
            .context("cannot use the descriptor of the start note")?;
        Ok(Self(File::from(pipe)))
    }

    /// Writes the time of `CLOCK_MONOTONIC`, ns. The program starts right after it, or not at all.
    pub fn write(mut self) -> Result<()> {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC).context("cannot read the clock")?;
        let ns = now.tv_sec() * NS_PER_S + now.tv_nsec();
        writeln!(self.0, "{ns}").context("cannot note the start")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::IntoRawFd;

    use super::*;

    fn note() -> (std::io::PipeReader, StartNote) {
        let (reader, writer) = std::io::pipe().unwrap();
        let descriptor = OwnedFd::from(writer).into_raw_fd();
        (reader, StartNote::inherited(descriptor).unwrap())
    }

    #[test]
    fn the_time_is_all_that_is_written() {
        let before = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
        let (mut reader, note) = note();
        note.write().unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        let ns: i64 = text.strip_suffix('\n').unwrap().parse().unwrap();
        assert!(ns >= before.tv_sec() * NS_PER_S + before.tv_nsec());
    }

    #[test]
    fn the_program_does_not_inherit_the_pipe() {
        let (_reader, note) = note();
        let flags = fcntl(&note.0, FcntlArg::F_GETFD).unwrap();
        assert_eq!(flags, FdFlag::FD_CLOEXEC.bits());
    }
}
