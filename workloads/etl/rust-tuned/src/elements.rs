//! The elements of a JSON array that comes in pieces cut anywhere.

use etl_rust::json::{self, MAX_DEPTH};
use etl_rust::record::{Broken, Registration};
use serde_json::value::RawValue;

type Record = Result<Registration, Broken>;

/// Cuts the array into its elements, by its strings and brackets alone: each element's own grammar
/// is then `serde_json`'s to judge.
pub struct Elements {
    place: Place,
    /// What was fed and not passed on yet.
    held: String,
    /// How far into it the cutter has looked.
    looked: usize,
    /// Arrays and objects that are open inside the element.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether an element stood before this one.
    further: bool,
}

enum Place {
    /// The byte order mark.
    Start,
    Before,
    Inside,
    After,
    /// No array: refused, but whether as JSON or not only all of it can tell.
    Elsewhere,
}

impl Elements {
    pub fn new() -> Self {
        Self {
            place: Place::Start,
            held: String::new(),
            looked: 0,
            depth: 0,
            in_string: false,
            escaped: false,
            further: false,
        }
    }

    /// Every record that is complete with this piece.
    ///
    /// # Errors
    /// The message, where the document is refused.
    pub fn feed(&mut self, piece: &str, each: impl FnMut(Record)) -> Result<(), String> {
        let mut piece = piece;
        if matches!(self.place, Place::Start) {
            piece = piece.strip_prefix('\u{feff}').unwrap_or(piece);
            self.place = Place::Before;
        }
        self.held += piece;
        if matches!(self.place, Place::Before) {
            self.open();
        }
        if matches!(self.place, Place::Inside) {
            self.cut(each)?;
        }
        if matches!(self.place, Place::After) {
            if !self.held.bytes().all(is_space) {
                return Err(json::refusal());
            }
            self.held.clear();
        }
        Ok(())
    }

    /// Whether the document may end here.
    ///
    /// # Errors
    /// The message, where it may not.
    pub fn finish(self) -> Result<(), String> {
        match self.place {
            Place::After => Ok(()),
            Place::Start | Place::Before | Place::Inside => Err(json::refusal()),
            Place::Elsewhere => json::parse(&self.held).map(|_| ()),
        }
    }

    fn open(&mut self) {
        let Some(start) = self.held.bytes().position(|byte| !is_space(byte)) else {
            return;
        };
        if self.held.as_bytes()[start] == b'[' {
            self.held.drain(..=start);
            self.place = Place::Inside;
        } else {
            self.place = Place::Elsewhere;
        }
    }

    fn cut(&mut self, mut each: impl FnMut(Record)) -> Result<(), String> {
        let mut start = 0;
        while let Some(&byte) = self.held.as_bytes().get(self.looked) {
            let end = self.looked;
            self.looked += 1;
            if !self.ends(byte)? {
                continue;
            }
            let text = &self.held[start..end];
            // The one place where nothing may stand between the brackets.
            let is_empty = byte == b']' && !self.further && text.bytes().all(is_space);
            if !is_empty {
                let element: &RawValue = serde_json::from_str(text).map_err(|_| json::refusal())?;
                each(json::record(element));
            }
            start = self.looked;
            self.further = true;
            if byte == b']' {
                self.place = Place::After;
                break;
            }
        }
        self.held.drain(..start);
        self.looked -= start;
        Ok(())
    }

    /// Whether the element ends before this byte.
    fn ends(&mut self, byte: u8) -> Result<bool, String> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(false);
        }
        match byte {
            b'"' => self.in_string = true,
            // The array itself is the first level.
            b'[' | b'{' if self.depth + 1 == MAX_DEPTH => return Err(json::refusal()),
            b'[' | b'{' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return Ok(true),
            b'}' if self.depth == 0 => return Err(json::refusal()),
            b']' | b'}' => self.depth -= 1,
            _ => {}
        }
        Ok(false)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pieces: &[&str]) -> Result<usize, String> {
        let mut elements = Elements::new();
        let mut seen = 0;
        for piece in pieces {
            elements.feed(piece, |_| seen += 1)?;
        }
        elements.finish().map(|()| seen)
    }

    #[test]
    fn strings_hide_what_else_ends_an_element() {
        assert_eq!(count(&[r#"["],[\"", {"a,]}": []} ,1]"#]), Ok(3));
    }

    #[test]
    fn an_empty_array_has_no_element_and_a_comma_must_part_two() {
        assert_eq!(count(&["\u{feff} [ ", " ]\n"]), Ok(0));
        for text in [
            "[,]", "[1,]", "[,1]", "[1 2]", "[1}", "[}", "[[}]", "[1]]", "[1", "", "[1] x",
        ] {
            assert_eq!(count(&[text]), Err(json::refusal()), "{text}");
        }
    }

    #[test]
    fn what_is_no_array_is_told_from_what_is_no_json() {
        assert!(count(&["{", "}"]).unwrap_err().contains("not a JSON array"));
        assert_eq!(count(&["{", "]"]), Err(json::refusal()));
    }

    #[test]
    fn a_fault_is_found_where_it_stands() {
        let mut elements = Elements::new();
        assert!(elements.feed("[1, oops, 2", |_| {}).is_err());
        let deep = "[".repeat(65);
        assert!(Elements::new().feed(&deep, |_| {}).is_err());
        assert!(Elements::new().feed(&deep[1..], |_| {}).is_ok());
    }
}
