//! The messages that a racer sends, as `race/messages/schema.json` describes them.

use etl_rust::failure::Failure;
use serde::Serialize;
use serde_json::Value;

/// A message of one lane of one race.
#[derive(Serialize)]
pub struct Message<'a> {
    pub race: &'a str,
    pub lane: &'a str,
    /// Unix time in ms.
    pub at_ms: f64,
    #[serde(flatten)]
    pub content: Content,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Content {
    /// The handler begins; `cold` if this is the environment's first invocation.
    Running { cold: bool },
    /// A phase of the workload begins.
    Phase { phase: &'static str },
    /// This many records are written.
    Progress { records: usize },
    /// All records are written; sending messages took `telling_ms` of the answer's times.
    Finished { answer: Value, telling_ms: f64 },
    /// The workload returned an error.
    Failed { error: LambdaError },
}

/// An error as Lambda names and explains it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LambdaError {
    pub error_type: &'static str,
    pub error_message: String,
}

impl From<Failure> for LambdaError {
    fn from(failure: Failure) -> Self {
        let (error_type, message) = failure.parts();
        Self {
            error_type,
            error_message: message.to_owned(),
        }
    }
}

impl Message<'_> {
    /// As it is sent and saved.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("a message has only string keys")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Python's tests decode this file as the messages of `model/race_messages.py`.
    const EXAMPLES: &str = include_str!("../../../messages/racer-rust.json");

    fn examples() -> [Message<'static>; 5] {
        let answer = json!({
            "records": 2_050, "written": 2_049,
            "invalid": {"count": 1, "first": [{"record": 7, "field": "city", "reason": "empty"}]},
            "retried_items": 3, "total_ms": 1_234.5,
            "phases": {"s3_ms": 100.0, "parse_ms": 134.5, "write_ms": 1_000.0},
        });
        let failure = Failure::ObjectNotFound("NoSuchKey: s3://b/none".to_owned());
        [
            Content::Running { cold: true },
            Content::Phase { phase: "write" },
            Content::Progress { records: 1_000 },
            Content::Finished {
                answer,
                telling_ms: 12.25,
            },
            Content::Failed {
                error: failure.into(),
            },
        ]
        .map(|content| Message {
            race: "0123456789abcdef0123456789abcdef",
            lane: "rust",
            at_ms: 1_790_000_000_000.125,
            content,
        })
    }

    #[test]
    fn examples_of_all_messages_are_those_that_python_reads() {
        let examples = serde_json::to_value(examples()).unwrap();
        let committed: Value = serde_json::from_str(EXAMPLES).unwrap();
        let hint = "the left side belongs into race/messages/racer-rust.json";
        assert_eq!(examples, committed, "{hint}: {examples:#}");
    }
}
