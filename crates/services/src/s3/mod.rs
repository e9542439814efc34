//! S3: s3s does HTTP and XML, everything else is ours. A key is a name, never a path.
//!
//! ```text
//! request ─▶ operation.rs ─▶ unsupported.rs ─▶ request.rs ─▶ s3s ─▶ service.rs ─▶ the operation
//!                                   │ body of an upload                              │
//!                                   └──────────────────▶ upload.rs ──────────────────┤
//!                                                       aws_chunked.rs               ▼
//!  answer ◀─ xml.rs, error_messages.rs ◀─ s3s ◀─────────── store.rs (index), blob.rs (bytes)
//! ```

mod aws_chunked;
mod blob;
mod buckets;
mod checksum_choice;
mod conditions;
mod copy;
mod digests;
mod error_messages;
mod integrity;
mod list_operations;
mod list_uploads;
mod listing;
mod multipart;
mod multipart_operations;
mod object;
mod operation;
mod parameters;
mod read;
mod request;
mod service;
mod store;
mod tagging;
mod tags;
mod unsupported;
mod upload;
mod virtual_host;
mod write;
mod xml;

use std::{panic::AssertUnwindSafe, sync::Arc, time::SystemTime};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use s3s::{
    S3Error, S3Result, s3_error,
    service::{S3Service, S3ServiceBuilder},
};

use self::{
    aws_chunked::{Decoder, Malformed},
    digests::Digests,
    integrity::DeclaredDigests,
    service::LocalS3,
    store::Store,
    upload::Upload,
};
pub use self::{blob::Blobs, operation::operation, virtual_host::path_style};

pub const ENGINE: &str = concat!("lambdameter S3 on s3s ", env!("S3_ENGINE_VERSION"));

/// The largest body that is not an upload: a list of 1,000 keys to delete, each character escaped.
const MAX_DOCUMENT: usize = 20 * 1024 * 1024;
/// Operations whose body is XML.
const WITH_XML: [&str; 4] = [
    "CompleteMultipartUpload",
    "CreateBucket",
    "DeleteObjects",
    "PutObjectTagging",
];
const XML: &str = "application/xml";

/// The engine; its objects' bytes are in `blobs`.
pub fn engine(blobs: Arc<Blobs>) -> Router {
    let store = Arc::new(Store::new(blobs, SystemTime::now));
    let service = S3ServiceBuilder::new(LocalS3(Arc::clone(&store))).build();
    Router::new()
        .fallback(answer)
        .with_state(Engine { service, store })
}

#[derive(Clone)]
struct Engine {
    service: S3Service,
    store: Arc<Store>,
}

async fn answer(State(engine): State<Engine>, request: Request) -> Response {
    let request_id = format!("{:016X}", engine.store.serial());
    let (parts, body) = request.into_parts();
    let operation = operation::of(&parts);
    let expects_continue = parts.headers.contains_key(header::EXPECT);
    let upload = Upload::new(body);
    // The client gets an answer also after a panic.
    let outcome = AssertUnwindSafe(engine.call(operation, parts, &upload))
        .catch_unwind()
        .await;
    let response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => error_response(error),
        Err(_) => error_response(s3_error!(InternalError)),
    };
    let mut response = complete(operation, response, &request_id).await;
    if !expects_continue {
        upload.discard().await;
    } else if upload.take().is_some() {
        // A client that waits for "100 Continue" may send its body now, or not. So the connection's
        // next request could not be told from that body (RFC 9110, 10.1.1).
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

impl Engine {
    async fn call(
        &self,
        operation: &'static str,
        mut parts: Parts,
        upload: &Upload,
    ) -> S3Result<Response> {
        unsupported::check_headers(operation, &parts.headers)?;
        let query = parts.uri.query().unwrap_or_default();
        unsupported::check_part(operation, query)?;
        if let Some(error) = unsupported::of_operation(operation) {
            self.require_bucket_of(&parts)?;
            return Err(error);
        }
        unsupported::check_parameters(operation, query)?;
        let body = if matches!(operation, "PutObject" | "UploadPart") {
            parts.extensions.insert(upload.clone());
            Bytes::new()
        } else {
            document(operation, &mut parts.headers, upload).await?
        };
        request::prepare(&mut parts).map_err(|_| s3_error!(InvalidURI))?;
        let request = axum::http::Request::from_parts(parts, s3s::Body::from(body));
        match self.service.call(request).await {
            Ok(response) => Ok(response.map(Body::new)),
            Err(error) => {
                eprintln!("s3: {operation} was not answered: {error:?}");
                Err(s3_error!(InternalError))
            }
        }
    }

    /// Refuses an operation on a bucket that does not exist, before an operation that is unsupported.
    fn require_bucket_of(&self, parts: &Parts) -> S3Result<()> {
        match parts.uri.path().split('/').nth(1) {
            None | Some("") => Ok(()),
            Some(_) if parts.method == Method::OPTIONS => Ok(()),
            Some(bucket) => self.store.require_bucket(bucket),
        }
    }
}

/// Reads a body that is not an upload, checks it, and corrects it for s3s.
async fn document(operation: &str, headers: &mut HeaderMap, upload: &Upload) -> S3Result<Bytes> {
    let Some(body) = upload.take() else {
        return Ok(Bytes::new());
    };
    let bytes = to_bytes(body, MAX_DOCUMENT)
        .await
        .map_err(|_| s3_error!(MaxMessageLengthExceeded))?;
    let (bytes, trailers) = if upload::is_chunked(headers) {
        unframed(bytes)?
    } else {
        (bytes, HeaderMap::new())
    };
    let declared = match operation {
        // Its sums are the object's, not the body's.
        "CompleteMultipartUpload" => DeclaredDigests::default(),
        _ => DeclaredDigests::read(headers)?,
    };
    let mut digests = Digests::new(declared.algorithms());
    digests.update(&bytes);
    declared.check(&digests.finish(), &trailers)?;
    if WITH_XML.contains(&operation) && std::str::from_utf8(&bytes).is_ok_and(xml::is_malformed) {
        return Err(s3_error!(MalformedXML));
    }
    let bytes = match std::str::from_utf8(&bytes) {
        Ok(text) if text.contains("&#") => xml::resolve_references(text).into(),
        _ => bytes,
    };
    if !bytes.is_empty() {
        headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    }
    Ok(bytes)
}

fn unframed(mut framed: Bytes) -> S3Result<(Bytes, HeaderMap)> {
    let incomplete = |Malformed| s3_error!(IncompleteBody);
    let mut decoder = Decoder::new();
    let mut body = Vec::new();
    while let Some(data) = decoder.next(&mut framed).map_err(incomplete)? {
        body.extend_from_slice(&data);
    }
    Ok((body.into(), decoder.finish().map_err(incomplete)?))
}

fn error_response(error: S3Error) -> Response {
    match error.to_http_response() {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Completes an answer of s3s, and corrects its XML.
async fn complete(operation: &str, mut response: Response, request_id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amz-request-id", id);
    }
    if response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
        return response;
    }
    let succeeded = response.status().is_success();
    if succeeded
        && operation == "HeadObject"
        && response.headers().contains_key(header::CONTENT_RANGE)
    {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let is_xml = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == XML);
    if !is_xml || (succeeded && matches!(operation, "GetObject" | "HeadObject")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // s3s has the whole body in memory already.
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut text = xml::escape_controls(&String::from_utf8_lossy(&bytes));
    if !succeeded {
        text = xml::complete_error(&text, request_id, error_messages::of);
    } else if operation == "GetObjectAttributes" {
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html>
        text = text
            .replace("<ETag>\"", "<ETag>")
            .replace("\"</ETag>", "</ETag>");
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, text.into())
}
