//! The XML around s3s: what it does not read, and what it must not write. Pure.

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

/// Whether a document holds a character that XML 1.0 cannot hold, as it is or as a reference.
/// <https://www.w3.org/TR/xml/#charsets>
pub fn holds_no_xml(body: &str) -> bool {
    let referred = |reference: &str| {
        let (digits, _) = reference.split_once(';')?;
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        Some(char::from_u32(number.ok()?).is_none_or(|character| !is_xml(character)))
    };
    !body.chars().all(is_xml)
        || body
            .split("&#")
            .skip(1)
            .any(|rest| referred(rest) == Some(true))
}

fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Writes a carriage return as a reference, as a parser makes a line feed of any other. What XML 1.0
/// cannot hold either way becomes U+FFFD: for such keys there is `encoding-type`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub fn escape_controls(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for character in body.chars() {
        match character {
            '\r' => out.push_str("&#xd;"),
            held if is_xml(held) => out.push(held),
            _ => out.push(char::REPLACEMENT_CHARACTER),
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
    let tail = in_plain_words(tail.trim_end_matches("</Error>"));
    format!(
        "{head}<Error><Code>{code}</Code>{said}{tail}<RequestId>{request_id}</RequestId></Error>"
    )
}

/// s3s quotes the values that it cannot read in Rust's debug form.
fn in_plain_words(text: &str) -> String {
    let mut plain = text.to_owned();
    for quote in ["\"", "&quot;"] {
        let (opens, closes) = (format!("Some({quote}"), format!("{quote})"));
        if plain.contains(&opens) {
            plain = plain.replace(&opens, quote).replace(&closes, quote);
        }
    }
    plain
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
    fn what_xml_cannot_hold_is_told_and_replaced() {
        let replaced = escape_controls("a\r\u{1}b\n\té\u{FFFF}😀");
        assert_eq!(replaced, "a&#xd;\u{FFFD}b\n\té\u{FFFD}😀");
        for held in ["", "a\r\n\té😀", "&#13;&#x1F600;", "&amp;#1;", "&#", "&#1"] {
            assert!(!holds_no_xml(held), "{held}");
        }
        for not in [
            "\u{1}",
            "\0",
            "a\u{FFFE}",
            "&#1;",
            "&#x0;",
            "&#xD800;",
            "&#x110000;",
        ] {
            assert!(holds_no_xml(not), "{not:?}");
        }
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
        let debugged = "<Error><Code>A</Code><Message>a: Some(&quot;b&quot;)</Message></Error>";
        assert!(complete_error(debugged, "7", |_| "").contains(">a: &quot;b&quot;<"));
        assert_eq!(complete_error("<Other/>", "7", |_| ""), "<Other/>");
    }
}
