//! Claim C2: one `DynamoDB` operation a call, timed inside.

mod failure;
mod operation;

use std::time::Instant;

use aws_sdk_dynamodb::Client;
#[cfg(any(feature = "ring", feature = "no-jitter"))]
use aws_smithy_http_client::tls;
use lambda_http::{Request, RequestExt, Response, http};
use serde_json::json;

pub use failure::Failure;
pub use operation::{Done, Operation};

/// A client of the table's service, with the TLS provider that this was built for.
pub async fn client() -> Client {
    Client::new(&config().await)
}

/// A client that asks over plain HTTP, at the port where the endpoint has TLS if it names one.
///
/// Such an endpoint is there in each region:
/// <https://docs.aws.amazon.com/general/latest/gr/ddb.html>
pub async fn plain_client() -> Client {
    let config = config().await;
    let region = config
        .region()
        .map_or("us-east-1", |region| region.as_ref());
    let endpoint = std::env::var("AWS_ENDPOINT_URL_DYNAMODB")
        .unwrap_or_else(|_| format!("https://dynamodb.{region}.amazonaws.com"));
    let plain = endpoint.replacen("https://", "http://", 1);
    let config = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(plain);
    Client::from_conf(config.build())
}

async fn config() -> aws_config::SdkConfig {
    let loader = aws_config::from_env();
    #[cfg(feature = "ring")]
    let loader = loader.http_client(over_tls_of(tls::rustls_provider::CryptoMode::Ring));
    #[cfg(feature = "no-jitter")]
    let loader = loader.http_client(over_tls_of(tls::rustls_provider::CryptoMode::AwsLc));
    loader.load().await
}

#[cfg(any(feature = "ring", feature = "no-jitter"))]
fn over_tls_of(
    mode: tls::rustls_provider::CryptoMode,
) -> aws_sdk_dynamodb::config::SharedHttpClient {
    let provider = tls::Provider::Rustls(mode);
    aws_smithy_http_client::Builder::new()
        .tls_provider(provider)
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
