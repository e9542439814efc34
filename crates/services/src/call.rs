//! The operation and the caller of a request, identified before the engine sees it, so that every
//! layer can use them.

use std::borrow::Cow;

use axum::http::request::Parts;

/// The caller of unsigned requests.
const ANONYMOUS: &str = "anonymous";
const OTHER: &str = "Other";
/// The access key ids of temporary credentials begin with it, those of long-term keys with AKIA.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
const TEMPORARY: &str = "ASIA";

/// Identifies a service's operation from the head of a request.
pub type Identify = fn(&Parts) -> Cow<'static, str>;

/// One request, as the layers see it.
#[derive(Debug, Clone)]
pub struct Call {
    pub service: &'static str,
    /// AWS's name of the operation; "Other" where there is none.
    pub operation: Cow<'static, str>,
    pub access_key: String,
    /// Whether an SDK has sent the same request before.
    pub retry: bool,
}

impl Call {
    /// Reads the head of a request; `identify` finds the operation.
    pub fn of(service: &'static str, identify: Identify, parts: &Parts) -> Self {
        Self {
            service,
            operation: identify(parts),
            access_key: access_key(parts).unwrap_or(ANONYMOUS).to_owned(),
            retry: attempt(parts).is_some_and(|attempt| attempt > 1),
        }
    }

    /// Whether a function sent it: Lambda gives functions temporary credentials, while the measuring
    /// side, or a person with a client, uses a long-term key. So requests that set up, verify and clean
    /// up are not taken for measured ones.
    pub fn is_by_function(&self) -> bool {
        self.access_key.starts_with(TEMPORARY)
    }
}

/// The access key id that a request was signed with, in its header or (presigned) in its query.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>
fn access_key(parts: &Parts) -> Option<&str> {
    let header = parts
        .headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let query = parts.uri.query().unwrap_or_default();
    let scope = match header {
        Some(value) => value.split_once("Credential=")?.1,
        None => query_value(query, "X-Amz-Credential")
            .or_else(|| query_value(query, "AWSAccessKeyId"))?,
    };
    scope
        .split(['/', '%', ','])
        .next()
        .filter(|key| !key.is_empty())
}

/// Which of an SDK's attempts at one request this is, from 1: `amz-sdk-request: attempt=2; max=3`.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
fn attempt(parts: &Parts) -> Option<u32> {
    let header = parts.headers.get("amz-sdk-request")?.to_str().ok()?;
    header
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix("attempt="))?
        .parse()
        .ok()
}

/// `X-Amz-Target: DynamoDB_20120810.GetItem` asks for `GetItem`.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
pub fn dynamodb_operation(parts: &Parts) -> Cow<'static, str> {
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    match target.and_then(|target| target.split_once('.')) {
        Some((_, operation)) => operation.to_owned().into(),
        None => OTHER.into(),
    }
}

/// The value of a query parameter, still encoded; empty for one without a value.
fn query_value<'query>(query: &'query str, name: &str) -> Option<&'query str> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let builder = Request::builder().method(method).uri(uri);
        headers
            .iter()
            .fold(builder, |builder, (name, value)| {
                builder.header(*name, *value)
            })
            .body(())
            .expect("a sound request")
            .into_parts()
            .0
    }

    #[test]
    fn the_access_key_stands_in_the_authorization_header() {
        let value = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/s3/aws4_request, \
                     SignedHeaders=host, Signature=00";
        let signed = parts("GET", "/", &[("authorization", value)]);
        assert_eq!(access_key(&signed), Some("AKID"));
    }

    #[test]
    fn the_access_key_of_a_presigned_request_stands_in_its_query() {
        let uri = "/bucket/key?X-Amz-Date=1&X-Amz-Credential=AKID%2F20260101%2Feu-west-1";
        assert_eq!(access_key(&parts("GET", uri, &[])), Some("AKID"));
    }

    #[test]
    fn so_does_that_of_one_presigned_in_version_2() {
        let uri = "/bucket/key?AWSAccessKeyId=AKID&Signature=00&Expires=1";
        assert_eq!(access_key(&parts("GET", uri, &[])), Some("AKID"));
    }

    #[test]
    fn an_unsigned_request_has_no_access_key() {
        assert_eq!(access_key(&parts("GET", "/bucket?list-type=2", &[])), None);
        assert_eq!(
            access_key(&parts("GET", "/", &[("authorization", "AWS a:b")])),
            None
        );
    }

    #[test]
    fn the_sdk_says_which_attempt_a_request_is() {
        let of = |value| attempt(&parts("POST", "/", &[("amz-sdk-request", value)]));
        assert_eq!(of("attempt=1"), Some(1));
        assert_eq!(of("attempt=1; max=3"), Some(1));
        assert_eq!(of("ttl=20260101T000000Z; attempt=2; max=3"), Some(2));
        assert_eq!(of("max=3"), None);
        assert_eq!(attempt(&parts("POST", "/", &[])), None);
    }

    #[test]
    fn the_target_names_the_dynamodb_operation() {
        let target = [("x-amz-target", "DynamoDB_20120810.BatchWriteItem")];
        assert_eq!(
            dynamodb_operation(&parts("POST", "/", &target)),
            "BatchWriteItem"
        );
        assert_eq!(dynamodb_operation(&parts("GET", "/", &[])), "Other");
    }
}
