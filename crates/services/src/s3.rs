//! S3: s3s over s3s-fs, with what s3s-fs lacks.

use std::{
    io,
    path::{Component, Path, PathBuf},
    pin::Pin,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use s3s::{
    S3, S3ErrorCode, S3Request, S3Response, S3Result,
    auth::SimpleAuth,
    dto::{
        self, DeleteBucketInput, DeleteBucketOutput, GetObjectInput, GetObjectOutput,
        ListObjectsV2Input, PutObjectInput, PutObjectOutput, Range, StreamingBlob,
    },
    s3_error,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::{
    fs::{File, remove_file},
    io::{AsyncReadExt, AsyncSeekExt, SeekFrom},
    sync::Mutex,
};
use tokio_util::io::ReaderStream;

use crate::signature;

pub const ENGINE: &str = concat!("s3s-fs ", env!("S3_ENGINE_VERSION"));

/// s3s-fs reads 4 KiB at a time, each by a hop to another thread: 4,000 hops for 17 MB, and CPU
/// time that the function being measured should have.
const READ_BYTES: usize = 256 * 1024;

/// Opens the engine over a folder that exists.
pub fn engine(root: &Path) -> io::Result<Router> {
    let root = root.canonicalize()?;
    let files = FileSystem::new(&root)
        .map_err(|error| io::Error::other(format!("{}: {error:?}", root.display())))?;
    let mut builder = S3ServiceBuilder::new(Store {
        root,
        files,
        conditional_writes: Mutex::default(),
    });
    builder.set_auth(SimpleAuth::from_single(
        signature::ACCESS_KEY,
        signature::SECRET_KEY,
    ));
    Ok(Router::new().fallback(pass_on).with_state(builder.build()))
}

async fn pass_on(State(service): State<S3Service>, mut request: Request) -> Response {
    if let Err(error) = signature::replace(&mut request) {
        return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
    }
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => {
            eprintln!("s3: the engine gave no answer: {error:?}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

struct Store {
    root: PathBuf,
    files: FileSystem,
    /// s3s-fs looks first and writes then: two writers that look at once would both find their
    /// condition true.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    conditional_writes: Mutex<()>,
}

impl Store {
    /// s3s-fs makes a missing bucket on the fly; S3 refuses.
    fn require_bucket(&self, bucket: &str) -> S3Result<()> {
        if self.root.join(bucket).is_dir() {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket))
    }

    /// Where an object lies; `None` for a key that is no plain path below its bucket.
    fn object_path(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let plain = Path::new(key)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        plain.then(|| self.root.join(bucket).join(key))
    }
}

/// Methods that s3s-fs has as they should be.
macro_rules! as_s3s_fs_has_it {
    ($($method:ident: $input:ty => $output:ty;)+) => {$(
        fn $method<'store, 'answer>(
            &'store self,
            request: S3Request<$input>,
        ) -> Pin<Box<dyn Future<Output = S3Result<S3Response<$output>>> + Send + 'answer>>
        where
            'store: 'answer,
            Self: 'answer,
        {
            self.files.$method(request)
        }
    )+};
}

#[async_trait::async_trait]
impl S3 for Store {
    as_s3s_fs_has_it! {
        abort_multipart_upload: dto::AbortMultipartUploadInput => dto::AbortMultipartUploadOutput;
        complete_multipart_upload: dto::CompleteMultipartUploadInput => dto::CompleteMultipartUploadOutput;
        copy_object: dto::CopyObjectInput => dto::CopyObjectOutput;
        create_bucket: dto::CreateBucketInput => dto::CreateBucketOutput;
        create_multipart_upload: dto::CreateMultipartUploadInput => dto::CreateMultipartUploadOutput;
        delete_object: dto::DeleteObjectInput => dto::DeleteObjectOutput;
        delete_objects: dto::DeleteObjectsInput => dto::DeleteObjectsOutput;
        get_bucket_location: dto::GetBucketLocationInput => dto::GetBucketLocationOutput;
        head_bucket: dto::HeadBucketInput => dto::HeadBucketOutput;
        head_object: dto::HeadObjectInput => dto::HeadObjectOutput;
        list_buckets: dto::ListBucketsInput => dto::ListBucketsOutput;
        list_objects: dto::ListObjectsInput => dto::ListObjectsOutput;
        list_objects_v2: dto::ListObjectsV2Input => dto::ListObjectsV2Output;
        list_parts: dto::ListPartsInput => dto::ListPartsOutput;
        upload_part: dto::UploadPartInput => dto::UploadPartOutput;
        upload_part_copy: dto::UploadPartCopyInput => dto::UploadPartCopyOutput;
    }

    /// s3s-fs removes a bucket with all that is in it; S3 refuses.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>
    async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        let content = ListObjectsV2Input::builder()
            .bucket(request.input.bucket.clone())
            .max_keys(Some(1))
            .build()
            .map_err(|error| s3_error!(error, InternalError))?;
        let listed = self
            .files
            .list_objects_v2(request.clone().map_input(|_| content))
            .await?;
        if listed
            .output
            .contents
            .is_some_and(|objects| !objects.is_empty())
        {
            return Err(s3_error!(BucketNotEmpty));
        }
        self.files.delete_bucket(request).await
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        self.require_bucket(&request.input.bucket)?;
        let path = self.object_path(&request.input.bucket, &request.input.key);
        let range = request.input.range;
        let mut response = self.files.get_object(request).await?;
        if let Some(path) = path {
            let body = read(&path, range)
                .await
                .map_err(|error| s3_error!(error, InternalError))?;
            response.output.body = Some(body);
        }
        Ok(response)
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        self.require_bucket(&request.input.bucket)?;
        let path = self.object_path(&request.input.bucket, &request.input.key);
        let conditional = request.input.if_match.is_some() || request.input.if_none_match.is_some();
        let alone = if conditional {
            Some(self.conditional_writes.lock().await)
        } else {
            None
        };
        let stored = self.files.put_object(request).await;
        drop(alone);
        // s3s-fs compares checksums when the object is in its place already.
        let corrupt = matches!(&stored, Err(error) if *error.code() == S3ErrorCode::BadDigest);
        if let Some(path) = path.filter(|_| corrupt) {
            remove_file(&path)
                .await
                .map_err(|error| s3_error!(error, InternalError))?;
        }
        stored
    }
}

/// An object's bytes, or a range of them that s3s-fs has found to be one.
async fn read(path: &Path, range: Option<Range>) -> io::Result<StreamingBlob> {
    let mut file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let wanted = match range {
        None => 0..length,
        Some(range) => range.check(length).map_err(io::Error::other)?,
    };
    file.seek(SeekFrom::Start(wanted.start)).await?;
    let bytes = file.take(wanted.end - wanted.start);
    Ok(StreamingBlob::wrap(ReaderStream::with_capacity(
        bytes, READ_BYTES,
    )))
}
