//! Reads, writes and deletes the tags of an object.

use std::sync::Arc;

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
        GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput,
    },
};

use super::{
    object::Object,
    store::{Store, only_version},
    tags::Tags,
};

pub fn get(
    store: &Store,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let object = store.object(&input.bucket, &input.key)?;
    Ok(S3Response::new(GetObjectTaggingOutput {
        tag_set: object.tags.set(),
        version_id: None,
    }))
}

pub fn put(
    store: &Store,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    let tags = Tags::from_set(input.tagging.tag_set)?;
    replace(store, &input.bucket, &input.key, tags)?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub fn delete(
    store: &Store,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    only_version(input.version_id.as_deref())?;
    replace(store, &input.bucket, &input.key, Tags::default())?;
    Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
}

/// Replaces only the tags; the object's date stays the same.
fn replace(store: &Store, bucket: &str, key: &str, tags: Tags) -> S3Result<()> {
    store.with_bucket(bucket, |bucket| {
        let present = bucket.object(key)?;
        let object = Object {
            tags,
            ..Object::clone(present)
        };
        bucket.objects.insert(key.to_owned(), Arc::new(object));
        Ok(())
    })
}
