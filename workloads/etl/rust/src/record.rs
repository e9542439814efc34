//! One record: its schema, and the first way in which it breaks it.

use serde::Serialize;

pub const FIELDS: [&str; 11] = [
    "registration_id",
    "event_name",
    "event_date",
    "venue",
    "city",
    "attendee_name",
    "email",
    "ticket_type",
    "amount_paid",
    "payment_method",
    "seat_section",
];
pub const KEY: usize = 0;
pub const AMOUNT: usize = 8;
/// Characters: the key stays below `DynamoDB`'s 2,048 bytes whatever they are.
const MAX_TEXT: usize = 512;

/// A record that keeps the schema: its values in the order of [`FIELDS`].
///
/// The amount is kept as the text that was read, so it stays exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration([String; FIELDS.len()]);

impl Registration {
    /// The table's key.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0[KEY]
    }

    /// The values, in the order of [`FIELDS`].
    #[must_use]
    pub fn values(&self) -> &[String; FIELDS.len()] {
        &self.0
    }

    /// Make a record, or say which field is the first to break the schema: the texts in their
    /// order, then the amount. `read` reads one field's value.
    ///
    /// # Errors
    /// The flaw, where there is one.
    pub fn read(mut read: impl FnMut(usize) -> Result<String, Reason>) -> Result<Self, Broken> {
        let mut values: [String; FIELDS.len()] = std::array::from_fn(|_| String::new());
        for (index, value) in values.iter_mut().enumerate() {
            if index != AMOUNT {
                *value = read(index)
                    .and_then(checked_text)
                    .map_err(|reason| (Some(FIELDS[index]), reason))?;
            }
        }
        values[AMOUNT] = read(AMOUNT)
            .and_then(checked_amount)
            .map_err(|reason| (Some(FIELDS[AMOUNT]), reason))?;
        Ok(Self(values))
    }
}

/// Why a record is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NotARecord,
    TooManyFields,
    Missing,
    NotAString,
    NotUnicode,
    Empty,
    TooLong,
    NotAnAmount,
}

/// The first field that breaks the schema (none: the record's shape), and why.
pub type Broken = (Option<&'static str>, Reason);

/// One record that is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Flaw {
    pub record: usize,
    pub field: Option<&'static str>,
    pub reason: Reason,
}

fn checked_text(text: String) -> Result<String, Reason> {
    if text.is_empty() {
        return Err(Reason::Empty);
    }
    if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
        return Err(Reason::TooLong);
    }
    Ok(text)
}

fn checked_amount(text: String) -> Result<String, Reason> {
    if is_amount(&text) {
        Ok(text)
    } else {
        Err(Reason::NotAnAmount)
    }
}

/// `(0|[1-9][0-9]{0,6})(\.[0-9]{1,2})?`
fn is_amount(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, cents) = match text.split_once('.') {
        Some((whole, cents)) => (whole, Some(cents)),
        None => (text, None),
    };
    (1..=7).contains(&whole.len())
        && digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && cents.is_none_or(|cents| (1..=2).contains(&cents.len()) && digits(cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(change: impl Fn(usize) -> Option<&'static str>) -> Result<Registration, Reason> {
        Registration::read(|index| {
            let sound = if index == AMOUNT { "129.50" } else { "x" };
            Ok(change(index).unwrap_or(sound).to_owned())
        })
        .map_err(|(_, reason)| reason)
    }

    #[test]
    fn an_amount_is_up_to_seven_digits_with_at_most_two_decimals() {
        for amount in ["0", "0.5", "129.50", "129.5", "129", "9999999.99"] {
            assert!(is_amount(amount), "{amount}");
        }
        for amount in [
            "", ".5", "1.", "1.234", "01.00", "-1.00", "+1", "1e2", "12345678", "NaN", " 1", "1\n",
            "1.2.3", "１",
        ] {
            assert!(!is_amount(amount), "{amount}");
        }
    }

    #[test]
    fn the_amount_keeps_its_text() {
        let record = values(|_| None).unwrap();
        assert_eq!(record.values()[AMOUNT], "129.50");
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        let longest: &'static str = "é".repeat(512).leak();
        let longer: &'static str = "é".repeat(513).leak();
        assert!(values(|index| (index == 3).then_some(longest)).is_ok());
        assert_eq!(
            values(|index| (index == 3).then_some(longer)),
            Err(Reason::TooLong)
        );
    }

    #[test]
    fn texts_are_judged_before_the_amount() {
        let both = values(|index| [AMOUNT, AMOUNT + 1].contains(&index).then_some(""));
        assert_eq!(both, Err(Reason::Empty));
    }
}
