//! Corrects XML before s3s reads it, and after s3s wrote it. Pure.

/// Replaces character references beyond the basic plane, which s3s refuses, by their characters.
pub fn resolve_references(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some((before, reference)) = rest.split_once("&#") {
        out.push_str(before);
        let resolved = code_point(reference)
            .filter(|(number, _)| *number > 0xFFFF)
            .and_then(|(number, after)| Some((char::from_u32(number)?, after)));
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

/// The code point of a character reference, and the text after it; `reference` begins after `&#`.
fn code_point(reference: &str) -> Option<(u32, &str)> {
    let (digits, after) = reference.split_once(';')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    Some((number.ok()?, after))
}

/// Whether a document contains a character that XML 1.0 does not allow, also as a reference.
/// <https://www.w3.org/TR/xml/#charsets>
pub fn is_malformed(body: &str) -> bool {
    let is_allowed = |number| char::from_u32(number).is_some_and(is_xml);
    let mut references = body.split("&#").skip(1).filter_map(code_point);
    !body.chars().all(is_xml) || references.any(|(number, _)| !is_allowed(number))
}

fn is_xml(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Writes a carriage return as a reference, since a parser would turn it into a line feed. Characters
/// that XML 1.0 does not allow become U+FFFD: for such keys there is `encoding-type`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub fn escape_controls(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    for character in body.chars() {
        match character {
            '\r' => out.push_str("&#xd;"),
            _ if is_xml(character) => out.push(character),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

/// Adds the request's id to an error that s3s wrote, and a message where it has none.
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
    let added = if tail.starts_with("<Message>") {
        String::new()
    } else {
        format!("<Message>{}</Message>", message(code))
    };
    let tail = without_debug_form(tail.trim_end_matches("</Error>"));
    format!(
        "{head}<Error><Code>{code}</Code>{added}{tail}<RequestId>{request_id}</RequestId></Error>"
    )
}

/// Removes Rust's debug form, in which s3s quotes values that it cannot read.
fn without_debug_form(text: &str) -> String {
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
    fn characters_that_xml_does_not_allow_are_noticed_and_replaced() {
        let replaced = escape_controls("a\r\u{1}b\n\té\u{FFFF}😀");
        assert_eq!(replaced, "a&#xd;\u{FFFD}b\n\té\u{FFFD}😀");
        for allowed in ["", "a\r\n\té😀", "&#13;&#x1F600;", "&amp;#1;", "&#", "&#1"] {
            assert!(!is_malformed(allowed), "{allowed}");
        }
        for forbidden in [
            "\u{1}",
            "\0",
            "a\u{FFFE}",
            "&#1;",
            "&#x0;",
            "&#xD800;",
            "&#x110000;",
        ] {
            assert!(is_malformed(forbidden), "{forbidden:?}");
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
        let with_message = "<Error><Code>A</Code><Message>m</Message></Error>";
        let full = complete_error(with_message, "7", |_| "other");
        assert_eq!(
            full,
            "<Error><Code>A</Code><Message>m</Message><RequestId>7</RequestId></Error>"
        );
        let debugged = "<Error><Code>A</Code><Message>a: Some(&quot;b&quot;)</Message></Error>";
        assert!(complete_error(debugged, "7", |_| "").contains(">a: &quot;b&quot;<"));
        assert_eq!(complete_error("<Other/>", "7", |_| ""), "<Other/>");
    }
}
