//! What the function is asked to do.

use serde_json::Value;

use crate::document::Format;
use crate::failure::Failure;

#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    pub bucket: String,
    pub key: String,
    pub table: String,
    pub format: Format,
    /// Whether each thousand records written is told in the log.
    pub progress: bool,
}

impl TryFrom<&Value> for Event {
    type Error = Failure;

    fn try_from(event: &Value) -> Result<Self, Failure> {
        if !event.is_object() {
            return Err(Failure::InvalidEvent(
                "the event must be an object".to_owned(),
            ));
        }
        Ok(Self {
            bucket: text(event, "bucket")?,
            key: text(event, "key")?,
            table: text(event, "table")?,
            format: event["format"]
                .as_str()
                .and_then(Format::named)
                .ok_or_else(|| {
                    Failure::InvalidEvent("event.format must be \"csv\" or \"json\"".to_owned())
                })?,
            progress: match &event["progress"] {
                Value::Null => false,
                Value::String(to) if to == "log" => true,
                _ => {
                    return Err(Failure::InvalidEvent(
                        "event.progress must be \"log\" where it is given".to_owned(),
                    ));
                }
            },
        })
    }
}

fn text(event: &Value, field: &str) -> Result<String, Failure> {
    match event[field].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Failure::InvalidEvent(format!(
            "event.{field} must be a non-empty string"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sound() -> Value {
        json!({"bucket": "b", "key": "k", "table": "t", "format": "csv"})
    }

    #[test]
    fn progress_is_off_unless_the_event_asks_for_the_log() {
        let mut event = sound();
        assert!(!Event::try_from(&event).unwrap().progress);
        event["progress"] = json!("log");
        assert!(Event::try_from(&event).unwrap().progress);
    }

    #[test]
    fn the_first_wrong_field_is_named() {
        for (field, value) in [
            ("bucket", json!(null)),
            ("key", json!("")),
            ("table", json!(7)),
            ("format", json!("xml")),
            ("progress", json!(true)),
        ] {
            let mut event = sound();
            event[field] = value;
            let refused = Event::try_from(&event).unwrap_err();
            let wanted = format!("InvalidEvent: event.{field} must be");
            assert!(refused.to_string().starts_with(&wanted), "{refused}");
        }
        assert!(Event::try_from(&json!([])).is_err());
    }
}
