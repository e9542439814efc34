//! Claim C2: one `DynamoDB` operation a call, timed inside.

mod failure;
mod operation;

use std::time::Instant;

use aws_sdk_dynamodb::Client;
use lambda_http::{Request, RequestExt, Response, http};
use serde_json::json;

pub use failure::Failure;
pub use operation::{Done, Operation};

/// A client of the table's service, with the TLS provider that this was built for.
pub async fn client() -> Client {
    let loader = aws_config::from_env();
    #[cfg(feature = "ring")]
    let loader = loader.http_client(ring());
    Client::new(&loader.load().await)
}

#[cfg(feature = "ring")]
fn ring() -> aws_sdk_dynamodb::config::SharedHttpClient {
    use aws_smithy_http_client::{Builder, tls};
    Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}

/// Do what the query asks for.
///
/// # Errors
/// [`Failure`]: the query is not sound, or the service refused.
pub async fn handle(dynamodb: &Client, request: &Request) -> Result<Response<String>, Failure> {
    let query = request.query_string_parameters();
    let operation = query.first("operation").and_then(Operation::named);
    let operation = operation.ok_or_else(|| {
        Failure::InvalidEvent("operation must be get, put, query or batch".to_owned())
    })?;
    let table = query.first("table").filter(|name| !name.is_empty());
    let table = table.ok_or_else(|| Failure::InvalidEvent("table must be named".to_owned()))?;
    let started = Instant::now();
    let done = operation.call(dynamodb, table).await?;
    let sdk_call_ms = started.elapsed().as_secs_f64() * 1e3;
    let body = json!({
        "operation": operation.name(),
        "items": done.items,
        "data_bytes": done.data_bytes,
        "sdk_call_ms": (sdk_call_ms * 1e3).round() / 1e3,
    });
    Response::builder()
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.to_string())
        .map_err(|error| Failure::ServiceError(error.to_string()))
}
