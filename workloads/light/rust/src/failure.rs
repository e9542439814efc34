//! What can go wrong: the `errorType` and `errorMessage` of the answer.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use lambda_runtime::Diagnostic;

#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// A field of the event is missing or wrong.
    InvalidEvent(String),
    /// There is no such table.
    TableNotFound(String),
    /// The service refused, gave no answer, or left something out.
    ServiceError(String),
}

impl Failure {
    /// Of an operation that the SDK gave up.
    pub fn of<E: ProvideErrorMetadata>(operation: &str, table: &str, error: &SdkError<E>) -> Self {
        match error.code() {
            Some(code @ "ResourceNotFoundException") => {
                Self::TableNotFound(format!("{code}: {table}"))
            }
            code => Self::ServiceError(format!(
                "DynamoDB {operation}: {}",
                code.unwrap_or("no answer")
            )),
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let (kind, message) = match failure {
            Failure::InvalidEvent(message) => ("InvalidEvent", message),
            Failure::TableNotFound(message) => ("TableNotFound", message),
            Failure::ServiceError(message) => ("ServiceError", message),
        };
        Self {
            error_type: kind.to_owned(),
            error_message: message,
        }
    }
}
