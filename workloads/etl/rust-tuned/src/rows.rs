//! CSV that comes in pieces cut anywhere.

use std::str;

use csv_core::{ReadRecordResult, Reader};
use etl_rust::record::{Broken, FIELDS, Reason, Registration};

type Record = Result<Registration, Broken>;

/// Rows as `csv`'s reader gives them, which is made of the same core.
pub struct Rows {
    core: Reader,
    cells: Vec<u8>,
    written: usize,
    ends: Vec<usize>,
    ended: usize,
    /// Whether the first row is the header; `None` before it was read.
    header: Option<bool>,
}

/// One row, quotes taken off.
struct Row<'a> {
    cells: &'a str,
    ends: &'a [usize],
}

impl Row<'_> {
    fn cell(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.cells[start..end])
    }

    fn is_header(&self) -> bool {
        self.ends.len() == FIELDS.len()
            && (0..FIELDS.len()).all(|index| self.cell(index) == Some(FIELDS[index]))
    }

    fn record(&self) -> Record {
        if self.ends.len() > FIELDS.len() {
            return Err((None, Reason::TooManyFields));
        }
        Registration::read(|index| match self.cell(index) {
            Some(text) => Ok(text.to_owned()),
            None => Err(Reason::Missing),
        })
    }
}

impl Rows {
    pub fn new() -> Self {
        Self {
            core: Reader::new(),
            cells: vec![0; 1_024],
            written: 0,
            ends: vec![0; FIELDS.len() + 1],
            ended: 0,
            header: None,
        }
    }

    /// Every record that is complete with this piece.
    ///
    /// # Errors
    /// The message, where the first row is not the header.
    pub fn feed(&mut self, piece: &str, mut each: impl FnMut(Record)) -> Result<(), String> {
        let mut input = piece.as_bytes();
        // To the core, no input is the end of the document.
        while !input.is_empty() && self.header != Some(false) {
            let taken = self.step(input, &mut each).0;
            input = &input[taken..];
        }
        if self.header == Some(false) {
            return Err(no_header());
        }
        Ok(())
    }

    /// The record that the end of the document completes.
    ///
    /// # Errors
    /// The message, where the first row is not the header.
    pub fn finish(mut self, mut each: impl FnMut(Record)) -> Result<(), String> {
        while !self.step(b"", &mut each).1 {}
        if self.header == Some(true) {
            return Ok(());
        }
        Err(no_header())
    }

    /// How much of the input is done with, and whether the document has ended.
    fn step(&mut self, input: &[u8], each: &mut impl FnMut(Record)) -> (usize, bool) {
        let (cells, ends) = (
            &mut self.cells[self.written..],
            &mut self.ends[self.ended..],
        );
        let (result, taken, written, ended) = self.core.read_record(input, cells, ends);
        self.written += written;
        self.ended += ended;
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => self.cells.resize(self.cells.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            ReadRecordResult::Record => {
                // Text that is cut at delimiters and quotes alone stays text.
                let cells = str::from_utf8(&self.cells[..self.written]).unwrap_or_default();
                let ends = &self.ends[..self.ended];
                let row = Row { cells, ends };
                if self.header.is_none() {
                    self.header = Some(row.is_header());
                } else {
                    each(row.record());
                }
                (self.written, self.ended) = (0, 0);
            }
            ReadRecordResult::End => return (taken, true),
        }
        (taken, false)
    }
}

fn no_header() -> String {
    format!("the first row is not {}", FIELDS.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_may_have_more_and_longer_cells_than_there_was_room_for() {
        let mut rows = Rows::new();
        let mut seen = Vec::new();
        let text = format!(
            "{}\nR1,{}\nR2,{}",
            FIELDS.join(","),
            "x,".repeat(100),
            "y".repeat(9_000)
        );
        rows.feed(&text, |record| seen.push(record)).unwrap();
        rows.finish(|record| seen.push(record)).unwrap();
        assert_eq!(
            seen,
            [
                Err((None, Reason::TooManyFields)),
                Err((Some("event_name"), Reason::TooLong))
            ]
        );
    }

    #[test]
    fn another_header_is_refused_at_once() {
        let refused = Rows::new().feed("a,b\n1,2\n", |_| panic!("a record"));
        assert_eq!(refused, Err(no_header()));
        assert_eq!(Rows::new().finish(|_| panic!("a record")), Err(no_header()));
    }
}
