//! Why the local services cannot start: cause, place and next step, printed on one line.

use std::{fmt, io, process::ExitCode};

/// The exit codes follow lambdameter's own: 2 bad input, 3 the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    BadInput = 2,
    Host = 3,
}

/// The error that ends the program.
#[derive(Debug, PartialEq, Eq)]
pub struct StartError {
    pub kind: Kind,
    pub cause: String,
    pub place: String,
    pub next_step: String,
}

impl StartError {
    pub fn bad_input(cause: impl Into<String>, place: &str, next_step: &str) -> Self {
        Self::new(Kind::BadInput, cause.into(), place, next_step)
    }

    pub fn host(cause: impl Into<String>, place: &str, next_step: &str) -> Self {
        Self::new(Kind::Host, cause.into(), place, next_step)
    }

    /// An error that means that the host is out of threads, descriptors or memory.
    pub fn exhausted(subject: &str, error: &io::Error) -> Self {
        Self::host(
            format!("Cannot start {subject}: {error}"),
            "this host",
            "Free some threads, memory or file descriptors (ulimit -a)",
        )
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }

    fn new(kind: Kind, cause: String, place: &str, next_step: &str) -> Self {
        Self {
            kind,
            cause,
            place: place.to_owned(),
            next_step: next_step.to_owned(),
        }
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{} ({}). {}.", self.cause, self.place, self.next_step);
        out.write_str(&line.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_printed_on_one_line_whatever_the_cause_contains() {
        let error = StartError::bad_input("first\n   second", "--seed", "Give a number");
        assert_eq!(error.to_string(), "first second (--seed). Give a number.");
    }
}
