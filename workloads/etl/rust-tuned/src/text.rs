//! UTF-8 that comes in pieces cut anywhere.

use std::str;

/// No piece shorter than this is passed on first: whoever looks for a byte order mark sees it whole.
const MARK: usize = 3;

/// What was fed and not passed on yet: the start of a character, or of the document.
#[derive(Default)]
pub struct Utf8 {
    held: Vec<u8>,
    begun: bool,
}

/// The bytes are not UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub struct NotUtf8;

impl Utf8 {
    /// All characters that are complete with this piece.
    pub fn feed(&mut self, piece: &[u8]) -> Result<String, NotUtf8> {
        self.held.extend_from_slice(piece);
        if !self.begun && self.held.len() < MARK {
            return Ok(String::new());
        }
        self.begun = true;
        let whole = match str::from_utf8(&self.held) {
            Ok(_) => self.held.len(),
            Err(fault) if fault.error_len().is_some() => return Err(NotUtf8),
            Err(cut) => cut.valid_up_to(),
        };
        let rest = self.held.split_off(whole);
        let text = std::mem::replace(&mut self.held, rest);
        String::from_utf8(text).map_err(|_| NotUtf8)
    }

    /// What is left at the end of the document.
    pub fn finish(&mut self) -> Result<String, NotUtf8> {
        String::from_utf8(std::mem::take(&mut self.held)).map_err(|_| NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(bytes: &[u8], size: usize) -> Result<String, NotUtf8> {
        let mut utf8 = Utf8::default();
        let mut text = String::new();
        for piece in bytes.chunks(size) {
            text += &utf8.feed(piece)?;
        }
        Ok(text + &utf8.finish()?)
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        let text = "\u{feff}é🎸a";
        for size in 1..=text.len() {
            assert_eq!(in_pieces(text.as_bytes(), size).as_deref(), Ok(text));
        }
    }

    #[test]
    fn half_a_character_is_none_at_the_end_and_in_the_middle() {
        for bytes in [&b"abc\xc3"[..], b"abc\xc3(", b"\xef\xbb", b"\xff"] {
            for size in 1..=bytes.len() {
                assert_eq!(in_pieces(bytes, size), Err(NotUtf8));
            }
        }
    }
}
