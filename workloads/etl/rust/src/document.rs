//! From an object's bytes to records and flaws.

use crate::contents::Document;
use crate::failure::Failure;
use crate::json;
use crate::record::{FIELDS, Reason, Registration};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    /// The format of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Read all of an object.
///
/// # Errors
/// [`Failure::InvalidDocument`] where it is not a document of that format.
pub fn parse(body: &[u8], format: Format) -> Result<Document, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|_| Failure::InvalidDocument("the object is not UTF-8".to_owned()))?;
    match format {
        Format::Csv => parse_csv(text),
        Format::Json => json::parse(text.strip_prefix('\u{feff}').unwrap_or(text)),
    }
    .map_err(Failure::InvalidDocument)
}

/// The reader skips a byte order mark by itself.
fn parse_csv(text: &str) -> Result<Document, String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = csv::StringRecord::new();
    let mut next = |row: &mut csv::StringRecord| {
        reader
            .read_record(row)
            .map_err(|error| format!("the object is not CSV: {error}"))
    };
    if !next(&mut row)? || row != FIELDS[..] {
        return Err(format!("the first row is not {}", FIELDS.join(",")));
    }
    let mut document = Document::default();
    while next(&mut row)? {
        document.add(if row.len() > FIELDS.len() {
            Err((None, Reason::TooManyFields))
        } else {
            Registration::read(|index| match row.get(index) {
                Some(text) => Ok(text.to_owned()),
                None => Err(Reason::Missing),
            })
        });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contents::Invalid;

    const ROW: &str = "R1,e,d,v,c,a,m,t,129.50,p,s";

    fn csv(rows: &str) -> Result<Document, Failure> {
        parse(
            format!("{}\r\n{rows}", FIELDS.join(",")).as_bytes(),
            Format::Csv,
        )
    }

    fn reasons(document: &Document) -> Vec<(usize, Option<&'static str>, Reason)> {
        let first = document.invalid.first.iter();
        first
            .map(|flaw| (flaw.record, flaw.field, flaw.reason))
            .collect()
    }

    #[test]
    fn quotes_commas_and_newlines_stand_inside_fields() {
        let document = csv("R1,e,d,\"A \"\"B\"\", C\nD\",c,a,m,t,1,p,s\n").unwrap();
        assert_eq!(document.registrations[0].values()[3], "A \"B\", C\nD");
    }

    #[test]
    fn blank_lines_are_no_records() {
        let document = csv(&format!("\r\n{ROW}\r\n\r\n{ROW}\n")).unwrap();
        assert_eq!(document.records, 2);
        assert_eq!(document.invalid, Invalid::default());
    }

    #[test]
    fn short_and_long_rows_are_flaws_of_their_own() {
        let document = csv(&format!("R1,e,d,v,c,a,m,t,1,p\n{ROW},more\n{ROW}\n")).unwrap();
        assert_eq!(document.records, 3);
        assert_eq!(
            reasons(&document),
            [
                (0, Some("seat_section"), Reason::Missing),
                (1, None, Reason::TooManyFields)
            ]
        );
    }

    #[test]
    fn one_byte_order_mark_is_skipped_and_no_second() {
        let header = FIELDS.join(",");
        assert!(parse(format!("\u{feff}{header}").as_bytes(), Format::Csv).is_ok());
        assert!(parse(format!("\u{feff}\u{feff}{header}").as_bytes(), Format::Csv).is_err());
    }

    #[test]
    fn only_the_first_hundred_flaws_are_named() {
        let document = csv(&"R1\n".repeat(150)).unwrap();
        assert_eq!(document.invalid.count, 150);
        assert_eq!(document.invalid.first.len(), 100);
        assert_eq!(document.invalid.first[99].record, 99);
    }

    #[test]
    fn another_header_fails_the_document() {
        let refused = parse(b"id,name\n1,2\n", Format::Csv).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("InvalidDocument: the first row")
        );
    }
}
