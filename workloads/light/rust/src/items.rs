//! The items, as the README describes them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

const DAY_S: u64 = 86_400;

pub type Item = HashMap<String, AttributeValue>;

pub fn item(timestamp: u64, number: u64) -> Item {
    let data = format!("benchmark test data - any runtime, any - item {number}");
    let text = |text: String| AttributeValue::S(text);
    [
        ("pk", text(format!("test-{timestamp}-{number}"))),
        ("sk", text("light".to_owned())),
        (
            "timestamp",
            AttributeValue::N((timestamp + number).to_string()),
        ),
        (
            "ttl",
            AttributeValue::N((timestamp / 1_000 + DAY_S).to_string()),
        ),
        ("workload", text("light".to_owned())),
        ("runtime", text("any".to_owned())),
        ("architecture", text("any".to_owned())),
        ("data", text(data)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// An item's key alone.
pub fn key(item: &Item) -> Item {
    ["pk", "sk"]
        .map(|name| (name.to_owned(), item[name].clone()))
        .into()
}

/// A string of an item; empty where it is none.
pub fn text<'item>(item: &'item Item, name: &str) -> &'item str {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_again_by_its_key() {
        let made = item(1_000, 3);
        let key = key(&made);
        assert_eq!(
            (text(&key, "pk"), text(&key, "sk")),
            ("test-1000-3", "light")
        );
        assert_eq!((key.len(), made.len()), (2, 8));
    }

    #[test]
    fn what_is_no_string_is_empty() {
        let made = item(1_000, 3);
        assert_eq!((text(&made, "ttl"), text(&made, "absent")), ("", ""));
    }
}
