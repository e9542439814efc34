//! From an object's bytes to records and flaws, piece by piece.

use etl_rust::contents::Invalid;
use etl_rust::document::Format;
use etl_rust::failure::Failure;
use etl_rust::record::{Broken, Registration};

use crate::elements::Elements;
use crate::rows::Rows;
use crate::text::{NotUtf8, Utf8};

/// How many records were read, sound or not, and the ones that are not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub records: usize,
    pub invalid: Invalid,
}

impl Tally {
    fn take(&mut self, record: Result<Registration, Broken>, sound: &mut Vec<Registration>) {
        match record {
            Ok(registration) => sound.push(registration),
            Err(broken) => self.invalid.note(self.records, broken),
        }
        self.records += 1;
    }
}

/// Reads a document fed in pieces; however it is cut, it is read as [`etl_rust::document::parse`]
/// reads the whole.
pub struct Reader {
    text: Utf8,
    grammar: Grammar,
    tally: Tally,
    /// Of a refused document only whether it is UTF-8 is still asked: that is the better answer,
    /// wherever the fault lies.
    refused: Option<String>,
}

enum Grammar {
    Csv(Box<Rows>),
    Json(Elements),
}

impl Reader {
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            text: Utf8::default(),
            grammar: match format {
                Format::Csv => Grammar::Csv(Box::new(Rows::new())),
                Format::Json => Grammar::Json(Elements::new()),
            },
            tally: Tally::default(),
            refused: None,
        }
    }

    /// Add the sound records that are complete with this piece.
    ///
    /// # Errors
    /// [`Failure::InvalidDocument`] where the document is not UTF-8.
    pub fn feed(&mut self, piece: &[u8], sound: &mut Vec<Registration>) -> Result<(), Failure> {
        let text = self.text.feed(piece).map_err(not_utf8)?;
        self.read(&text, sound);
        Ok(())
    }

    /// Add the record that the end completes.
    ///
    /// # Errors
    /// [`Failure::InvalidDocument`] where it is not a document of that format.
    pub fn finish(mut self, sound: &mut Vec<Registration>) -> Result<Tally, Failure> {
        let text = self.text.finish().map_err(not_utf8)?;
        self.read(&text, sound);
        let mut tally = self.tally;
        let ended = match (self.refused, self.grammar) {
            (Some(refusal), _) => Err(refusal),
            (None, Grammar::Csv(rows)) => rows.finish(|record| tally.take(record, sound)),
            (None, Grammar::Json(elements)) => elements.finish(),
        };
        ended.map(|()| tally).map_err(Failure::InvalidDocument)
    }

    fn read(&mut self, text: &str, sound: &mut Vec<Registration>) {
        if text.is_empty() || self.refused.is_some() {
            return;
        }
        let each = |record| self.tally.take(record, sound);
        let read = match &mut self.grammar {
            Grammar::Csv(rows) => rows.feed(text, each),
            Grammar::Json(elements) => elements.feed(text, each),
        };
        self.refused = read.err();
    }
}

fn not_utf8(_: NotUtf8) -> Failure {
    Failure::InvalidDocument("the object is not UTF-8".to_owned())
}
