//! Lists incomplete multipart uploads.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        CommonPrefix, ListMultipartUploadsInput, ListMultipartUploadsOutput, MultipartUpload,
        StorageClass,
    },
};

use super::{
    buckets::owner,
    listing::{self, Encoding},
    multipart::Session,
    multipart_operations::initiator,
    object::{checksum_algorithm, checksum_type},
    store::{Bucket, Store},
};

/// What to list.
struct Query {
    prefix: String,
    delimiter: Option<String>,
    /// The page begins after this key; with an id, after that upload of the key.
    key_marker: String,
    id_marker: Option<String>,
    most: usize,
    encoding: Encoding,
}

#[derive(Default)]
struct Page {
    uploads: Vec<MultipartUpload>,
    prefixes: Vec<String>,
    truncated: bool,
    /// The last entry's name, and its id where it is an upload.
    last: Option<(String, Option<String>)>,
}

impl Query {
    fn is_after_marker(&self, key: &str, id: &str) -> bool {
        match &self.id_marker {
            Some(marker) if key == self.key_marker => id > marker.as_str(),
            _ => key > self.key_marker.as_str() || self.key_marker.is_empty(),
        }
    }

    fn page(&self, bucket: &Bucket) -> Page {
        let mut page = Page::default();
        for ((key, id), session) in &bucket.uploads {
            if !key.starts_with(&self.prefix) || !self.is_after_marker(key, id) {
                continue;
            }
            let rolled = listing::common_prefix(key, &self.prefix, self.delimiter.as_deref());
            let is_listed = rolled.is_some_and(|rolled| {
                page.prefixes.last().is_some_and(|last| last == rolled)
                    || self.key_marker.starts_with(rolled)
            });
            if is_listed {
                continue;
            }
            if page.uploads.len() + page.prefixes.len() >= self.most {
                page.truncated = self.most > 0;
                break;
            }
            if let Some(rolled) = rolled {
                page.last = Some((rolled.to_owned(), None));
                page.prefixes.push(rolled.to_owned());
            } else {
                page.last = Some((key.clone(), Some(id.clone())));
                page.uploads
                    .push(listed(self.encoding.of(key), id, session));
            }
        }
        page
    }
}

fn listed(key: String, id: &str, session: &Session) -> MultipartUpload {
    MultipartUpload {
        checksum_algorithm: session.algorithm.map(checksum_algorithm),
        checksum_type: session.algorithm.map(|_| checksum_type(session.kind)),
        initiated: Some(session.started.into()),
        initiator: Some(initiator()),
        key: Some(key),
        owner: Some(owner()),
        storage_class: Some(StorageClass::from(
            session.attributes.storage_class().to_owned(),
        )),
        upload_id: Some(id.to_owned()),
    }
}

pub fn list_multipart_uploads(
    store: &Store,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let most = listing::most("max-uploads", input.max_uploads)?;
    let encoding = Encoding::named(input.encoding_type.as_ref())?;
    let query = Query {
        prefix: input.prefix.unwrap_or_default(),
        delimiter: input.delimiter.filter(|delimiter| !delimiter.is_empty()),
        // Without a key marker, an id marker is ignored.
        id_marker: input
            .upload_id_marker
            .clone()
            .filter(|_| input.key_marker.is_some()),
        key_marker: input.key_marker.unwrap_or_default(),
        most: usize::try_from(most).unwrap_or_default(),
        encoding,
    };
    let page = store.with_bucket(&input.bucket, |bucket| Ok(query.page(bucket)))?;
    let (next_key, next_id) = page.last.filter(|_| page.truncated).unzip();
    let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
        prefix: Some(encoding.of(prefix)),
    });
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: Some(prefixes.collect()),
        delimiter: query.delimiter.as_deref().map(|text| encoding.of(text)),
        encoding_type: input.encoding_type,
        is_truncated: Some(page.truncated),
        key_marker: Some(encoding.of(&query.key_marker)),
        max_uploads: Some(most),
        next_key_marker: next_key.map(|key| encoding.of(&key)),
        next_upload_id_marker: next_id.flatten(),
        prefix: Some(encoding.of(&query.prefix)),
        upload_id_marker: input.upload_id_marker,
        uploads: Some(page.uploads),
        ..ListMultipartUploadsOutput::default()
    }))
}
