//! The parser alone, for the parity tests: documents in, items and flaws out.
//!
//! As `etl-rust`'s example of this name, but that a head names the size of the pieces as well, in
//! bytes, that the document is fed in: `csv LENGTH SIZE`.

use std::io::{self, BufRead, Read, Write};

use etl_rust::document::Format;
use etl_rust::failure::Failure;
use etl_rust::record::{AMOUNT, FIELDS, Registration};
use etl_rust_tuned::document::{Reader, Tally};
use serde_json::{Map, Value, json};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut head = String::new();
    while input.read_line(&mut head)? > 0 {
        let (format, length, size) = read_head(&head).ok_or(io::ErrorKind::InvalidInput)?;
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let mut sound = Vec::new();
        let answer = match read(&body, format, size, &mut sound) {
            Ok(tally) => {
                let items: Vec<Value> = sound.iter().map(item).collect();
                json!({"records": tally.records, "items": items, "invalid": tally.invalid})
            }
            Err(failure) => {
                let (kind, message) = failure.parts();
                json!({"error": {"type": kind, "message": message}})
            }
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
        head.clear();
    }
    Ok(())
}

fn read_head(head: &str) -> Option<(Format, usize, usize)> {
    let mut words = head.split_ascii_whitespace();
    let format = Format::named(words.next()?)?;
    Some((
        format,
        words.next()?.parse().ok()?,
        words.next()?.parse().ok()?,
    ))
}

fn read(
    body: &[u8],
    format: Format,
    size: usize,
    sound: &mut Vec<Registration>,
) -> Result<Tally, Failure> {
    let mut reader = Reader::new(format);
    for piece in body.chunks(size) {
        reader.feed(piece, sound)?;
    }
    reader.finish(sound)
}

fn item(registration: &Registration) -> Value {
    let typed = |(index, value): (usize, &String)| {
        let kind = if index == AMOUNT { "N" } else { "S" };
        (FIELDS[index].to_owned(), json!({ kind: value }))
    };
    let values = registration.values().iter().enumerate();
    Value::Object(values.map(typed).collect::<Map<_, _>>())
}
