//! Lists objects and versions: one page, answered in three forms.

use std::sync::Arc;

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        ChecksumAlgorithm, CommonPrefix, EncodingType, ListObjectVersionsInput,
        ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, Object as ListedObject, ObjectStorageClass, ObjectVersion,
        ObjectVersionStorageClass,
    },
};

use super::{
    buckets::owner,
    listing::{self, After, Encoding, Entry, Query},
    object::{Object, checksum_algorithm, checksum_type, count, size},
    store::Store,
};

/// A page with encoded names.
struct Listed {
    objects: Vec<(String, Arc<Object>)>,
    prefixes: Vec<CommonPrefix>,
    truncated: bool,
    /// The last name, not encoded.
    last: Option<String>,
}

/// The arguments that all three operations have.
struct Arguments {
    prefix: String,
    delimiter: Option<String>,
    encoding: Encoding,
    most: i32,
}

impl Arguments {
    fn new(
        prefix: Option<String>,
        delimiter: Option<String>,
        encoding: Option<&EncodingType>,
        most: Option<i32>,
    ) -> S3Result<Self> {
        Ok(Self {
            prefix: prefix.unwrap_or_default(),
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            encoding: Encoding::named(encoding)?,
            most: listing::most("max-keys", most)?,
        })
    }

    fn list(&self, store: &Store, bucket: &str, after: After<'_>) -> S3Result<Listed> {
        store.with_bucket(bucket, |bucket| {
            let query = Query {
                prefix: &self.prefix,
                delimiter: self.delimiter.as_deref(),
                after,
                most: usize::try_from(self.most).unwrap_or_default(),
            };
            let page = listing::page(&bucket.objects, &query);
            let mut listed = Listed {
                objects: Vec::new(),
                prefixes: Vec::new(),
                truncated: page.truncated,
                last: page.last().map(ToOwned::to_owned),
            };
            for entry in page.entries {
                match entry {
                    Entry::Key(key, object) => {
                        listed
                            .objects
                            .push((self.encoding.of(key), Arc::clone(object)));
                    }
                    Entry::CommonPrefix(prefix) => listed.prefixes.push(CommonPrefix {
                        prefix: Some(self.encoding.of(prefix)),
                    }),
                }
            }
            Ok(listed)
        })
    }

    fn encoded(&self, name: &str) -> String {
        self.encoding.of(name)
    }

    fn delimiter(&self) -> Option<String> {
        Some(self.encoding.of(self.delimiter.as_deref()?))
    }
}

/// The three inputs have the same fields in s3s, and no common type.
macro_rules! arguments {
    ($input:ident) => {
        Arguments::new(
            $input.prefix,
            $input.delimiter,
            $input.encoding_type.as_ref(),
            $input.max_keys,
        )
    };
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
pub fn list_objects_v2(
    store: &Store,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let arguments = arguments!(input)?;
    let token = input.continuation_token.as_deref();
    let continued = token.map(listing::read_token).transpose()?;
    let after = match (&continued, input.start_after.as_deref()) {
        (Some(name), _) => After::Rolled(name),
        (None, Some(key)) => After::Key(key),
        (None, None) => After::Start,
    };
    let listed = arguments.list(store, &input.bucket, after)?;
    let next = listed.last.as_deref().filter(|_| listed.truncated);
    let owned = input.fetch_owner.unwrap_or(false);
    Ok(S3Response::new(ListObjectsV2Output {
        key_count: Some(count(listed.objects.len() + listed.prefixes.len())),
        is_truncated: Some(listed.truncated),
        next_continuation_token: next.map(listing::token),
        contents: Some(contents(listed.objects, owned)),
        common_prefixes: Some(listed.prefixes),
        prefix: Some(arguments.encoded(&arguments.prefix)),
        delimiter: arguments.delimiter(),
        start_after: input.start_after.map(|key| arguments.encoded(&key)),
        max_keys: Some(arguments.most),
        name: Some(input.bucket),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    }))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>
pub fn list_objects(
    store: &Store,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let arguments = arguments!(input)?;
    let marker = input.marker.unwrap_or_default();
    let listed = arguments.list(store, &input.bucket, After::Rolled(&marker))?;
    // Without a delimiter, the client takes the last key as its marker.
    let next = listed
        .last
        .filter(|_| listed.truncated && arguments.delimiter.is_some());
    Ok(S3Response::new(ListObjectsOutput {
        is_truncated: Some(listed.truncated),
        next_marker: next.map(|name| arguments.encoded(&name)),
        contents: Some(contents(listed.objects, true)),
        common_prefixes: Some(listed.prefixes),
        prefix: Some(arguments.encoded(&arguments.prefix)),
        delimiter: arguments.delimiter(),
        marker: Some(arguments.encoded(&marker)),
        max_keys: Some(arguments.most),
        name: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    }))
}

fn contents(objects: Vec<(String, Arc<Object>)>, owned: bool) -> Vec<ListedObject> {
    let listed = |(key, object): (String, Arc<Object>)| ListedObject {
        checksum_algorithm: algorithm(&object),
        checksum_type: object.checksum.as_ref().map(|sum| checksum_type(sum.kind)),
        e_tag: Some(object.e_tag()),
        key: Some(key),
        last_modified: Some(object.last_modified()),
        owner: owned.then(owner),
        restore_status: None,
        size: Some(size(object.size())),
        storage_class: Some(ObjectStorageClass::from(
            object.attributes.storage_class().to_owned(),
        )),
    };
    objects.into_iter().map(listed).collect()
}

fn algorithm(object: &Object) -> Option<Vec<ChecksumAlgorithm>> {
    Some(vec![checksum_algorithm(
        object.checksum.as_ref()?.algorithm,
    )])
}

/// Without versioning each object is its only version, "null".
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>
pub fn list_object_versions(
    store: &Store,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let arguments = arguments!(input)?;
    let marker = input.key_marker.unwrap_or_default();
    let listed = arguments.list(store, &input.bucket, After::Rolled(&marker))?;
    let next = listed.last.filter(|_| listed.truncated);
    let versions = listed
        .objects
        .into_iter()
        .map(|(key, object)| ObjectVersion {
            checksum_algorithm: algorithm(&object),
            checksum_type: object.checksum.as_ref().map(|sum| checksum_type(sum.kind)),
            e_tag: Some(object.e_tag()),
            is_latest: Some(true),
            key: Some(key),
            last_modified: Some(object.last_modified()),
            owner: Some(owner()),
            restore_status: None,
            size: Some(size(object.size())),
            storage_class: Some(ObjectVersionStorageClass::from(
                object.attributes.storage_class().to_owned(),
            )),
            version_id: Some("null".to_owned()),
        });
    Ok(S3Response::new(ListObjectVersionsOutput {
        common_prefixes: Some(listed.prefixes),
        delimiter: arguments.delimiter(),
        is_truncated: Some(listed.truncated),
        key_marker: Some(arguments.encoded(&marker)),
        max_keys: Some(arguments.most),
        next_version_id_marker: next.as_ref().map(|_| "null".to_owned()),
        next_key_marker: next.map(|name| arguments.encoded(&name)),
        prefix: Some(arguments.encoded(&arguments.prefix)),
        versions: Some(versions.collect()),
        version_id_marker: input.version_id_marker,
        name: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..ListObjectVersionsOutput::default()
    }))
}
