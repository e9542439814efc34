//! Tags of objects. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use s3s::{
    S3Result,
    dto::{Tag, TagSet},
    s3_error,
};

const MAX_TAGS: usize = 10;
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 256;

/// An object's tags, in the client's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tags(Vec<(String, String)>);

impl Tags {
    /// `x-amz-tagging: a=1&b=2`, encoded as a query.
    pub fn from_header(header: Option<&str>) -> S3Result<Self> {
        let pairs = form_urlencoded::parse(header.unwrap_or_default().as_bytes());
        Self::checked(pairs.into_owned().collect())
    }

    pub fn from_set(set: TagSet) -> S3Result<Self> {
        let pair = |tag: Tag| Some((tag.key?, tag.value?));
        let pairs: Option<Vec<_>> = set.into_iter().map(pair).collect();
        Self::checked(pairs.ok_or_else(|| s3_error!(MalformedXML))?)
    }

    fn checked(pairs: Vec<(String, String)>) -> S3Result<Self> {
        if pairs.len() > MAX_TAGS {
            return Err(s3_error!(
                InvalidTag,
                "Object tags cannot be greater than {MAX_TAGS}"
            ));
        }
        for (at, (name, value)) in pairs.iter().enumerate() {
            if pairs[..at].iter().any(|(other, _)| other == name) {
                return Err(s3_error!(
                    InvalidTag,
                    "Cannot provide multiple Tags with the same key"
                ));
            }
            if name.is_empty() || !is_valid(name, MAX_NAME) {
                return Err(s3_error!(
                    InvalidTag,
                    "The TagKey you have provided is invalid"
                ));
            }
            if !is_valid(value, MAX_VALUE) {
                return Err(s3_error!(
                    InvalidTag,
                    "The TagValue you have provided is invalid"
                ));
            }
            if name.starts_with("aws:") {
                return Err(s3_error!(
                    InvalidTag,
                    "System tags cannot be added/updated by requester"
                ));
            }
        }
        Ok(Self(pairs))
    }

    pub fn set(&self) -> TagSet {
        let tag = |(name, value): &(String, String)| Tag {
            key: Some(name.clone()),
            value: Some(value.clone()),
        };
        self.0.iter().map(tag).collect()
    }

    /// The value of the header `x-amz-tagging-count`; `None`: the object has no tags.
    pub fn count(&self) -> Option<i32> {
        (!self.0.is_empty()).then(|| super::object::count(self.0.len()))
    }
}

/// Letters, digits, spaces and `+ - = . _ : / @`, of any language.
fn is_valid(text: &str, longest: usize) -> bool {
    let is_allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c);
    text.chars().count() <= longest && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(header: &str) -> String {
        let tags = Tags::from_header(Some(header));
        tags.map_or_else(|error| error.code().as_str().to_owned(), |_| String::new())
    }

    #[test]
    fn a_header_is_read_as_a_query_is() {
        let tags = Tags::from_header(Some("a=1&b+c=x%2By&empty=")).expect("sound");
        let pairs = [("a", "1"), ("b c", "x+y"), ("empty", "")];
        assert_eq!(
            tags.0,
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(Tags::from_header(None).expect("none").count(), None);
    }

    #[test]
    fn limits_are_those_of_s3() {
        let many = |count: usize| {
            let pairs: Vec<_> = (0..count).map(|number| format!("k{number}=v")).collect();
            pairs.join("&")
        };
        assert_eq!(refusal(&many(10)), "");
        assert_eq!(
            refusal(&format!("{}={}", "k".repeat(128), "v".repeat(256))),
            ""
        );
        for wrong in [
            many(11),
            format!("{}=v", "k".repeat(129)),
            format!("k={}", "v".repeat(257)),
            "a=1&a=2".to_owned(),
            "=v".to_owned(),
            "a=%3B".to_owned(),
            "aws:a=1".to_owned(),
        ] {
            assert_eq!(refusal(&wrong), "InvalidTag", "{wrong}");
        }
    }
}
