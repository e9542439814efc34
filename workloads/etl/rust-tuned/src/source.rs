//! One object of S3 in pieces, as they come.

use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use etl_rust::batch::backoff;
use etl_rust::failure::Failure;
use etl_rust::retry::{TRIES, persist};
use etl_rust::services::not_read;

use crate::load::Pieces;

/// An object that is being read.
///
/// No SDK retries a body that breaks off while it is read. It is asked for again, from where it
/// broke, and only as long as it is the same object.
pub struct Source<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    body: ByteStream,
    version: Option<String>,
    read: u64,
    tries: u32,
    /// How long S3 was waited for.
    pub waited: Duration,
}

impl<'a> Source<'a> {
    /// Ask for an object.
    ///
    /// # Errors
    /// [`Failure::ObjectNotFound`] and [`Failure::ServiceError`].
    pub async fn open(client: &'a Client, bucket: &'a str, key: &'a str) -> Result<Self, Failure> {
        let started = Instant::now();
        let ask = || client.get_object().bucket(bucket).key(key);
        let answer = persist(|| async { Ok(ask().send().await?) }).await;
        let answer = answer.map_err(|refusal| not_read(refusal.code.as_deref(), bucket, key))?;
        Ok(Self {
            client,
            bucket,
            key,
            body: answer.body,
            version: answer.e_tag,
            read: 0,
            tries: 1,
            waited: started.elapsed(),
        })
    }

    async fn resume(&mut self) -> Result<(), Failure> {
        if self.tries == TRIES {
            return Err(not_read(None, self.bucket, self.key));
        }
        tokio::time::sleep(backoff(self.tries, fastrand::f64())).await;
        self.tries += 1;
        let ask = || {
            let request = self.client.get_object().bucket(self.bucket).key(self.key);
            request
                .range(format!("bytes={}-", self.read))
                .set_if_match(self.version.clone())
        };
        let answer = persist(|| async { Ok(ask().send().await?) }).await;
        let refused = |code: Option<&str>| not_read(code, self.bucket, self.key);
        self.body = answer
            .map_err(|refusal| refused(refusal.code.as_deref()))?
            .body;
        Ok(())
    }
}

impl Pieces for Source<'_> {
    async fn next(&mut self) -> Result<Option<impl AsRef<[u8]>>, Failure> {
        let started = Instant::now();
        let piece = loop {
            match self.body.try_next().await {
                Ok(piece) => break piece,
                Err(_) => self.resume().await?,
            }
        };
        self.waited += started.elapsed();
        self.read += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        Ok(piece)
    }
}
