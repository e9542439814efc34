//! What is to be done.

use serde_json::Value;

use crate::ITEMS;
use crate::failure::Failure;

#[derive(Debug, PartialEq, Eq)]
pub struct Event<'payload> {
    pub table: &'payload str,
    /// Milliseconds since 1970.
    pub timestamp: u64,
}

impl<'payload> TryFrom<&'payload Value> for Event<'payload> {
    type Error = Failure;

    fn try_from(payload: &'payload Value) -> Result<Self, Failure> {
        let table = payload.get("table").and_then(Value::as_str);
        let table = table.filter(|name| !name.is_empty());
        let table = table.ok_or_else(|| Failure::InvalidEvent("table must be named".to_owned()))?;
        let timestamp = payload.get("timestamp").and_then(Value::as_u64);
        let timestamp = timestamp
            .filter(|ms| *ms <= i64::MAX.unsigned_abs() - ITEMS)
            .ok_or_else(|| {
                Failure::InvalidEvent("timestamp must be milliseconds since 1970".to_owned())
            })?;
        Ok(Self { table, timestamp })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sound_event_is_read() {
        let payload = json!({"table": "t", "timestamp": 0, "more": true});
        let event = Event::try_from(&payload).unwrap();
        assert_eq!((event.table, event.timestamp), ("t", 0));
    }

    #[test]
    fn the_field_at_fault_is_named() {
        for (payload, field) in [
            (json!(null), "table"),
            (json!({"table": "", "timestamp": 1}), "table"),
            (json!({"table": "t"}), "timestamp"),
            (json!({"table": "t", "timestamp": 1.0}), "timestamp"),
            (json!({"table": "t", "timestamp": i64::MAX}), "timestamp"),
        ] {
            let Err(Failure::InvalidEvent(told)) = Event::try_from(&payload) else {
                panic!("{payload} was taken");
            };
            assert!(told.starts_with(field), "{told}");
        }
    }
}
