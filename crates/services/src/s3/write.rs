//! Writes and deletes objects.

use std::sync::Arc;

use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
        DeletedObject, ETagCondition, ObjectIdentifier, PutObjectInput, PutObjectOutput,
    },
    s3_error,
};

use super::{
    conditions::WriteIf,
    digests::{Algorithm, Checksum},
    error_messages,
    integrity::DeclaredDigests,
    object::{Object, answer_object_checksum, attributes, check_key},
    read::encryption,
    request::AsSent,
    store::{Store, only_version},
    tags::Tags,
    upload::{Received, Upload},
};

/// How many keys one request may delete.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
const MAX_DELETED: usize = 1000;

/// Receives the body, which s3s does not see, into a blob.
pub async fn receive<T>(
    store: &Store,
    request: &S3Request<T>,
    algorithm: Algorithm,
) -> S3Result<Received> {
    let upload = request.extensions.get::<Upload>();
    let upload = upload.ok_or_else(|| s3_error!(InternalError))?;
    upload
        .receive(&request.headers, &store.blobs, &[algorithm])
        .await
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub async fn put_object(
    store: &Store,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let expires = AsSent::expires(&request.extensions);
    let input = &mut request.input;
    store.require_bucket(&input.bucket)?;
    let attributes = attributes!(input, expires);
    attributes.check()?;
    let tags = Tags::from_header(input.tagging.as_deref())?;
    let condition = WriteIf {
        matches: input.if_match.take(),
        none_matches: input.if_none_match.take(),
    };
    // S3 computes a sum for a body that comes without one.
    // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
    let declared = DeclaredDigests::read(&request.headers)?.algorithm();
    let algorithm = declared.unwrap_or(Algorithm::Crc64Nvme);
    let Received {
        content, digested, ..
    } = receive(store, &request, algorithm).await?;
    let object = Object {
        content,
        parts: Vec::new(),
        etag: digested.etag(),
        modified: store.now(),
        attributes: Arc::new(attributes),
        checksum: digested.sum(algorithm).cloned().map(Checksum::from),
        tags,
    };
    let mut output = PutObjectOutput {
        e_tag: Some(object.e_tag()),
        server_side_encryption: Some(encryption()),
        ..PutObjectOutput::default()
    };
    answer_object_checksum!(output, object);
    let input = &request.input;
    store.put(&input.bucket, &input.key, Arc::new(object), &condition)?;
    Ok(S3Response::new(output))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>
pub fn delete_object(
    store: &Store,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let condition = WriteIf {
        matches: input.if_match,
        none_matches: None,
    };
    store.delete(&input.bucket, &input.key, &condition)?;
    Ok(S3Response::new(DeleteObjectOutput::default()))
}

pub fn delete_objects(
    store: &Store,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    let listed = input.delete.objects;
    if listed.is_empty() || listed.len() > MAX_DELETED {
        return Err(s3_error!(MalformedXML));
    }
    store.require_bucket(&input.bucket)?;
    let quiet = input.delete.quiet.unwrap_or(false);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for identifier in listed {
        match delete_listed(store, &input.bucket, &identifier) {
            Ok(()) if quiet => {}
            Ok(()) => deleted.push(DeletedObject {
                key: Some(identifier.key),
                version_id: identifier.version_id,
                ..DeletedObject::default()
            }),
            Err(error) => errors.push(listed_error(&error, identifier)),
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

fn delete_listed(store: &Store, bucket: &str, identifier: &ObjectIdentifier) -> S3Result<()> {
    only_version(identifier.version_id.as_deref())?;
    check_key(&identifier.key)?;
    if identifier.key.is_empty() {
        return Err(s3_error!(UserKeyMustBeSpecified));
    }
    if identifier.last_modified_time.is_some() || identifier.size.is_some() {
        return Err(s3_error!(NotImplemented));
    }
    let matches = identifier.e_tag.clone().map(|tag| match tag.value() {
        "*" => ETagCondition::Any,
        _ => ETagCondition::ETag(tag),
    });
    let condition = WriteIf {
        matches,
        none_matches: None,
    };
    store.delete(bucket, &identifier.key, &condition)
}

fn listed_error(error: &S3Error, identifier: ObjectIdentifier) -> s3s::dto::Error {
    let code = error.code().as_str();
    let message = error.message().unwrap_or_else(|| error_messages::of(code));
    s3s::dto::Error {
        code: Some(code.to_owned()),
        message: Some(message.to_owned()),
        key: Some(identifier.key),
        version_id: identifier.version_id,
    }
}
