//! `aws-chunked`: how SDKs send bodies with a checksum, or a signature for each chunk. Pure.
//!
//! Signatures are ignored, since any credentials are accepted; trailing headers are read.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue},
};

/// Limits of a line and of all trailers, which no SDK reaches.
const MAX_LINE: usize = 1024;
const MAX_TRAILERS: usize = 16 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

#[derive(Debug, PartialEq)]
enum State {
    /// In the line before a chunk.
    Size(Vec<u8>),
    Data(u64),
    /// At the end of the line with a chunk's data.
    DataEnd(Vec<u8>),
    Trailers(Vec<u8>),
}

/// Removes the framing of a body that comes in pieces of any size.
#[derive(Debug)]
pub struct Decoder(State);

impl Decoder {
    pub fn new() -> Self {
        Self(State::Size(Vec::new()))
    }

    /// Decodes the next data and removes it from `input`; `None`: everything was decoded.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, Malformed> {
        while !input.is_empty() {
            match &mut self.0 {
                State::Size(line) => {
                    if take_line(line, input)? {
                        self.0 = match size(line)? {
                            0 => State::Trailers(Vec::new()),
                            size => State::Data(size),
                        };
                    }
                }
                State::Data(left) => {
                    let here = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(input.len());
                    let data = input.split_to(here);
                    *left -= here as u64;
                    if *left == 0 {
                        self.0 = State::DataEnd(Vec::new());
                    }
                    return Ok(Some(data));
                }
                State::DataEnd(line) => {
                    if take_line(line, input)? {
                        if line != b"\r\n" {
                            return Err(Malformed);
                        }
                        self.0 = State::Size(Vec::new());
                    }
                }
                State::Trailers(text) => {
                    text.extend_from_slice(&input.split_to(input.len()));
                    if text.len() > MAX_TRAILERS {
                        return Err(Malformed);
                    }
                }
            }
        }
        Ok(None)
    }

    /// The trailing headers, after a complete body.
    pub fn finish(self) -> Result<HeaderMap, Malformed> {
        let State::Trailers(text) = self.0 else {
            return Err(Malformed);
        };
        let text = std::str::from_utf8(&text).map_err(|_| Malformed)?;
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let (name, value) = line.split_once(':').ok_or(Malformed)?;
                let name: HeaderName = name.trim().parse().map_err(|_| Malformed)?;
                let value: HeaderValue = value.trim().parse().map_err(|_| Malformed)?;
                Ok((name, value))
            })
            .collect()
    }
}

/// Moves a line, or the available part of it, out of `input`. True: the line is complete.
fn take_line(line: &mut Vec<u8>, input: &mut Bytes) -> Result<bool, Malformed> {
    let end = input.iter().position(|byte| *byte == b'\n');
    let length = end.map_or(input.len(), |end| end + 1);
    line.extend_from_slice(&input.split_to(length));
    if line.len() > MAX_LINE {
        return Err(Malformed);
    }
    Ok(end.is_some())
}

/// `10000;chunk-signature=ad80...\r\n` is before 65,536 bytes.
fn size(line: &[u8]) -> Result<u64, Malformed> {
    let line = line.strip_suffix(b"\r\n").ok_or(Malformed)?;
    let text = std::str::from_utf8(line).map_err(|_| Malformed)?;
    let digits = text.split(';').next().unwrap_or_default().trim();
    if digits.starts_with('+') {
        return Err(Malformed);
    }
    u64::from_str_radix(digits, 16).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &[u8] = b"3;chunk-signature=00\r\nabc\r\n2;chunk-signature=01\r\n\r\n\r\n\
        0;chunk-signature=02\r\nx-amz-checksum-crc32:sOO8/Q==\r\nx-amz-trailer-signature:03\r\n\r\n";

    /// A body that comes in pieces of `size` bytes, decoded.
    fn decoded(body: &[u8], size: usize) -> Result<(Vec<u8>, HeaderMap), Malformed> {
        let mut decoder = Decoder::new();
        let mut data = Vec::new();
        for piece in body.chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(bytes) = decoder.next(&mut piece)? {
                data.extend_from_slice(&bytes);
            }
        }
        Ok((data, decoder.finish()?))
    }

    #[test]
    fn data_and_trailers_come_out_however_the_body_is_cut() {
        for size in 1..=SIGNED.len() {
            let (data, trailers) = decoded(SIGNED, size).expect("sound");
            assert_eq!(data, b"abc\r\n");
            assert_eq!(trailers["x-amz-checksum-crc32"], "sOO8/Q==");
        }
    }

    #[test]
    fn unsigned_chunks_and_no_trailers_are_sound() {
        for body in ["1\r\na\r\n0\r\n\r\n", "1\r\na\r\n0\r\n", "0\r\n\r\n"] {
            let (_, trailers) = decoded(body.as_bytes(), 100).expect("sound");
            assert!(trailers.is_empty());
        }
    }

    #[test]
    fn what_breaks_off_or_is_not_framed_so_is_malformed() {
        for body in [
            "",
            "1\r\n",
            "1\r\na",
            "1\r\na\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\na\r\n0\r\n\r\n",
            "1\na\r\n0\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "0\r\nno colon\r\n",
            "0\r\nspa ce:1\r\n",
        ] {
            assert_eq!(
                decoded(body.as_bytes(), 7).err(),
                Some(Malformed),
                "{body:?}"
            );
        }
        let long = format!("1;{}\r\na\r\n0\r\n", "x".repeat(MAX_LINE));
        assert_eq!(decoded(long.as_bytes(), 64).err(), Some(Malformed));
        let trailers = format!("0\r\na:{}\r\n", "x".repeat(MAX_TRAILERS));
        assert_eq!(decoded(trailers.as_bytes(), 64).err(), Some(Malformed));
    }
}
