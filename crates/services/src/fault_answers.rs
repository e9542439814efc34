//! The services' own answers for throttling and for server errors, as their SDKs know them.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::json;

/// It says that lambdameter caused the fault.
const MESSAGE: &str = "Injected by lambdameter (--faults)";
const CRC32: &str = "x-amz-crc32";

/// A table on demand throttles with `ThrottlingException`; `ProvisionedThroughputExceeded` is for
/// tables with provisioned capacity.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
/// Its full name, as the service writes it: <https://github.com/awslabs/dynein/issues/195>
/// S3: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
pub fn throttled(service: &str) -> Response {
    match service {
        "s3" => s3(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        _ => dynamodb(
            StatusCode::BAD_REQUEST,
            "com.amazon.coral.availability#ThrottlingException",
        ),
    }
}

/// The request may or may not have been executed.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ErrorBestPractices.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
pub fn server_error(service: &str) -> Response {
    match service {
        "s3" => s3(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        _ => dynamodb(
            StatusCode::INTERNAL_SERVER_ERROR,
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
        ),
    }
}

fn dynamodb(status: StatusCode, kind: &str) -> Response {
    let body = json!({"__type": kind, "message": MESSAGE}).to_string();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    with_body(response, body.into_bytes())
}

fn s3(status: StatusCode, code: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{MESSAGE}</Message></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    response
}

/// Replaces the body of an answer of `DynamoDB`, and its checksum, which clients compare.
pub fn with_body(mut response: Response, body: Vec<u8>) -> Response {
    let headers = response.headers_mut();
    headers.insert(CRC32, crc32fast::hash(&body).into());
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    *response.body_mut() = Body::from(body);
    response
}
