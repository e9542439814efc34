//! The XML around s3s: what it does not read, and what it must not write. Pure.

use std::fmt::Write;

/// Character references beyond the basic plane, which s3s refuses, as the characters they stand for.
pub fn resolve_references(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, reference)) = rest.split_once("&#") {
        out.push_str(before);
        let resolved = reference.split_once(';').and_then(|(digits, after)| {
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            let character = number
                .ok()
                .filter(|number| *number > 0xFFFF)
                .and_then(char::from_u32)?;
            Some((character, after))
        });
        if let Some((character, after)) = resolved {
            out.push(character);
            rest = after;
        } else {
            out.push_str("&#");
            rest = reference;
        }
    }
    out.push_str(rest);
    out
}

/// Writes control characters as references. A parser makes a line feed of a carriage return that is
/// none; the others no parser of XML 1.0 takes either way, which is why there is `encoding-type`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub fn escape_controls(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for character in body.chars() {
        match character {
            '\t' | '\n' | '\u{20}'.. => out.push(character),
            control => {
                // Writing into a text does not fail.
                let _ = write!(out, "&#x{:x};", u32::from(control));
            }
        }
    }
    out
}

/// An error that s3s wrote: with a message, where it has none, and with the request's id.
pub fn complete_error(
    body: &str,
    request_id: &str,
    message: impl FnOnce(&str) -> &'static str,
) -> String {
    let Some((head, rest)) = body.split_once("<Error><Code>") else {
        return body.to_owned();
    };
    let Some((code, tail)) = rest.split_once("</Code>") else {
        return body.to_owned();
    };
    let said = if tail.starts_with("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", message(code))
    };
    let tail = tail.trim_end_matches("</Error>");
    format!(
        "{head}<Error><Code>{code}</Code>{said}{tail}<RequestId>{request_id}</RequestId></Error>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_beyond_the_basic_plane_become_characters() {
        assert_eq!(
            resolve_references("<Key>a&#x1F600;b&#128512;</Key>"),
            "<Key>a😀b😀</Key>"
        );
        for same in [
            "",
            "&#xD;",
            "&amp;#x1F600",
            "&#x1F600",
            "&#xFFFFFFFF;",
            "&#;",
            "&#&#x41;",
        ] {
            assert_eq!(resolve_references(same), same);
        }
    }

    #[test]
    fn control_characters_become_references() {
        assert_eq!(escape_controls("a\r\u{1}b\n\té"), "a&#xd;&#x1;b\n\té");
    }

    #[test]
    fn an_error_without_a_message_gets_one() {
        let bare = "<?xml?><Error><Code>NoSuchKey</Code></Error>";
        let full = complete_error(bare, "7", |_| "nothing there");
        assert_eq!(
            full,
            "<?xml?><Error><Code>NoSuchKey</Code><Message>nothing there</Message>\
             <RequestId>7</RequestId></Error>"
        );
        let said = "<Error><Code>A</Code><Message>m</Message></Error>";
        let full = complete_error(said, "7", |_| "other");
        assert_eq!(
            full,
            "<Error><Code>A</Code><Message>m</Message><RequestId>7</RequestId></Error>"
        );
        assert_eq!(complete_error("<Other/>", "7", |_| ""), "<Other/>");
    }
}
