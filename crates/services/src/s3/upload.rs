//! The body of an upload, on its way from the connection into a blob.
//!
//! s3s hands bodies on without their trailing headers and without their framing's faults told apart,
//! so an upload's body goes past it, in the request's extensions.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    http::{HeaderMap, header},
};
use futures_util::StreamExt;
use s3s::{S3Error, S3Result, s3_error};

use super::{
    aws_chunked::{Decoder, Malformed},
    blob::{Blobs, Content},
    digests::{Algorithm, Digested, Digests},
    integrity::DeclaredDigests,
};

/// The largest object that is uploaded in one piece, and the largest part.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// How much of an unused body is read.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;

/// A request's body, which can be taken once.
#[derive(Clone)]
pub struct Upload(Arc<Mutex<Option<Body>>>);

/// A body and what is declared of it.
struct Incoming {
    body: BodyDataStream,
    /// `None`: the body is not `aws-chunked`.
    decoder: Option<Decoder>,
    length: u64,
    declared: DeclaredDigests,
}

/// A body that was received completely and is as declared.
pub struct Received {
    pub content: Content,
    pub digested: Digested,
    /// The algorithm of the sum that came with it.
    pub sent: Option<Algorithm>,
}

impl Upload {
    pub fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Some(body))))
    }

    pub fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Reads a body that was not taken: an unread body would be taken for the connection's next request.
    pub async fn discard(&self) {
        let Some(body) = self.take() else { return };
        let mut body = body.into_data_stream();
        let mut left = MAX_DISCARDED;
        while let Some(Ok(bytes)) = body.next().await {
            left = left.saturating_sub(bytes.len());
            if left == 0 {
                return;
            }
        }
    }

    /// Writes the body into a blob, which is removed if the body is not as declared. Sums by `algorithms`
    /// are computed beside the declared ones.
    pub async fn receive(
        &self,
        headers: &HeaderMap,
        blobs: &Blobs,
        algorithms: &[Algorithm],
    ) -> S3Result<Received> {
        let declared = DeclaredDigests::read(headers)?;
        let chunked = is_chunked(headers);
        let length = if chunked {
            number(headers, "x-amz-decoded-content-length")
        } else {
            number(headers, header::CONTENT_LENGTH.as_str())
        };
        let body = self.take().ok_or_else(|| s3_error!(InternalError))?;
        let length = length.or_else(|| {
            http_body::Body::size_hint(&body)
                .exact()
                .filter(|_| !chunked)
        });
        let length = length.ok_or_else(|| s3_error!(MissingContentLength))?;
        if length > MAX_BYTES {
            return Err(s3_error!(EntityTooLarge));
        }
        let incoming = Incoming {
            body: body.into_data_stream(),
            decoder: chunked.then(Decoder::new),
            length,
            declared,
        };
        incoming.receive(blobs, algorithms).await
    }
}

/// Whether a body is `aws-chunked`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
pub fn is_chunked(headers: &HeaderMap) -> bool {
    headers
        .get("x-amz-content-sha256")
        .is_some_and(|value| value.as_bytes().starts_with(b"STREAMING-"))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

impl Incoming {
    async fn receive(mut self, blobs: &Blobs, algorithms: &[Algorithm]) -> S3Result<Received> {
        let sent = self.declared.algorithm();
        let all = self.declared.algorithms().chain(algorithms.iter().copied());
        let mut digests = Digests::new(all);
        let mut writer = blobs.create().map_err(S3Error::internal_error)?;
        let mut left = self.length;
        while let Some(piece) = self.body.next().await {
            let mut piece = piece.map_err(|_| s3_error!(IncompleteBody))?;
            while let Some(data) = self.decoded(&mut piece)? {
                left = left
                    .checked_sub(data.len() as u64)
                    .ok_or_else(|| s3_error!(IncompleteBody))?;
                digests.update(&data);
                writer.write(&data).map_err(S3Error::internal_error)?;
            }
        }
        let trailers = match self.decoder {
            Some(decoder) => decoder
                .finish()
                .map_err(|Malformed| s3_error!(IncompleteBody))?,
            None => HeaderMap::new(),
        };
        if left > 0 {
            return Err(s3_error!(IncompleteBody));
        }
        let digested = digests.finish();
        self.declared.check(&digested, &trailers)?;
        Ok(Received {
            content: writer.finish(),
            digested,
            sent,
        })
    }

    fn decoded(&mut self, piece: &mut Bytes) -> S3Result<Option<Bytes>> {
        match &mut self.decoder {
            Some(decoder) => decoder
                .next(piece)
                .map_err(|Malformed| s3_error!(IncompleteBody)),
            None if piece.is_empty() => Ok(None),
            None => Ok(Some(std::mem::take(piece))),
        }
    }
}
