//! The JSON side of `document`: an array of objects, read so that one bad record costs no more
//! than itself.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::contents::Document;
use crate::record::{AMOUNT, Broken, FIELDS, Reason, Registration};

pub const MAX_DEPTH: usize = 64;

/// What is said of a text that is not JSON, or too deep.
#[must_use]
pub fn refusal() -> String {
    format!("the object is not JSON of at most {MAX_DEPTH} levels")
}

/// Read a document.
///
/// # Errors
/// The message, where it is none.
pub fn parse(text: &str) -> Result<Document, String> {
    let elements: Option<Vec<&RawValue>> = serde_json::from_str(text).ok();
    if elements.is_none() {
        // Not an array, or not JSON at all?
        serde_json::from_str::<&RawValue>(text).map_err(|_| refusal())?;
    }
    if depth(text) > MAX_DEPTH {
        return Err(refusal());
    }
    let elements = elements.ok_or("the object is not a JSON array")?;
    let mut document = Document::default();
    for element in elements {
        document.add(record(element));
    }
    Ok(document)
}

/// Read one element of the array.
///
/// # Errors
/// How it breaks the schema.
pub fn record(element: &RawValue) -> Result<Registration, Broken> {
    match serde_json::from_str::<Members>(element.get()) {
        Ok(members) => Registration::read(|index| members.value(index)),
        Err(_) => Err((None, Reason::NotARecord)),
    }
}

/// How deep the arrays and objects of a sound JSON text are nested.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// An object's values for [`FIELDS`], unread: of a key that comes twice the last one counts, and
/// keys that are not in the schema are passed over.
struct Members<'a>([Option<&'a RawValue>; FIELDS.len()]);

impl Members<'_> {
    fn value(&self, index: usize) -> Result<String, Reason> {
        let raw = self.0[index].map_or("null", RawValue::get);
        match (raw.as_bytes()[0], index) {
            (b'n', _) => Err(Reason::Missing),
            (b'0'..=b'9' | b'-', AMOUNT) => Ok(raw.to_owned()),
            (_, AMOUNT) => Err(Reason::NotAnAmount),
            // Its grammar is sound, so half a surrogate pair is all that can be wrong with it.
            (b'"', _) => serde_json::from_str(raw).map_err(|_| Reason::NotUnicode),
            _ => Err(Reason::NotAString),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = [None; FIELDS.len()];
                while let Some((Field(index), raw)) = map.next_entry::<_, &RawValue>()? {
                    if let Some(index) = index {
                        members[index] = Some(raw);
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A key, as its place in [`FIELDS`]. Read as bytes: these may hold half a surrogate pair.
struct Field(Option<usize>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Find;

        impl Visitor<'_> for Find {
            type Value = Field;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }

            fn visit_bytes<E>(self, name: &[u8]) -> Result<Field, E> {
                Ok(Field(
                    FIELDS.iter().position(|field| field.as_bytes() == name),
                ))
            }
        }

        deserializer.deserialize_bytes(Find)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Flaw;

    fn record(field: &str, value: &str) -> String {
        let members = FIELDS.iter().map(|name| {
            let sound = if *name == "amount_paid" {
                "1.50"
            } else {
                "\"x\""
            };
            format!("\"{name}\":{}", if *name == field { value } else { sound })
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    fn flaw(json: &str) -> Option<(Option<&'static str>, Reason)> {
        let document = parse(&format!("[{json}]")).unwrap();
        let named = document.invalid.first.first();
        named.map(|Flaw { field, reason, .. }| (*field, *reason))
    }

    #[test]
    fn a_value_of_another_type_is_a_flaw_of_its_record() {
        assert_eq!(flaw(&record("city", "\"Köln\"")), None);
        for (field, value, reason) in [
            ("city", "7", Reason::NotAString),
            ("city", "[[]]", Reason::NotAString),
            ("city", "null", Reason::Missing),
            ("city", "\"\\ud800\"", Reason::NotUnicode),
            ("city", "\"\"", Reason::Empty),
            ("amount_paid", "\"1.50\"", Reason::NotAnAmount),
            ("amount_paid", "1.5E1", Reason::NotAnAmount),
            ("amount_paid", "true", Reason::NotAnAmount),
            ("amount_paid", "null", Reason::Missing),
        ] {
            let found = flaw(&record(field, value)).unwrap();
            assert_eq!((found.0.unwrap(), found.1), (field, reason), "{value}");
        }
        assert_eq!(flaw("[]"), Some((None, Reason::NotARecord)));
        assert_eq!(flaw("\"\\ud800\""), Some((None, Reason::NotARecord)));
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_one_counts() {
        let twice = record("city", "7,\"c\\u0069ty\":\"Köln\"");
        let document = parse(&format!("[{twice}]")).unwrap();
        assert_eq!(document.registrations[0].values()[4], "Köln");
    }

    #[test]
    fn keys_beyond_the_schema_are_passed_over() {
        let more = record("city", "\"c\",\"\\ud800\":1e9999,\"more\":{}");
        assert_eq!(flaw(&more), None);
    }

    #[test]
    fn sixty_four_levels_are_read_and_sixty_five_refused() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(64)).is_ok());
        assert!(parse(&nested(65)).unwrap_err().contains("64 levels"));
        assert!(parse(&format!("[\"{}\"]", "[".repeat(99))).is_ok());
    }

    #[test]
    fn what_is_not_json_or_no_array_fails_the_document() {
        for text in [
            "",
            "[",
            "[] []",
            "[NaN]",
            "[1.]",
            "['a']",
            "[\"\t\"]",
            "[-Infinity]",
        ] {
            assert!(parse(text).unwrap_err().contains("is not JSON"), "{text}");
        }
        assert!(parse("{}").unwrap_err().contains("array"));
    }
}
