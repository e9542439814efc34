//! The parser alone, for the parity tests: documents in, items and flaws out.
//!
//! Each document on stdin is a line `csv LENGTH` or `json LENGTH` and then so many bytes; each
//! answer on stdout is one line of JSON: `{"records", "items", "invalid"}`, the items in
//! `DynamoDB`'s typed JSON, or `{"error": {"type", "message"}}`.

use std::io::{self, BufRead, Read, Write};

use etl_rust::record::{AMOUNT, FIELDS, Registration};
use etl_rust::{
    contents::Document,
    document::{self, Format},
};
use serde_json::{Map, Value, json};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut head = String::new();
    while input.read_line(&mut head)? > 0 {
        let (format, length) = read_head(&head).ok_or(io::ErrorKind::InvalidInput)?;
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let answer = match document::parse(&body, format) {
            Ok(document) => describe(&document),
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

fn read_head(head: &str) -> Option<(Format, usize)> {
    let (format, length) = head.trim_end().split_once(' ')?;
    Some((Format::named(format)?, length.parse().ok()?))
}

fn describe(document: &Document) -> Value {
    let items: Vec<Value> = document.registrations.iter().map(item).collect();
    json!({"records": document.records, "items": items, "invalid": document.invalid})
}

fn item(registration: &Registration) -> Value {
    let typed = |(index, value): (usize, &String)| {
        let kind = if index == AMOUNT { "N" } else { "S" };
        (FIELDS[index].to_owned(), json!({ kind: value }))
    };
    let values = registration.values().iter().enumerate();
    Value::Object(values.map(typed).collect::<Map<_, _>>())
}
