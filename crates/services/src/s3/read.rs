//! Reads objects, parts of them, or their attributes.

use std::{ops::Range as Span, sync::Arc};

use axum::http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        ChecksumMode, ETagCondition, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectAttributesParts, GetObjectInput, GetObjectOutput, HeadObjectInput,
        HeadObjectOutput, ObjectPart, Range, ServerSideEncryption, StorageClass, StreamingBlob,
        Timestamp, TimestampFormat,
    },
    s3_error,
};

use super::{
    conditions::{ReadIf, Verdict, keeps_range},
    digests::{Algorithm, Kind, Sum},
    error_messages,
    object::{Object, answer_checksum, checksum_type, count, size},
    store::{Store, only_version},
};

/// What a request reads of an object.
struct ReadRequest {
    conditions: ReadIf,
    range: Option<Range>,
    part_number: Option<i32>,
    checksum: bool,
}

/// What a request gets of an object.
struct Answer {
    object: Arc<Object>,
    /// `None`: the whole object, with status 200.
    span: Option<Span<u64>>,
    sum: Option<(Algorithm, String)>,
    kind: Option<Kind>,
    parts_count: Option<i32>,
}

/// Both operations have the same fields in s3s, and no common type.
macro_rules! read_request {
    ($input:expr) => {
        ReadRequest {
            conditions: ReadIf {
                matches: $input.if_match.take(),
                none_matches: $input.if_none_match.take(),
                modified_since: $input.if_modified_since.take(),
                unmodified_since: $input.if_unmodified_since.take(),
            },
            range: $input.range,
            part_number: $input.part_number,
            checksum: $input.checksum_mode.as_ref().map(ChecksumMode::as_str)
                == Some(ChecksumMode::ENABLED),
        }
    };
}

/// The output of a read. A request may replace some of the object's attributes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
macro_rules! output {
    ($output:ident, $input:expr, $answer:expr) => {{
        let attributes = &$answer.object.attributes;
        let either = |new: &Option<String>, own: &Option<String>| new.clone().or(own.clone());
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            cache_control: either(&$input.response_cache_control, &attributes.cache_control),
            content_disposition: either(
                &$input.response_content_disposition,
                &attributes.content_disposition,
            ),
            content_encoding: either(
                &$input.response_content_encoding,
                &attributes.content_encoding,
            ),
            content_language: either(
                &$input.response_content_language,
                &attributes.content_language,
            ),
            content_length: Some(size($answer.length())),
            content_range: $answer.content_range(),
            content_type: Some(
                $input
                    .response_content_type
                    .clone()
                    .unwrap_or_else(|| attributes.content_type()),
            ),
            checksum_type: $answer.kind.map(checksum_type),
            e_tag: Some($answer.object.e_tag()),
            expires: $input.response_expires.clone(),
            last_modified: Some($answer.object.last_modified()),
            metadata: attributes.metadata(),
            parts_count: $answer.parts_count,
            server_side_encryption: Some(encryption()),
            storage_class: attributes.storage_class_header(),
            website_redirect_location: attributes.website_redirect.clone(),
            ..$output::default()
        };
        answer_checksum!(output, $answer.sum.clone());
        output
    }};
}

/// S3 encrypts every object so, and says it in its answers.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>
pub fn encryption() -> ServerSideEncryption {
    ServerSideEncryption::from_static(ServerSideEncryption::AES256)
}

pub fn get_object(
    store: &Store,
    mut request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = &mut request.input;
    only_version(input.version_id.as_deref())?;
    let object = store.object(&input.bucket, &input.key)?;
    let answer = find(object, &read_request!(input), &request.headers)?;
    answer.object.require_readable()?;
    let mut output = output!(GetObjectOutput, input, answer);
    let content = match &answer.span {
        Some(span) => answer.object.content.slice(span),
        None => answer.object.content.clone(),
    };
    let bytes = content.read().map_err(S3Error::internal_error)?;
    output.body = Some(StreamingBlob::wrap(bytes));
    output.tag_count = answer.object.tags.count();
    let headers = own_headers(&answer.object, input.response_expires.is_some());
    Ok(S3Response::with_headers(output, headers))
}

pub fn head_object(
    store: &Store,
    mut request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = &mut request.input;
    only_version(input.version_id.as_deref())?;
    let object = store.object(&input.bucket, &input.key)?;
    let answer = find(object, &read_request!(input), &request.headers)?;
    let output = output!(HeadObjectOutput, input, answer);
    let mut headers = own_headers(&answer.object, input.response_expires.is_some());
    if let Some(tags) = answer.object.tags.count() {
        headers.insert("x-amz-tagging-count", tags.into());
    }
    Ok(S3Response::with_headers(output, headers))
}

impl Answer {
    fn length(&self) -> u64 {
        self.span
            .as_ref()
            .map_or(self.object.size(), |span| span.end - span.start)
    }

    fn content_range(&self) -> Option<String> {
        let span = self.span.as_ref().filter(|span| !span.is_empty())?;
        let all = self.object.size();
        Some(format!("bytes {}-{}/{all}", span.start, span.end - 1))
    }
}

/// Checks the conditions, then finds the range.
fn find(object: Arc<Object>, request: &ReadRequest, headers: &HeaderMap) -> S3Result<Answer> {
    let range = request
        .range
        .as_ref()
        .filter(|_| keeps_range(headers, &object));
    match request.conditions.judge(&object.etag, object.modified) {
        Verdict::Holds => {}
        Verdict::NotModified => return Err(not_modified(&object)),
        Verdict::Failed => return Err(s3_error!(PreconditionFailed)),
    }
    let whole = |object: &Object| {
        let checksum = object.checksum.as_ref().filter(|_| request.checksum)?;
        Some(((checksum.algorithm, checksum.value.clone()), checksum.kind))
    };
    let (span, sum) = match (range, request.part_number) {
        (Some(_), Some(_)) => {
            return Err(s3_error!(
                InvalidRequest,
                "Cannot specify both Range header and partNumber query parameter"
            ));
        }
        (None, None) => (None, whole(&object)),
        (Some(range), None) => (Some(satisfied(range, object.size())?), None),
        (None, Some(number)) => {
            let (span, sum) = part(&object, number)?;
            let of_part = |sum: Sum| ((sum.algorithm, sum.base64()), Kind::Composite);
            let sum = if object.parts.is_empty() {
                whole(&object)
            } else {
                sum.filter(|_| request.checksum).map(of_part)
            };
            (Some(span), sum)
        }
    };
    let parts_count = request.part_number.and(object.parts_count());
    let (sum, kind) = sum.unzip();
    Ok(Answer {
        object,
        span,
        sum,
        kind,
        parts_count,
    })
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/range-get-olap.html>
fn satisfied(range: &Range, size: u64) -> S3Result<Span<u64>> {
    if size == 0 {
        return Err(s3_error!(InvalidRange));
    }
    Ok(range.check(size)?)
}

/// A part by its number; an object in one piece has one part.
fn part(object: &Object, number: i32) -> S3Result<(Span<u64>, Option<Sum>)> {
    let at = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let at = at.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and 10000, inclusive"
        )
    })?;
    match object.parts.get(at) {
        Some(part) => Ok((part.range.clone(), part.sum.clone())),
        None if object.parts.is_empty() && at == 0 => Ok((0..object.size(), None)),
        None => Err(error_messages::custom(
            "InvalidPartNumber",
            416,
            error_messages::of("InvalidPartNumber"),
        )),
    }
}

/// 304 has the headers that a cache needs, and no body (RFC 9110, 15.4.5).
fn not_modified(object: &Object) -> S3Error {
    let mut headers = own_headers(object, false);
    let etag = object.e_tag().to_http_header().ok();
    let mut modified = Vec::new();
    let dated = object
        .last_modified()
        .format(TimestampFormat::HttpDate, &mut modified)
        .ok()
        .and_then(|()| HeaderValue::from_bytes(&modified).ok());
    let cached = object.attributes.cache_control.as_ref();
    for (name, value) in [
        (header::ETAG, etag),
        (header::LAST_MODIFIED, dated),
        (
            header::CACHE_CONTROL,
            cached.and_then(|text| text.parse().ok()),
        ),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let mut error = s3_error!(NotModified);
    error.set_headers(headers);
    error
}

/// `Expires` as it was sent, which s3s takes as a date alone.
fn own_headers(object: &Object, overridden: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let expires = object.attributes.expires.as_ref().filter(|_| !overridden);
    if let Some(value) = expires.and_then(|text| text.parse().ok()) {
        headers.insert(header::EXPIRES, value);
    }
    headers
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>
pub fn get_object_attributes(
    store: &Store,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let object = store.object(&input.bucket, &input.key)?;
    let names: Vec<&str> = input
        .object_attributes
        .iter()
        .flat_map(|list| list.as_str().split(','))
        .map(str::trim)
        .collect();
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(object.last_modified()),
        ..GetObjectAttributesOutput::default()
    };
    for name in names {
        match name {
            "ETag" => output.e_tag = Some(object.e_tag()),
            "ObjectSize" => output.object_size = Some(size(object.size())),
            "StorageClass" => {
                let class = object.attributes.storage_class().to_owned();
                output.storage_class = Some(StorageClass::from(class));
            }
            "Checksum" => output.checksum = object.checksum.as_ref().map(checksum),
            "ObjectParts" => {
                output.object_parts = parts(&object, input.part_number_marker, input.max_parts);
            }
            _ => {
                return Err(s3_error!(
                    InvalidArgument,
                    "Invalid attribute name specified."
                ));
            }
        }
    }
    Ok(S3Response::new(output))
}

fn checksum(checksum: &super::digests::Checksum) -> s3s::dto::Checksum {
    let mut output = s3s::dto::Checksum {
        checksum_type: Some(checksum_type(checksum.kind)),
        ..s3s::dto::Checksum::default()
    };
    answer_checksum!(output, Some((checksum.algorithm, checksum.value.clone())));
    output
}

/// The parts are listed only if they have sums, as in S3.
fn parts(
    object: &Object,
    after: Option<i32>,
    most: Option<i32>,
) -> Option<GetObjectAttributesParts> {
    let total = object.parts_count()?;
    let (after, most) = (
        after.unwrap_or(0).max(0),
        most.unwrap_or(1000).clamp(0, 1000),
    );
    let numbered = (1..)
        .zip(&object.parts)
        .filter(|(number, _)| *number > after);
    let listed: Vec<ObjectPart> = numbered
        .take(usize::try_from(most).unwrap_or_default())
        .filter_map(|(number, part)| {
            let sum = part.sum.as_ref()?;
            let mut listed = ObjectPart {
                part_number: Some(number),
                size: Some(size(part.range.end - part.range.start)),
                ..ObjectPart::default()
            };
            answer_checksum!(listed, Some((sum.algorithm, sum.base64())));
            Some(listed)
        })
        .collect();
    let last = listed.last().and_then(|part| part.part_number);
    Some(GetObjectAttributesParts {
        is_truncated: Some(last.is_some_and(|last| last < total)),
        max_parts: Some(most),
        next_part_number_marker: Some(last.unwrap_or_else(|| count(object.parts.len()))),
        part_number_marker: Some(after),
        parts: (!listed.is_empty()).then_some(listed),
        total_parts_count: Some(total),
    })
}

/// The conditions of a copy's source.
pub fn source_conditions(
    matches: Option<ETagCondition>,
    none_matches: Option<ETagCondition>,
    modified_since: Option<Timestamp>,
    unmodified_since: Option<Timestamp>,
) -> ReadIf {
    ReadIf {
        matches,
        none_matches,
        modified_since,
        unmodified_since,
    }
}
