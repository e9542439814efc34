//! Listings: the keys of a page, the start of the next page, and how names are encoded. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html>

use std::{collections::BTreeMap, ops::Bound};

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use s3s::{S3Result, dto::EncodingType, s3_error};

/// The most keys in one page.
pub const MAX_KEYS: i32 = 1000;
/// The start of every continuation token, so that other texts are refused.
const TOKEN: &str = "lambdameter:";

/// What to list.
#[derive(Debug, Default)]
pub struct Query<'query> {
    pub prefix: &'query str,
    /// Never empty; `None`: keys are not rolled up.
    pub delimiter: Option<&'query str>,
    pub after: After<'query>,
    pub most: usize,
}

/// Where a page begins.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub enum After<'query> {
    #[default]
    Start,
    /// After a key.
    Key(&'query str),
    /// After a key, or after all keys of its common prefix.
    Rolled(&'query str),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Entry<'keys, V> {
    Key(&'keys str, &'keys V),
    CommonPrefix(&'keys str),
}

#[derive(Debug)]
pub struct Page<'keys, V> {
    pub entries: Vec<Entry<'keys, V>>,
    pub truncated: bool,
}

impl<'keys, V> Page<'keys, V> {
    /// The name after which the next page begins.
    pub fn last(&self) -> Option<&'keys str> {
        self.entries.last().map(|entry| match entry {
            Entry::Key(name, _) | Entry::CommonPrefix(name) => *name,
        })
    }
}

/// One page of keys in the order of UTF-8; each common prefix counts once.
pub fn page<'keys, V>(keys: &'keys BTreeMap<String, V>, query: &Query<'_>) -> Page<'keys, V> {
    let mut entries = Vec::new();
    let mut from = match &query.after {
        After::Start => Bound::Included(query.prefix.to_owned()),
        After::Key(key) | After::Rolled(key) if *key < query.prefix => {
            Bound::Included(query.prefix.to_owned())
        }
        After::Key(key) => Bound::Excluded((*key).to_owned()),
        After::Rolled(key) => match query.common_prefix(key) {
            Some(rolled) => after_prefix(rolled),
            None => Bound::Excluded((*key).to_owned()),
        },
    };
    while let Some((key, value)) = keys.range((from, Bound::Unbounded)).next() {
        if !key.starts_with(query.prefix) {
            break;
        }
        if entries.len() >= query.most {
            // An empty page is never truncated: the next page would be the same one.
            let truncated = query.most > 0;
            return Page { entries, truncated };
        }
        if let Some(rolled) = query.common_prefix(key) {
            entries.push(Entry::CommonPrefix(rolled));
            from = after_prefix(rolled);
        } else {
            entries.push(Entry::Key(key, value));
            from = Bound::Excluded(key.clone());
        }
    }
    Page {
        entries,
        truncated: false,
    }
}

impl Query<'_> {
    fn common_prefix<'key>(&self, key: &'key str) -> Option<&'key str> {
        common_prefix(key, self.prefix, self.delimiter)
    }
}

/// The part of a key up to the first delimiter after the prefix.
pub fn common_prefix<'key>(
    key: &'key str,
    prefix: &str,
    delimiter: Option<&str>,
) -> Option<&'key str> {
    let delimiter = delimiter?;
    let rest = key.strip_prefix(prefix)?;
    let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
    Some(&key[..end])
}

/// The bound after all keys with a prefix: its last character that has a successor, incremented.
fn after_prefix(prefix: &str) -> Bound<String> {
    let mut next = prefix.to_owned();
    while let Some(last) = next.pop() {
        let step = (last as u32 + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(step) = step {
            next.push(step);
            return Bound::Included(next);
        }
    }
    // There is nothing after a prefix of the greatest characters.
    Bound::Excluded(char::MAX.to_string().repeat(1024))
}

/// The continuation token for the page after a name.
pub fn token(name: &str) -> String {
    BASE64.encode_to_string(format!("{TOKEN}{name}"))
}

/// The name in a continuation token.
pub fn read_token(token: &str) -> S3Result<String> {
    let decoded = BASE64.decode_to_vec(token).unwrap_or_default();
    let text = String::from_utf8(decoded).unwrap_or_default();
    match text.strip_prefix(TOKEN) {
        Some(name) => Ok(name.to_owned()),
        None => Err(s3_error!(
            InvalidArgument,
            "The continuation token provided is incorrect"
        )),
    }
}

/// The size of a page: the argument `name` of the request, but at most what S3 lists.
pub fn most(name: &str, requested: Option<i32>) -> S3Result<i32> {
    match requested.unwrap_or(MAX_KEYS) {
        requested @ 0.. => Ok(requested.min(MAX_KEYS)),
        _ => Err(s3_error!(
            InvalidArgument,
            "Argument {name} must be an integer between 0 and 2147483647"
        )),
    }
}

/// How names are written in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub fn named(name: Option<&EncodingType>) -> S3Result<Self> {
        match name.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some("url") => Ok(Self::Url),
            Some(_) => Err(s3_error!(
                InvalidArgument,
                "Invalid Encoding Method specified in Request"
            )),
        }
    }

    /// Encoded as in a form, except `/`.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    pub fn of(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Url => name
                .split('/')
                .map(|part| form_urlencoded::byte_serialize(part.as_bytes()).collect::<String>())
                .collect::<Vec<_>>()
                .join("/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 8] = [
        "a",
        "a/1",
        "a/2",
        "a0",
        "b/",
        "b/x/1",
        "b/x/2",
        "c\u{10ffff}",
    ];

    /// A page's names, with `...` where there are more.
    fn listed(prefix: &str, delimiter: &str, after: After<'_>, most: usize) -> Vec<String> {
        let keys: BTreeMap<String, u8> = KEYS.map(|key| (key.to_owned(), 0)).into();
        let query = Query {
            prefix,
            delimiter: (!delimiter.is_empty()).then_some(delimiter),
            after,
            most,
        };
        let page = page(&keys, &query);
        let names = page.entries.iter().map(|entry| match entry {
            Entry::Key(name, _) => (*name).to_owned(),
            Entry::CommonPrefix(name) => format!("{name}*"),
        });
        let more = page.truncated.then(|| "...".to_owned());
        names.chain(more).collect()
    }

    #[test]
    fn a_listing_is_in_the_order_of_utf_8() {
        assert_eq!(listed("", "", After::Start, 1000), KEYS);
        assert_eq!(listed("a/", "", After::Start, 1000), ["a/1", "a/2"]);
        assert!(listed("d", "", After::Start, 1000).is_empty());
    }

    #[test]
    fn keys_are_rolled_up_to_the_first_delimiter_behind_the_prefix() {
        let all = ["a", "a/*", "a0", "b/*", "c\u{10ffff}"];
        assert_eq!(listed("", "/", After::Start, 1000), all);
        assert_eq!(listed("b/", "/", After::Start, 1000), ["b/", "b/x/*"]);
        assert_eq!(listed("b", "x/", After::Start, 1000), ["b/", "b/x/*"]);
        assert_eq!(listed("a/", "/", After::Start, 1000), ["a/1", "a/2"]);
    }

    #[test]
    fn a_page_has_so_many_keys_and_common_prefixes_and_leads_to_the_next() {
        assert_eq!(listed("", "/", After::Start, 2), ["a", "a/*", "..."]);
        assert_eq!(
            listed("", "/", After::Rolled("a/"), 2),
            ["a0", "b/*", "..."]
        );
        assert_eq!(listed("", "/", After::Rolled("b/"), 2), ["c\u{10ffff}"]);
        assert!(listed("", "/", After::Start, 0).is_empty());
    }

    #[test]
    fn a_start_inside_a_common_prefix_leaves_the_rest_of_it_and_a_marker_does_not() {
        assert_eq!(listed("", "/", After::Key("a/1"), 2), ["a/*", "a0", "..."]);
        assert_eq!(
            listed("", "/", After::Rolled("a/1"), 2),
            ["a0", "b/*", "..."]
        );
        assert_eq!(listed("b/", "", After::Key("a"), 1), ["b/", "..."]);
        assert!(listed("a", "", After::Key("b"), 10).is_empty());
    }

    #[test]
    fn the_greatest_characters_are_stepped_over() {
        assert_eq!(
            after_prefix("a\u{d7ff}"),
            Bound::Included("a\u{e000}".to_owned())
        );
        assert_eq!(after_prefix("a\u{10ffff}"), Bound::Included("b".to_owned()));
        assert_eq!(
            listed("", "\u{10ffff}", After::Rolled("c\u{10ffff}"), 1).len(),
            0
        );
    }

    #[test]
    fn a_token_leads_where_it_came_from_and_no_other_text_does() {
        for name in ["", "a b", "\u{1}é/"] {
            assert_eq!(read_token(&token(name)).ok().as_deref(), Some(name));
        }
        for wrong in ["", "a", "not a token", "bGFtYmRh"] {
            assert!(read_token(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_encoded_as_in_a_form() {
        let encoded = Encoding::Url.of("a b+c/é%\u{1}?&~*");
        assert_eq!(encoded, "a+b%2Bc/%C3%A9%25%01%3F%26%7E*");
        assert_eq!(Encoding::Plain.of("a b"), "a b");
    }
}
