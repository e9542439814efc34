//! Lines of stdin, waited for no longer than one may.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, ppoll};

const CHUNK_BYTES: usize = 8_192;

/// What came of waiting.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Line(String),
    Nothing,
    End,
}

/// The lines of a pipe.
#[derive(Debug)]
pub struct Inbox {
    pipe: File,
    waiting: Vec<u8>,
}

impl Inbox {
    pub fn of_stdin() -> Result<Self> {
        let owned = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::of(File::from(owned)))
    }

    fn of(pipe: File) -> Self {
        Self {
            pipe,
            waiting: Vec::new(),
        }
    }

    /// The next line, if it comes within this time; `None`: however long it takes.
    pub fn next(&mut self, patience: Option<Duration>) -> Result<Heard> {
        loop {
            if let Some(end) = self.waiting.iter().position(|byte| *byte == b'\n') {
                let line = self.waiting.drain(..=end).take(end).collect();
                let line = String::from_utf8(line).context("a line that is no text")?;
                return Ok(Heard::Line(line));
            }
            if !has_more(self.pipe.as_fd(), patience)? {
                return Ok(Heard::Nothing);
            }
            let mut chunk = [0; CHUNK_BYTES];
            let read = self.pipe.read(&mut chunk)?;
            if read == 0 {
                return Ok(Heard::End);
            }
            self.waiting.extend_from_slice(&chunk[..read]);
        }
    }
}

fn has_more(pipe: BorrowedFd, patience: Option<Duration>) -> Result<bool> {
    let mut watched = [PollFd::new(pipe, PollFlags::POLLIN)];
    match ppoll(&mut watched, patience.map(Into::into), None) {
        Ok(ready) => Ok(ready > 0),
        Err(nix::errno::Errno::EINTR) => Ok(false),
        Err(error) => Err(error).context("cannot wait for stdin"),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, os::fd::OwnedFd};

    use super::*;

    fn pipe() -> (Inbox, impl Write) {
        let (reader, writer) = io::pipe().expect("a pipe");
        (Inbox::of(File::from(OwnedFd::from(reader))), writer)
    }

    #[test]
    fn lines_come_one_by_one_however_they_were_written() {
        let (mut inbox, mut writer) = pipe();
        writer.write_all(b"one\ntwo\nth").expect("room");
        assert_eq!(inbox.next(None).expect("sound"), Heard::Line("one".into()));
        assert_eq!(inbox.next(None).expect("sound"), Heard::Line("two".into()));
        let hurried = inbox.next(Some(Duration::ZERO)).expect("sound");
        assert_eq!(hurried, Heard::Nothing);
        writer.write_all(b"ree\n").expect("room");
        assert_eq!(
            inbox.next(None).expect("sound"),
            Heard::Line("three".into())
        );
        drop(writer);
        assert_eq!(inbox.next(None).expect("sound"), Heard::End);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let (mut inbox, mut writer) = pipe();
        writer.write_all(b"\xff\n").expect("room");
        assert!(inbox.next(None).is_err());
    }
}
