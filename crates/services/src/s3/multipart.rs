//! Multipart uploads, and how their parts become an object. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>

use std::{collections::BTreeMap, sync::Arc};

use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
    dto::CompletedPart,
    s3_error,
};
use time::OffsetDateTime;

use super::{
    blob::Content,
    digests::{Algorithm, Checksum, Digested, Kind, Sum, combined, hex},
    integrity::bad_digest,
    object::{self, Attributes, Object},
    tags::Tags,
};

const MAX_PART_NUMBER: i32 = 10_000;
/// The least size of every part except the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// An incomplete upload.
#[derive(Debug)]
pub struct Session {
    pub started: OffsetDateTime,
    pub attributes: Arc<Attributes>,
    pub tags: Tags,
    /// The uploader's choice; `None`: S3's own CRC64NVME.
    pub algorithm: Option<Algorithm>,
    pub kind: Kind,
    pub parts: BTreeMap<i32, UploadedPart>,
}

#[derive(Debug, Clone)]
pub struct UploadedPart {
    pub content: Content,
    pub md5: [u8; 16],
    pub sums: Vec<Sum>,
    pub modified: OffsetDateTime,
}

impl UploadedPart {
    pub fn new(content: Content, digested: Digested, modified: OffsetDateTime) -> Self {
        Self {
            content,
            md5: digested.md5,
            sums: digested.sums,
            modified,
        }
    }

    pub fn etag(&self) -> String {
        hex(self.md5)
    }

    pub fn sum(&self, algorithm: Algorithm) -> Option<&Sum> {
        self.sums.iter().find(|sum| sum.algorithm == algorithm)
    }
}

/// What a request to complete an upload declares of the object.
#[derive(Debug, Default)]
pub struct Expected {
    pub sum: Option<(Algorithm, String)>,
    pub kind: Option<String>,
    pub size: Option<i64>,
}

pub fn check_part_number(number: i32) -> S3Result<()> {
    if (1..=MAX_PART_NUMBER).contains(&number) {
        return Ok(());
    }
    Err(s3_error!(
        InvalidArgument,
        "Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive"
    ))
}

impl Session {
    /// The algorithm of the parts' sums.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::Crc64Nvme)
    }

    /// Whether a part may come with a sum by this algorithm, or without one.
    pub fn check_sum_of_part(&self, sent: Option<Algorithm>) -> S3Result<()> {
        let Some(expected) = self.algorithm else {
            return Ok(());
        };
        if sent == Some(expected) || (sent.is_none() && self.kind == Kind::FullObject) {
            return Ok(());
        }
        let name = |algorithm: Algorithm| algorithm.name().to_ascii_lowercase();
        let (expected, actual) = (name(expected), sent.map_or("null".to_owned(), name));
        Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {expected}, \
             actual checksum Type: {actual}"
        ))
    }

    /// The object that the listed parts make.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
    pub fn assemble(
        &self,
        listed: &[CompletedPart],
        expected: &Expected,
        now: OffsetDateTime,
    ) -> S3Result<Object> {
        let chosen = self.chosen(listed)?;
        let too_small = |part: &&UploadedPart| part.content.length() < MIN_PART_BYTES;
        if chosen[..chosen.len() - 1].iter().any(too_small) {
            return Err(s3_error!(EntityTooSmall));
        }
        let content = Content::joined(chosen.iter().map(|part| part.content.clone()));
        if expected
            .size
            .is_some_and(|size| size != object::size(content.length()))
        {
            return Err(s3_error!(
                InvalidRequest,
                "The provided 'x-amz-mp-object-size' header value does not match what was computed"
            ));
        }
        let algorithm = self.algorithm();
        let sums: Option<Vec<(Sum, u64)>> = chosen
            .iter()
            .map(|part| Some((part.sum(algorithm)?.clone(), part.content.length())))
            .collect();
        let sums = sums.ok_or_else(|| s3_error!(InternalError))?;
        let checksum = combined(algorithm, self.kind, &sums);
        self.check_object(&checksum, expected)?;
        let digests: Vec<u8> = chosen.iter().flat_map(|part| part.md5).collect();
        let etag = hex(Md5::checksum(&digests));
        Ok(Object {
            parts: places(&chosen, (self.kind == Kind::Composite).then_some(algorithm)),
            content,
            etag: format!("{etag}-{}", chosen.len()),
            modified: now,
            attributes: Arc::clone(&self.attributes),
            checksum: Some(checksum),
            tags: self.tags.clone(),
        })
    }

    /// The uploaded parts that are listed: in ascending order, each with its entity tag and sums.
    fn chosen(&self, listed: &[CompletedPart]) -> S3Result<Vec<&UploadedPart>> {
        if listed.is_empty() {
            return Err(s3_error!(MalformedXML));
        }
        let mut last = 0;
        let mut chosen = Vec::with_capacity(listed.len());
        for entry in listed {
            let number = entry.part_number.ok_or_else(|| s3_error!(MalformedXML))?;
            check_part_number(number)?;
            if number <= last {
                return Err(s3_error!(InvalidPartOrder));
            }
            last = number;
            let part = self
                .parts
                .get(&number)
                .ok_or_else(|| s3_error!(InvalidPart))?;
            let etag = entry
                .e_tag
                .as_ref()
                .ok_or_else(|| s3_error!(MalformedXML))?;
            if etag.value().trim_matches('"') != part.etag() {
                return Err(s3_error!(InvalidPart));
            }
            self.check_listed_sums(number, entry, part)?;
            chosen.push(part);
        }
        Ok(chosen)
    }

    fn check_listed_sums(
        &self,
        number: i32,
        entry: &CompletedPart,
        part: &UploadedPart,
    ) -> S3Result<()> {
        let declared = |algorithm| match algorithm {
            Algorithm::Crc32 => entry.checksum_crc32.as_deref(),
            Algorithm::Crc32c => entry.checksum_crc32c.as_deref(),
            Algorithm::Crc64Nvme => entry.checksum_crc64nvme.as_deref(),
            Algorithm::Sha1 => entry.checksum_sha1.as_deref(),
            Algorithm::Sha256 => entry.checksum_sha256.as_deref(),
        };
        for algorithm in Algorithm::ALL {
            let sum = part.sum(algorithm).map(Sum::base64);
            if declared(algorithm).is_some_and(|text| sum.as_deref() != Some(text)) {
                return Err(s3_error!(InvalidPart));
            }
        }
        if let Some(algorithm) = self.algorithm
            && self.kind == Kind::Composite
            && declared(algorithm).is_none()
        {
            let name = algorithm.name().to_ascii_lowercase();
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using a {name} checksum. The complete request must \
                 include the checksum for each part. It was missing for part {number} in the \
                 request."
            ));
        }
        Ok(())
    }

    fn check_object(&self, checksum: &Checksum, expected: &Expected) -> S3Result<()> {
        if expected
            .kind
            .as_ref()
            .is_some_and(|kind| kind != self.kind.name())
        {
            let kind = self.kind.name();
            return Err(s3_error!(
                InvalidRequest,
                "The upload was created using the {kind} checksum mode. The complete request \
                 must use the same checksum mode."
            ));
        }
        match &expected.sum {
            None => Ok(()),
            Some((algorithm, _)) if *algorithm != checksum.algorithm => self
                .check_sum_of_part(Some(*algorithm))
                .and(Err(bad_digest(*algorithm))),
            Some((_, value)) if *value == checksum.value => Ok(()),
            Some((algorithm, _)) => Err(bad_digest(*algorithm)),
        }
    }
}

/// The parts' ranges in the object, with their sums where the object's sum is made of them.
fn places(parts: &[&UploadedPart], algorithm: Option<Algorithm>) -> Vec<object::Part> {
    let mut at = 0;
    parts
        .iter()
        .map(|part| {
            let start = at;
            at += part.content.length();
            object::Part {
                range: start..at,
                sum: algorithm.and_then(|algorithm| part.sum(algorithm).cloned()),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use s3s::dto::ETag;

    use super::*;
    use crate::s3::digests::Digests;

    fn part() -> UploadedPart {
        let mut digests = Digests::new(Algorithm::ALL);
        digests.update(b"");
        let digested = digests.finish();
        UploadedPart {
            content: Content::default(),
            md5: digested.md5,
            sums: digested.sums,
            modified: OffsetDateTime::UNIX_EPOCH,
        }
    }

    fn session(algorithm: Option<Algorithm>, kind: Kind, numbers: &[i32]) -> Session {
        Session {
            started: OffsetDateTime::UNIX_EPOCH,
            attributes: Arc::default(),
            tags: Tags::default(),
            algorithm,
            kind,
            parts: numbers.iter().map(|number| (*number, part())).collect(),
        }
    }

    fn listed(number: i32) -> CompletedPart {
        CompletedPart {
            part_number: Some(number),
            e_tag: Some(ETag::Strong(part().etag())),
            ..CompletedPart::default()
        }
    }

    fn outcome(session: &Session, list: &[CompletedPart], expected: &Expected) -> String {
        let object = session.assemble(list, expected, OffsetDateTime::UNIX_EPOCH);
        object.map_or_else(
            |error| error.code().as_str().to_owned(),
            |object| object.etag,
        )
    }

    #[test]
    fn a_list_that_is_not_of_the_parts_is_refused() {
        let session = session(None, Kind::FullObject, &[3, 7]);
        let nothing = Expected::default();
        let foreign = CompletedPart {
            e_tag: Some(ETag::Strong("00".to_owned())),
            ..listed(3)
        };
        for (list, code) in [
            (vec![], "MalformedXML"),
            (vec![listed(1)], "InvalidPart"),
            (vec![foreign], "InvalidPart"),
            (vec![listed(7), listed(3)], "InvalidPartOrder"),
            (vec![listed(3), listed(3)], "InvalidPartOrder"),
            (vec![listed(0)], "InvalidArgument"),
            (vec![listed(3), listed(7)], "EntityTooSmall"),
            (vec![CompletedPart::default()], "MalformedXML"),
        ] {
            assert_eq!(outcome(&session, &list, &nothing), code);
        }
        let md5_of_md5 = "59adb24ef3cdbe0297f05b395827453f-1";
        assert_eq!(outcome(&session, &[listed(7)], &nothing), md5_of_md5);
    }

    #[test]
    fn what_is_said_of_the_object_must_be_so() {
        let session = session(Some(Algorithm::Crc32), Kind::FullObject, &[1]);
        let sum = |algorithm, value: &str| Expected {
            sum: Some((algorithm, value.to_owned())),
            ..Expected::default()
        };
        let kind = Expected {
            kind: Some("COMPOSITE".to_owned()),
            ..Expected::default()
        };
        let size = Expected {
            size: Some(1),
            ..Expected::default()
        };
        for (expected, code) in [
            (sum(Algorithm::Crc32, "AAAAAQ=="), "BadDigest"),
            (sum(Algorithm::Sha1, "AAAA"), "InvalidRequest"),
            (kind, "InvalidRequest"),
            (size, "InvalidRequest"),
        ] {
            assert_eq!(outcome(&session, &[listed(1)], &expected), code);
        }
        let right = sum(Algorithm::Crc32, "AAAAAA==");
        assert!(outcome(&session, &[listed(1)], &right).ends_with("-1"));
    }

    #[test]
    fn a_composite_sum_needs_each_parts_sum() {
        let session = session(Some(Algorithm::Crc32), Kind::Composite, &[1]);
        let nothing = Expected::default();
        assert_eq!(outcome(&session, &[listed(1)], &nothing), "InvalidRequest");
        let with = |value: &str| CompletedPart {
            checksum_crc32: Some(value.to_owned()),
            ..listed(1)
        };
        assert_eq!(
            outcome(&session, &[with("AAAAAQ==")], &nothing),
            "InvalidPart"
        );
        assert!(outcome(&session, &[with("AAAAAA==")], &nothing).ends_with("-1"));
        assert!(session.check_sum_of_part(Some(Algorithm::Crc32)).is_ok());
        assert!(session.check_sum_of_part(Some(Algorithm::Sha1)).is_err());
        assert!(session.check_sum_of_part(None).is_err());
    }
}
