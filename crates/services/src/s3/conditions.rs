//! Conditional reads, writes and deletes. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>

use axum::http::{HeaderMap, header};
use s3s::{
    S3Result,
    dto::{ETag, ETagCondition, Timestamp, TimestampFormat},
    s3_error,
};
use time::OffsetDateTime;

use super::object::Object;

/// The conditions of a read.
#[derive(Debug, Default)]
pub struct ReadIf {
    pub matches: Option<ETagCondition>,
    pub none_matches: Option<ETagCondition>,
    pub modified_since: Option<Timestamp>,
    pub unmodified_since: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    NotModified,
    Failed,
}

impl ReadIf {
    /// An entity tag decides before a date of its kind.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub fn judge(&self, etag: &str, modified: OffsetDateTime) -> Verdict {
        let since = |date: &Timestamp| OffsetDateTime::from(date.clone()) < modified;
        let is_unchanged = match (&self.matches, &self.unmodified_since) {
            (Some(condition), _) => names(condition, etag),
            (None, Some(date)) => !since(date),
            (None, None) => true,
        };
        if !is_unchanged {
            return Verdict::Failed;
        }
        let is_new = match (&self.none_matches, &self.modified_since) {
            (Some(condition), _) => !names(condition, etag),
            (None, Some(date)) => since(date),
            (None, None) => true,
        };
        if is_new {
            Verdict::Holds
        } else {
            Verdict::NotModified
        }
    }

    /// For a copy: fails unless all conditions hold.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub fn require(&self, source: &Object) -> S3Result<()> {
        match self.judge(&source.etag, source.modified) {
            Verdict::Holds => Ok(()),
            Verdict::NotModified | Verdict::Failed => Err(s3_error!(PreconditionFailed)),
        }
    }
}

/// Whether a range counts: `If-Range` allows it only for the object that it names.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5>
pub fn keeps_range(headers: &HeaderMap, object: &Object) -> bool {
    let Some(value) = headers.get(header::IF_RANGE) else {
        return true;
    };
    let text = value.to_str().unwrap_or_default().trim();
    if let Some(tag) = text.strip_prefix('"') {
        return tag.strip_suffix('"') == Some(&object.etag);
    }
    Timestamp::parse(TimestampFormat::HttpDate, text).is_ok_and(|date| {
        OffsetDateTime::from(date).unix_timestamp() == object.modified.unix_timestamp()
    })
}

/// The conditions of a write or a delete, on the present object.
#[derive(Debug, Default)]
pub struct WriteIf {
    pub matches: Option<ETagCondition>,
    pub none_matches: Option<ETagCondition>,
}

impl WriteIf {
    pub fn check(&self, present: Option<&Object>) -> S3Result<()> {
        match &self.none_matches {
            Some(ETagCondition::ETag(_)) => return Err(s3_error!(NotImplemented)),
            Some(ETagCondition::Any) if present.is_some() => {
                return Err(s3_error!(PreconditionFailed));
            }
            _ => {}
        }
        match (&self.matches, present) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(s3_error!(NoSuchKey)),
            (Some(condition), Some(object)) if names(condition, &object.etag) => Ok(()),
            (Some(_), Some(_)) => Err(s3_error!(PreconditionFailed)),
        }
    }
}

/// Whether this tag is among a condition's tags.
fn names(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(ETag::Strong(tags) | ETag::Weak(tags)) => tags
            .split(',')
            .any(|tag| tag.trim().trim_start_matches("W/").trim_matches('"') == etag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "0af9-2";
    const MODIFIED: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

    fn date(text: &str) -> Timestamp {
        Timestamp::parse(TimestampFormat::HttpDate, text).expect("a date")
    }

    fn judged(if_match: &str, if_none_match: &str, modified: &str, unmodified: &str) -> Verdict {
        let tag = |text: &str| (!text.is_empty()).then(|| text.parse().expect("a condition"));
        let day =
            |text: &str| (!text.is_empty()).then(|| date(&format!("Wed, 21 Oct 2015 {text} GMT")));
        let conditions = ReadIf {
            matches: tag(if_match),
            none_matches: tag(if_none_match),
            modified_since: day(modified),
            unmodified_since: day(unmodified),
        };
        conditions.judge(TAG, date(MODIFIED).into())
    }

    #[test]
    fn a_read_is_judged_in_awss_order() {
        let (same, other, before, at, after) =
            ("\"0af9-2\"", "\"00\"", "07:27:59", "07:28:00", "07:28:01");
        for (conditions, expected) in [
            (["", "", "", ""], Verdict::Holds),
            ([same, "", "", ""], Verdict::Holds),
            (["*", "", "", ""], Verdict::Holds),
            ([other, "", "", ""], Verdict::Failed),
            (["\"00\", \"0af9-2\"", "", "", ""], Verdict::Holds),
            (["", same, "", ""], Verdict::NotModified),
            (["", "*", "", ""], Verdict::NotModified),
            (["", "W/\"0af9-2\"", "", ""], Verdict::NotModified),
            (["", other, "", ""], Verdict::Holds),
            (["", "", before, ""], Verdict::Holds),
            (["", "", at, ""], Verdict::NotModified),
            (["", "", after, ""], Verdict::NotModified),
            (["", "", "", before], Verdict::Failed),
            (["", "", "", at], Verdict::Holds),
            // The two pairs that AWS documents.
            ([same, "", "", before], Verdict::Holds),
            (["", same, before, ""], Verdict::NotModified),
            (["", other, after, ""], Verdict::Holds),
            ([other, same, "", ""], Verdict::Failed),
        ] {
            let [tag, none, modified, unmodified] = conditions;
            assert_eq!(
                judged(tag, none, modified, unmodified),
                expected,
                "{conditions:?}"
            );
        }
    }
}
