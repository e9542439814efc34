//! The protocol of a listener.

/// The protocol of a service, or of the admin endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    DynamoDb,
    S3,
    Admin,
}

impl Protocol {
    /// The service's name in usage and in the latency model.
    pub fn service(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Admin => "admin",
        }
    }
}
