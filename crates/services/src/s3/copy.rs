//! Copies of objects and parts. Their bytes are shared, not copied.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>

use std::{ops::Range, sync::Arc};

use futures_util::StreamExt;
use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource, ETag,
        MetadataDirective, TaggingDirective, UploadPartCopyInput, UploadPartCopyOutput,
    },
    s3_error,
};

use super::{
    blob::Content,
    conditions::WriteIf,
    digests::{Algorithm, Checksum, Digested, Digests, Kind},
    multipart::{UploadedPart, check_part_number},
    object::{Attributes, Object, answer_checksum, answer_object_checksum, attributes},
    read::{encryption, source_conditions},
    request::AsSent,
    store::{Store, only_version},
    tags::Tags,
    unsupported,
};

/// The largest object that can be copied in one request.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html>
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// The conditions of a source have the same names in both operations.
macro_rules! conditions {
    ($input:expr) => {
        source_conditions(
            $input.copy_source_if_match.take(),
            $input.copy_source_if_none_match.take(),
            $input.copy_source_if_modified_since.take(),
            $input.copy_source_if_unmodified_since.take(),
        )
    };
}

pub async fn copy_object(
    store: &Store,
    mut request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let expires = AsSent::expires(&request.extensions);
    let condition = destination_condition(&request)?;
    let input = &mut request.input;
    store.require_bucket(&input.bucket)?;
    let (bucket, key) = source_location(&input.copy_source)?;
    let replaces = replaces(input.metadata_directive.as_ref())?;
    if bucket == input.bucket && key == input.key && !replaces {
        check_change(input)?;
    }
    let source = store.object(&bucket, &key)?;
    conditions!(input).require(&source)?;
    source.require_copyable()?;
    check_size(&source)?;
    let tags = tags(input, &source)?;
    let new = attributes!(input, expires);
    new.check()?;
    let attributes = if replaces {
        new
    } else {
        copied_attributes(&source.attributes, new)
    };
    let algorithm = input.checksum_algorithm.as_ref();
    let algorithm = algorithm.map(|name| named(name.as_str())).transpose()?;
    let object = copy_of(store, &source, Arc::new(attributes), tags, algorithm).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(object.e_tag()),
        last_modified: Some(object.last_modified()),
        ..CopyObjectResult::default()
    };
    answer_object_checksum!(result, object);
    store.put(&input.bucket, &input.key, Arc::new(object), &condition)?;
    Ok(S3Response::new(CopyObjectOutput {
        copy_object_result: Some(result),
        server_side_encryption: Some(encryption()),
        ..CopyObjectOutput::default()
    }))
}

/// A copy onto itself that replaces no metadata must change something else.
fn check_change(input: &CopyObjectInput) -> S3Result<()> {
    if input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some()
    {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "This copy request is illegal because it is trying to copy an object to itself without \
         changing the object's metadata, storage class, website redirect location or encryption \
         attributes."
    ))
}

fn check_size(source: &Object) -> S3Result<()> {
    if source.size() > MAX_BYTES {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy \
             source: {MAX_BYTES}"
        ));
    }
    Ok(())
}

/// s3s has no fields for the conditions of a copy's destination.
fn destination_condition<T>(request: &S3Request<T>) -> S3Result<WriteIf> {
    let read = |name: &str| {
        let text = request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok());
        text.map(str::parse)
            .transpose()
            .map_err(|_| s3_error!(InvalidArgument, "The {name} header is not an entity tag"))
    };
    Ok(WriteIf {
        matches: read("if-match")?,
        none_matches: read("if-none-match")?,
    })
}

/// The bucket and the key of a source.
fn source_location(source: &CopySource) -> S3Result<(String, String)> {
    let CopySource::Bucket {
        bucket,
        key,
        version_id,
    } = source
    else {
        return Err(unsupported::not_implemented(
            "access points and Outposts as a copy's source",
        ));
    };
    only_version(version_id.as_deref())?;
    if key.is_empty() {
        return Err(s3_error!(
            InvalidArgument,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        ));
    }
    Ok((bucket.to_string(), key.to_string()))
}

fn replaces(directive: Option<&MetadataDirective>) -> S3Result<bool> {
    match directive.map(MetadataDirective::as_str) {
        None | Some(MetadataDirective::COPY) => Ok(false),
        Some(MetadataDirective::REPLACE) => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown metadata directive.")),
    }
}

fn tags(input: &CopyObjectInput, source: &Object) -> S3Result<Tags> {
    match input
        .tagging_directive
        .as_ref()
        .map(TaggingDirective::as_str)
    {
        None | Some(TaggingDirective::COPY) => Ok(source.tags.clone()),
        Some(TaggingDirective::REPLACE) => Tags::from_header(input.tagging.as_deref()),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown tagging directive.")),
    }
}

/// The source's attributes, without its storage class and its redirect.
fn copied_attributes(source: &Attributes, new: Attributes) -> Attributes {
    Attributes {
        storage_class: new.storage_class,
        website_redirect: new.website_redirect,
        ..source.clone()
    }
}

fn named(name: &str) -> S3Result<Algorithm> {
    Algorithm::named(name)
        .ok_or_else(|| unsupported::not_implemented(&format!("the checksum {name}")))
}

/// Copies an object into one piece, also if the source has several parts.
async fn copy_of(
    store: &Store,
    source: &Object,
    attributes: Arc<Attributes>,
    tags: Tags,
    algorithm: Option<Algorithm>,
) -> S3Result<Object> {
    let present = source.checksum.as_ref();
    let algorithm = algorithm
        .or(present.map(|sum| sum.algorithm))
        .unwrap_or(Algorithm::Crc64Nvme);
    let reusable = present.filter(|sum| sum.algorithm == algorithm && sum.kind == Kind::FullObject);
    let (etag, checksum) = match reusable {
        Some(checksum) if source.parts.is_empty() => (source.etag.clone(), checksum.clone()),
        _ => {
            let digested = digested(source.content.clone(), algorithm).await?;
            let etag = digested.etag();
            let sum = digested.sums.into_iter().next();
            let sum = sum.ok_or_else(|| s3_error!(InternalError))?;
            (etag, Checksum::from(sum))
        }
    };
    Ok(Object {
        content: source.content.clone(),
        parts: Vec::new(),
        etag,
        modified: store.now(),
        attributes,
        checksum: Some(checksum),
        tags,
    })
}

async fn digested(content: Content, algorithm: Algorithm) -> S3Result<Digested> {
    let mut digests = Digests::new([algorithm]);
    let mut bytes = content.read().map_err(S3Error::internal_error)?;
    while let Some(chunk) = bytes.next().await {
        digests.update(&chunk.map_err(S3Error::internal_error)?);
        // Other requests are served meanwhile.
        tokio::task::yield_now().await;
    }
    Ok(digests.finish())
}

pub async fn upload_part_copy(
    store: &Store,
    mut request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let input = &mut request.input;
    check_part_number(input.part_number)?;
    let (algorithm, answered) = store.with_bucket(&input.bucket, |bucket| {
        let session = bucket.upload(&input.key, &input.upload_id)?;
        Ok((session.algorithm(), session.algorithm))
    })?;
    let (bucket, key) = source_location(&input.copy_source)?;
    let source = store.object(&bucket, &key)?;
    conditions!(input).require(&source)?;
    source.require_copyable()?;
    let span = match &input.copy_source_range {
        None => 0..source.size(),
        Some(text) => range(text, source.size())?,
    };
    let content = source.content.slice(&span);
    let digested = digested(content.clone(), algorithm).await?;
    let part = UploadedPart::new(content, digested, store.now());
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag())),
        last_modified: Some(part.modified.into()),
        ..CopyPartResult::default()
    };
    let sum = answered.and_then(|algorithm| part.sum(algorithm));
    answer_checksum!(result, sum.map(|sum| (sum.algorithm, sum.base64())));
    store.put_part(
        &input.bucket,
        (&input.key, &input.upload_id),
        input.part_number,
        part,
    )?;
    Ok(S3Response::new(UploadPartCopyOutput {
        copy_part_result: Some(result),
        server_side_encryption: Some(encryption()),
        ..UploadPartCopyOutput::default()
    }))
}

/// Reads `bytes=first-last`; both must be present and within the object.
fn range(text: &str, size: u64) -> S3Result<Range<u64>> {
    let offsets = text.strip_prefix("bytes=").and_then(|text| {
        let (first, last) = text.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    let Some((first, last)) = offsets.filter(|(first, last)| first <= last) else {
        return Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first \
             and last are the zero-based offsets of the first and last bytes to copy"
        ));
    };
    if last >= size {
        return Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        ));
    }
    Ok(first..last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_to_copy_has_both_ends_and_is_within_the_object() {
        assert_eq!(range("bytes=0-9", 10).ok(), Some(0..10));
        assert_eq!(range("bytes=9-9", 10).ok(), Some(9..10));
        for wrong in [
            "bytes=0-10",
            "bytes=0-",
            "bytes=-1",
            "bytes=2-1",
            "0-1",
            "bytes=a-b",
            "",
        ] {
            assert!(range(wrong, 10).is_err(), "{wrong}");
        }
    }
}
