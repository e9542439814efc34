//! The answer 403 in the form of each protocol.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::json;

use crate::{fault_answers::with_body, protocol::Protocol, random};

const DYNAMODB_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const S3_REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// `message` contains no character but quotes that XML or JSON would have to escape.
pub fn answer(protocol: Protocol, method: &Method, message: &str) -> Response {
    match protocol {
        Protocol::DynamoDb => dynamodb(message),
        Protocol::S3 => s3(method, message),
        Protocol::Admin => document("application/json", json!({"message": message}).to_string()),
    }
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
fn dynamodb(message: &str) -> Response {
    let kind = "com.amazon.coral.service#AccessDeniedException";
    let body = json!({"__type": kind, "message": message}).to_string();
    let mut response = document("application/x-amz-json-1.0", String::new());
    response
        .headers_mut()
        .insert(DYNAMODB_REQUEST_ID, request_id());
    with_body(response, body.into_bytes())
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses>
fn s3(method: &Method, message: &str) -> Response {
    let id = request_id();
    let body = if method == Method::HEAD {
        String::new()
    } else {
        let escaped = message.replace('"', "&quot;").replace('\'', "&apos;");
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Error><Code>AccessDenied</Code><Message>{escaped}</Message>\
             <RequestId>{}</RequestId></Error>",
            id.to_str().unwrap_or_default()
        )
    };
    let mut response = document("application/xml", body);
    response.headers_mut().insert(S3_REQUEST_ID, id);
    response
}

fn document(content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::FORBIDDEN;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn request_id() -> HeaderValue {
    let id = u128::from_be_bytes(random::secret());
    HeaderValue::try_from(format!("{id:032X}")).expect("digits only")
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn body(protocol: Protocol, method: Method) -> Vec<u8> {
        let response = answer(protocol, &method, "it isn't \"ours\"");
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let collected = response.into_body().collect().await;
        collected.expect("a whole body").to_bytes().to_vec()
    }

    #[tokio::test]
    async fn dynamodb_answers_in_json_with_the_right_checksum() {
        let response = answer(Protocol::DynamoDb, &Method::POST, "no");
        let checksum = response.headers()["x-amz-crc32"].clone();
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let bytes = response.into_body().collect().await.expect("a body");
        let bytes = bytes.to_bytes();
        assert_eq!(checksum, crc32fast::hash(&bytes).to_string());
        let document: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        assert_eq!(document["message"], "no");
    }

    #[tokio::test]
    async fn s3_answers_in_xml_and_a_head_request_without_a_body() {
        let text = String::from_utf8(body(Protocol::S3, Method::GET).await).expect("text");
        assert!(text.contains("<Code>AccessDenied</Code>"));
        assert!(text.contains("<Message>it isn&apos;t &quot;ours&quot;</Message>"));
        assert_eq!(body(Protocol::S3, Method::HEAD).await, b"");
    }
}
