//! What can go wrong as a whole: the `errorType` and `errorMessage` of the answer.

use std::fmt;

use lambda_runtime::Diagnostic;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A field of the event is missing or wrong.
    InvalidEvent(String),
    /// There is no such bucket, or no such key in it.
    ObjectNotFound(String),
    /// There is no such table.
    TableNotFound(String),
    /// The object as a whole cannot be read.
    InvalidDocument(String),
    /// The function would be stopped before all items are written.
    DeadlineNear(String),
    /// A service refused, or gave no answer.
    ServiceError(String),
}

impl Failure {
    /// The name that stands in `errorType`, and the message.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::InvalidEvent(message) => ("InvalidEvent", message),
            Self::ObjectNotFound(message) => ("ObjectNotFound", message),
            Self::TableNotFound(message) => ("TableNotFound", message),
            Self::InvalidDocument(message) => ("InvalidDocument", message),
            Self::DeadlineNear(message) => ("DeadlineNear", message),
            Self::ServiceError(message) => ("ServiceError", message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, message) = self.parts();
        write!(out, "{kind}: {message}")
    }
}

impl std::error::Error for Failure {}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let (kind, message) = failure.parts();
        Self {
            error_type: kind.to_owned(),
            error_message: message.to_owned(),
        }
    }
}
