//! Reads lines from stdin, with a time limit.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, ppoll};

const CHUNK_BYTES: usize = 8_192;

/// The outcome of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    Line(String),
    TimedOut,
    End,
}

/// The lines of a pipe.
#[derive(Debug)]
pub struct Inbox {
    pipe: File,
    unread: Vec<u8>,
}

impl Inbox {
    pub fn of_stdin() -> Result<Self> {
        let owned = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self::of(File::from(owned)))
    }

    fn of(pipe: File) -> Self {
        Self {
            pipe,
            unread: Vec::new(),
        }
    }

    /// The next line, if it comes within the limit; `None`: without a limit.
    pub fn next(&mut self, limit: Option<Duration>) -> Result<Input> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = self.unread.drain(..=end).take(end).collect();
                let line = String::from_utf8(line).context("a line that is not text")?;
                return Ok(Input::Line(line));
            }
            if !has_more(self.pipe.as_fd(), limit)? {
                return Ok(Input::TimedOut);
            }
            let mut chunk = [0; CHUNK_BYTES];
            let read = self.pipe.read(&mut chunk)?;
            if read == 0 {
                return Ok(Input::End);
            }
            self.unread.extend_from_slice(&chunk[..read]);
        }
    }
}

fn has_more(pipe: BorrowedFd, limit: Option<Duration>) -> Result<bool> {
    let mut watched = [PollFd::new(pipe, PollFlags::POLLIN)];
    match ppoll(&mut watched, limit.map(Into::into), None) {
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
        assert_eq!(inbox.next(None).expect("sound"), Input::Line("one".into()));
        assert_eq!(inbox.next(None).expect("sound"), Input::Line("two".into()));
        let input = inbox.next(Some(Duration::ZERO)).expect("sound");
        assert_eq!(input, Input::TimedOut);
        writer.write_all(b"ree\n").expect("room");
        assert_eq!(
            inbox.next(None).expect("sound"),
            Input::Line("three".into())
        );
        drop(writer);
        assert_eq!(inbox.next(None).expect("sound"), Input::End);
    }

    #[test]
    fn a_line_that_is_not_text_is_refused() {
        let (mut inbox, mut writer) = pipe();
        writer.write_all(b"\xff\n").expect("room");
        assert!(inbox.next(None).is_err());
    }
}
