//! What is spoken at a listener.

/// Whose clients call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    DynamoDb,
    S3,
    Admin,
}

impl Protocol {
    /// As usage and the latency model have it.
    pub fn service(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::S3 => "s3",
            Self::Admin => "admin",
        }
    }
}
