//! The operations of multipart uploads, except copies.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::header;
use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
        CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ETag, Initiator, ListPartsInput, ListPartsOutput, Part,
        StorageClass, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    buckets::owner,
    checksum_choice::checksum_choice,
    conditions::WriteIf,
    digests::{Algorithm, Sum},
    integrity::DeclaredDigests,
    listing::{self, Encoding},
    multipart::{Expected, Session, UploadedPart, check_part_number},
    object::{
        Object, answer_checksum, answer_object_checksum, attributes, checksum_algorithm,
        checksum_type, size,
    },
    read::encryption,
    request::AsSent,
    store::Store,
    tags::Tags,
    upload::Received,
    write,
};

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub fn create(
    store: &Store,
    mut request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let expires = AsSent::expires(&request.extensions);
    let content_type = AsSent::content_type(&request.extensions);
    let input = &mut request.input;
    let mut attributes = attributes!(input, expires);
    attributes.content_type = content_type;
    attributes.check()?;
    let (algorithm, kind) = checksum_choice(
        input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str),
        input.checksum_type.as_ref().map(ChecksumType::as_str),
    )?;
    let session = Session {
        started: store.now(),
        attributes: Arc::new(attributes),
        tags: Tags::from_header(input.tagging.as_deref())?,
        algorithm,
        kind,
        parts: BTreeMap::new(),
    };
    let id = format!("{:032x}", store.serial());
    store.with_bucket(&input.bucket, |bucket| {
        bucket
            .uploads
            .insert((input.key.clone(), id.clone()), session);
        Ok(())
    })?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(request.input.bucket),
        checksum_algorithm: request.input.checksum_algorithm,
        checksum_type: algorithm.map(|_| checksum_type(kind)),
        key: Some(request.input.key),
        server_side_encryption: Some(encryption()),
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
pub async fn upload_part(
    store: &Store,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let input = &request.input;
    check_part_number(input.part_number)?;
    let declared = DeclaredDigests::read(&request.headers)?.algorithm();
    let algorithm = store.with_bucket(&input.bucket, |bucket| {
        let session = bucket.upload(&input.key, &input.upload_id)?;
        session.check_sum_of_part(declared)?;
        Ok(session.algorithm())
    })?;
    let Received {
        content,
        digested,
        sent,
    } = write::receive(store, &request, algorithm).await?;
    let part = UploadedPart::new(content, digested, store.now());
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(part.etag())),
        server_side_encryption: Some(encryption()),
        ..UploadPartOutput::default()
    };
    let sum = sent.and_then(|sent| part.sum(sent));
    answer_checksum!(output, sum.map(|sum| (sum.algorithm, sum.base64())));
    store.put_part(
        &input.bucket,
        (&input.key, &input.upload_id),
        input.part_number,
        part,
    )?;
    Ok(S3Response::new(output))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
pub fn complete(
    store: &Store,
    mut request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = &mut request.input;
    let listed = input
        .multipart_upload
        .take()
        .and_then(|upload| upload.parts);
    let listed = listed.unwrap_or_default();
    let expected = Expected {
        sum: object_sum(input),
        kind: input
            .checksum_type
            .as_ref()
            .map(|kind| kind.as_str().to_owned()),
        size: input.mpu_object_size,
    };
    let condition = WriteIf {
        matches: input.if_match.take(),
        none_matches: input.if_none_match.take(),
    };
    let now = store.now();
    // The replaced object and the parts that were not listed are dropped outside of the lock.
    let (object, _dropped) = store.with_bucket(&input.bucket, |bucket| {
        let session = bucket.upload(&input.key, &input.upload_id)?;
        let object = Arc::new(session.assemble(&listed, &expected, now)?);
        condition.check(bucket.objects.get(&input.key).map(AsRef::as_ref))?;
        let session = bucket
            .uploads
            .remove(&(input.key.clone(), input.upload_id.clone()));
        let replaced = bucket
            .objects
            .insert(input.key.clone(), Arc::clone(&object));
        Ok((object, (session, replaced)))
    })?;
    let host = request.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    Ok(S3Response::new(completed(&request.input, &object, host)))
}

fn completed(
    input: &CompleteMultipartUploadInput,
    object: &Object,
    host: Option<&str>,
) -> CompleteMultipartUploadOutput {
    let path = Encoding::Url.of(&input.key).replace('+', "%20");
    let mut output = CompleteMultipartUploadOutput {
        location: host.map(|host| format!("https://{host}/{}/{path}", input.bucket)),
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        e_tag: Some(object.e_tag()),
        server_side_encryption: Some(encryption()),
        ..CompleteMultipartUploadOutput::default()
    };
    answer_object_checksum!(output, object);
    output
}

/// The sum of the whole object, as its uploader declares it.
fn object_sum(input: &CompleteMultipartUploadInput) -> Option<(Algorithm, String)> {
    let sums = [
        (Algorithm::Crc32, &input.checksum_crc32),
        (Algorithm::Crc32c, &input.checksum_crc32c),
        (Algorithm::Crc64Nvme, &input.checksum_crc64nvme),
        (Algorithm::Sha1, &input.checksum_sha1),
        (Algorithm::Sha256, &input.checksum_sha256),
    ];
    sums.into_iter()
        .find_map(|(algorithm, sum)| Some((algorithm, sum.clone()?)))
}

pub fn abort(
    store: &Store,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    let aborted = store.with_bucket(&input.bucket, |bucket| {
        let aborted = bucket.uploads.remove(&(input.key, input.upload_id));
        aborted.ok_or_else(|| s3_error!(NoSuchUpload))
    });
    aborted.map(drop)?;
    Ok(S3Response::new(AbortMultipartUploadOutput::default()))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>
pub fn list_parts(
    store: &Store,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let most = listing::most("max-parts", input.max_parts)?;
    let after = input.part_number_marker.unwrap_or(0);
    store.with_bucket(&input.bucket.clone(), |bucket| {
        let session = bucket.upload(&input.key, &input.upload_id)?;
        let mut parts: Vec<Part> = session
            .parts
            .range(after.saturating_add(1).max(1)..)
            .map(|(number, part)| listed(session, *number, part))
            .collect();
        let page = usize::try_from(most).unwrap_or_default();
        let more = parts.len() > page;
        parts.truncate(page);
        let last = parts.last().and_then(|part| part.part_number);
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: session.algorithm.map(checksum_algorithm),
            checksum_type: session.algorithm.map(|_| checksum_type(session.kind)),
            initiator: Some(initiator()),
            is_truncated: Some(more && most > 0),
            key: Some(input.key),
            max_parts: Some(most),
            next_part_number_marker: Some(last.unwrap_or(0)),
            owner: Some(owner()),
            part_number_marker: Some(after),
            parts: Some(parts),
            storage_class: Some(StorageClass::from(
                session.attributes.storage_class().to_owned(),
            )),
            upload_id: Some(input.upload_id),
            ..ListPartsOutput::default()
        }))
    })
}

fn listed(session: &Session, number: i32, part: &UploadedPart) -> Part {
    let mut listed = Part {
        e_tag: Some(ETag::Strong(part.etag())),
        last_modified: Some(part.modified.into()),
        part_number: Some(number),
        size: Some(size(part.content.length())),
        ..Part::default()
    };
    let sum = session.algorithm.and_then(|algorithm| part.sum(algorithm));
    answer_checksum!(listed, sum.map(|sum| (sum.algorithm, Sum::base64(sum))));
    listed
}

pub fn initiator() -> Initiator {
    Initiator {
        id: owner().id,
        display_name: None,
    }
}
