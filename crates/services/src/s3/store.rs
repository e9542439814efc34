//! The index of all buckets and objects, in memory; their bytes are blobs.
//!
//! One lock guards the index, and is held only for looking up and replacing. A condition is checked and
//! the object replaced under the same lock, so of two conditional writers one fails.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use s3s::{S3Result, s3_error};
use time::OffsetDateTime;

use super::{
    blob::Blobs,
    conditions::WriteIf,
    multipart::{Session, UploadedPart},
    object::Object,
};

pub struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    pub blobs: Arc<Blobs>,
    clock: fn() -> SystemTime,
    serial: AtomicU64,
}

#[derive(Debug)]
pub struct Bucket {
    pub created: OffsetDateTime,
    /// The location constraint; `None`: us-east-1.
    pub region: Option<String>,
    pub objects: BTreeMap<String, Arc<Object>>,
    /// Incomplete multipart uploads, by key and id.
    pub uploads: BTreeMap<(String, String), Session>,
}

impl Store {
    pub fn new(blobs: Arc<Blobs>, clock: fn() -> SystemTime) -> Self {
        Self {
            buckets: Mutex::default(),
            blobs,
            clock,
            serial: AtomicU64::new(1),
        }
    }

    /// The time to the second, as in S3.
    pub fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::from((self.clock)());
        now.replace_nanosecond(0).unwrap_or(now)
    }

    /// A number that was not used before.
    pub fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub fn with_buckets<T>(&self, action: impl FnOnce(&mut BTreeMap<String, Bucket>) -> T) -> T {
        action(&mut self.buckets.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn with_bucket<T>(
        &self,
        name: &str,
        action: impl FnOnce(&mut Bucket) -> S3Result<T>,
    ) -> S3Result<T> {
        self.with_buckets(|buckets| match buckets.get_mut(name) {
            Some(bucket) => action(bucket),
            None => Err(s3_error!(NoSuchBucket)),
        })
    }

    pub fn require_bucket(&self, name: &str) -> S3Result<()> {
        self.with_bucket(name, |_| Ok(()))
    }

    pub fn object(&self, bucket: &str, key: &str) -> S3Result<Arc<Object>> {
        self.with_bucket(bucket, |bucket| bucket.object(key).map(Arc::clone))
    }

    /// Puts an object, and replaces the present one, where the condition holds.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        object: Arc<Object>,
        condition: &WriteIf,
    ) -> S3Result<()> {
        let replaced = self.with_bucket(bucket, |bucket| {
            condition.check(bucket.objects.get(key).map(AsRef::as_ref))?;
            Ok(bucket.objects.insert(key.to_owned(), object))
        });
        // The old object's files are removed here, outside of the lock.
        replaced.map(drop)
    }

    /// Puts a part into an upload, where it replaces an earlier part with its number.
    pub fn put_part(
        &self,
        bucket: &str,
        (key, id): (&str, &str),
        number: i32,
        part: UploadedPart,
    ) -> S3Result<()> {
        let replaced = self.with_bucket(bucket, |bucket| {
            Ok(bucket.upload(key, id)?.parts.insert(number, part))
        });
        replaced.map(drop)
    }

    /// Deletes a key, where the condition holds; a key that does not exist counts as deleted.
    pub fn delete(&self, bucket: &str, key: &str, condition: &WriteIf) -> S3Result<()> {
        let deleted = self.with_bucket(bucket, |bucket| {
            condition.check(bucket.objects.get(key).map(AsRef::as_ref))?;
            Ok(bucket.objects.remove(key))
        });
        deleted.map(drop)
    }
}

impl Bucket {
    pub fn new(created: OffsetDateTime, region: Option<String>) -> Self {
        Self {
            created,
            region,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
        }
    }

    pub fn object(&self, key: &str) -> S3Result<&Arc<Object>> {
        self.objects.get(key).ok_or_else(|| s3_error!(NoSuchKey))
    }

    pub fn upload(&mut self, key: &str, id: &str) -> S3Result<&mut Session> {
        self.uploads
            .get_mut(&(key.to_owned(), id.to_owned()))
            .ok_or_else(|| s3_error!(NoSuchUpload))
    }
}

/// There are no versions: the present object has the version "null".
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VersionIDs.html>
pub fn only_version(id: Option<&str>) -> S3Result<()> {
    match id {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}
