//! Objects, and the attributes that a client may give them. Pure.

use std::{ops::Range, sync::Arc};

use s3s::{
    S3Result,
    dto::{ETag, Metadata, StorageClass, Timestamp},
    s3_error,
};
use time::OffsetDateTime;

use super::{
    blob::Content,
    digests::{Algorithm, Checksum, Kind, Sum},
    tags::Tags,
};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MAX_METADATA: usize = 2048;
const MAX_KEY: usize = 1024;
/// The content type of an object that was uploaded without one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
const DEFAULT_TYPE: &str = "binary/octet-stream";
/// The storage classes of a Region; `EXPRESS_ONEZONE`, OUTPOSTS and SNOW exist elsewhere.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>
const STORAGE_CLASSES: [&str; 8] = [
    StorageClass::STANDARD,
    StorageClass::REDUCED_REDUNDANCY,
    StorageClass::STANDARD_IA,
    StorageClass::ONEZONE_IA,
    StorageClass::INTELLIGENT_TIERING,
    StorageClass::GLACIER,
    StorageClass::GLACIER_IR,
    StorageClass::DEEP_ARCHIVE,
];

/// An object, which is replaced and never changed.
#[derive(Debug, Clone)]
pub struct Object {
    pub content: Content,
    /// Empty for an object that was uploaded in one piece.
    pub parts: Vec<Part>,
    pub etag: String,
    /// To the second, as in S3.
    pub modified: OffsetDateTime,
    pub attributes: Arc<Attributes>,
    pub checksum: Option<Checksum>,
    pub tags: Tags,
}

/// A part of an object, by its place in it.
#[derive(Debug, Clone)]
pub struct Part {
    pub range: Range<u64>,
    pub sum: Option<Sum>,
}

/// The attributes that a client gives an object when it uploads it.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_type: Option<String>,
    /// As it was sent: S3 returns it unchanged, even if it is not a date.
    pub expires: Option<String>,
    pub metadata: Metadata,
    pub storage_class: Option<String>,
    pub website_redirect: Option<String>,
}

impl Attributes {
    /// Refuses what S3 refuses.
    pub fn check(&self) -> S3Result<()> {
        let metadata: usize = self
            .metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if metadata > MAX_METADATA {
            return Err(s3_error!(MetadataTooLarge));
        }
        let exists = |class: &String| STORAGE_CLASSES.contains(&class.as_str());
        if !self.storage_class.as_ref().is_none_or(exists) {
            return Err(s3_error!(InvalidStorageClass));
        }
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html>
        let is_valid = |to: &String| {
            ["/", "http://", "https://"]
                .iter()
                .any(|way| to.starts_with(way))
        };
        if !self.website_redirect.as_ref().is_none_or(is_valid) {
            return Err(super::error_messages::custom(
                "InvalidRedirectLocation",
                400,
                "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
            ));
        }
        Ok(())
    }

    pub fn content_type(&self) -> String {
        let sent = self.content_type.clone().filter(|text| !text.is_empty());
        sent.unwrap_or_else(|| DEFAULT_TYPE.to_owned())
    }

    pub fn storage_class(&self) -> &str {
        self.storage_class
            .as_deref()
            .unwrap_or(StorageClass::STANDARD)
    }

    /// The header; STANDARD has none.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub fn storage_class_header(&self) -> Option<StorageClass> {
        let class = self.storage_class();
        (class != StorageClass::STANDARD).then(|| StorageClass::from(class.to_owned()))
    }

    pub fn metadata(&self) -> Option<Metadata> {
        (!self.metadata.is_empty()).then(|| self.metadata.clone())
    }
}

impl Object {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub fn require_readable(&self) -> S3Result<()> {
        if self.is_archived() {
            return Err(super::error_messages::custom(
                "InvalidObjectState",
                403,
                "The operation is not valid for the object's storage class",
            ));
        }
        Ok(())
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub fn require_copyable(&self) -> S3Result<()> {
        if self.is_archived() {
            return Err(super::error_messages::custom(
                "ObjectNotInActiveTierError",
                403,
                "The source object of the COPY operation is not in the active tier and is only \
                 stored in Amazon S3 Glacier.",
            ));
        }
        Ok(())
    }

    /// Objects cannot be restored here.
    fn is_archived(&self) -> bool {
        matches!(self.attributes.storage_class(), "GLACIER" | "DEEP_ARCHIVE")
    }

    pub fn size(&self) -> u64 {
        self.content.length()
    }

    pub fn e_tag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    pub fn last_modified(&self) -> Timestamp {
        self.modified.into()
    }

    /// How many parts a multipart object has.
    pub fn parts_count(&self) -> Option<i32> {
        (!self.parts.is_empty()).then(|| count(self.parts.len()))
    }
}

/// A count in the type of S3's answers.
pub fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A size in the type of S3's answers.
pub fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A key is any text of at most 1,024 bytes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
pub fn check_key(key: &str) -> S3Result<()> {
    if key.len() > MAX_KEY {
        return Err(s3_error!(KeyTooLongError));
    }
    Ok(())
}

/// Sets the checksum field of one of s3s's outputs, which have the same fields and no common type.
macro_rules! answer_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some((algorithm, value)) = $checksum {
            let field = match algorithm {
                $crate::s3::digests::Algorithm::Crc32 => &mut $output.checksum_crc32,
                $crate::s3::digests::Algorithm::Crc32c => &mut $output.checksum_crc32c,
                $crate::s3::digests::Algorithm::Crc64Nvme => &mut $output.checksum_crc64nvme,
                $crate::s3::digests::Algorithm::Sha1 => &mut $output.checksum_sha1,
                $crate::s3::digests::Algorithm::Sha256 => &mut $output.checksum_sha256,
            };
            *field = Some(value);
        }
    };
}
pub(super) use answer_checksum;

/// Sets the checksum and its type in an output that has both.
macro_rules! answer_object_checksum {
    ($output:expr, $object:expr) => {
        if let Some(checksum) = &$object.checksum {
            $output.checksum_type = Some($crate::s3::object::checksum_type(checksum.kind));
            $crate::s3::object::answer_checksum!(
                $output,
                Some((checksum.algorithm, checksum.value.clone()))
            );
        }
    };
}
pub(super) use answer_object_checksum;

/// The type of a checksum, as s3s has it.
pub fn checksum_type(kind: Kind) -> s3s::dto::ChecksumType {
    s3s::dto::ChecksumType::from_static(kind.name())
}

/// The algorithm of a checksum, as s3s has it.
pub fn checksum_algorithm(algorithm: Algorithm) -> s3s::dto::ChecksumAlgorithm {
    s3s::dto::ChecksumAlgorithm::from_static(algorithm.name())
}

/// The attributes in one of s3s's inputs; `$expires` is the header as it was sent.
macro_rules! attributes {
    ($input:expr, $expires:expr) => {
        $crate::s3::object::Attributes {
            cache_control: $input.cache_control.take(),
            content_disposition: $input.content_disposition.take(),
            content_encoding: $input.content_encoding.take(),
            content_language: $input.content_language.take(),
            content_type: $input.content_type.take(),
            expires: $expires,
            metadata: $input.metadata.take().unwrap_or_default(),
            storage_class: $input
                .storage_class
                .take()
                .map(|class| class.as_str().to_owned()),
            website_redirect: $input.website_redirect_location.take(),
        }
    };
}
pub(super) use attributes;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(attributes: &Attributes) -> String {
        let checked = attributes.check();
        checked.map_or_else(|error| error.code().as_str().to_owned(), |()| String::new())
    }

    #[test]
    fn metadata_may_have_two_kilobytes_of_names_and_values() {
        let of = |length| Attributes {
            metadata: [("name".to_owned(), "x".repeat(length))].into(),
            ..Attributes::default()
        };
        assert_eq!(refused(&of(2044)), "");
        assert_eq!(refused(&of(2045)), "MetadataTooLarge");
    }

    #[test]
    fn a_storage_class_is_one_of_s3s() {
        let of = |class: &str| Attributes {
            storage_class: Some(class.to_owned()),
            ..Attributes::default()
        };
        assert_eq!(refused(&of("GLACIER_IR")), "");
        assert_eq!(refused(&of("COLD")), "InvalidStorageClass");
        assert!(of("STANDARD").storage_class_header().is_none());
        assert!(of("STANDARD_IA").storage_class_header().is_some());
    }

    #[test]
    fn a_redirect_leads_to_a_path_or_a_url() {
        let to = |to: &str| Attributes {
            website_redirect: Some(to.to_owned()),
            ..Attributes::default()
        };
        assert_eq!(refused(&to("/elsewhere")), "");
        assert_eq!(refused(&to("elsewhere")), "InvalidRedirectLocation");
    }

    #[test]
    fn keys_are_measured_in_bytes() {
        assert!(check_key(&"é".repeat(512)).is_ok());
        assert!(check_key(&"é".repeat(513)).is_err());
    }
}
