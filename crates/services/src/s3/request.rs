//! Prepares a request for s3s.
//!
//! Any credentials are accepted, so the signature is removed; s3s, which has no keys either, needs none.
//! What s3s would refuse and S3 does not is removed as well.

use axum::http::{Extensions, HeaderMap, HeaderName, Method, Uri, header, request::Parts};
use s3s::dto::{Range, Timestamp, TimestampFormat};

/// What query authentication adds to a URL: version 4, and version 2, which boto3 still uses by default
/// for presigned URLs.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>
const QUERY_AUTHENTICATION: [&str; 11] = [
    "AWSAccessKeyId",
    "Expires",
    "Signature",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "x-amz-security-token",
];

const COPY_SOURCE: &str = "x-amz-copy-source";

/// Headers as they were sent, where s3s reads them differently from S3.
#[derive(Debug, Clone, Default)]
pub struct AsSent {
    expires: Option<String>,
    content_type: Option<String>,
}

impl AsSent {
    pub fn expires(extensions: &Extensions) -> Option<String> {
        extensions.get::<Self>()?.expires.clone()
    }

    pub fn content_type(extensions: &Extensions) -> Option<String> {
        extensions.get::<Self>()?.content_type.clone()
    }
}

/// Removes what s3s must not see, and stores headers that the operations need unchanged.
pub fn prepare(parts: &mut Parts) -> Result<(), axum::http::Error> {
    parts.uri = without_authentication(&parts.uri)?;
    let headers = &mut parts.headers;
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        headers.remove(name);
    }
    if let Some(source) = take_text(headers, &HeaderName::from_static(COPY_SOURCE)) {
        headers.insert(COPY_SOURCE, plus_as_space(&source).parse()?);
    }
    drop_aws_chunked(headers);
    drop_unreadable(headers);
    let mut as_sent = AsSent {
        expires: take_text(headers, &header::EXPIRES),
        content_type: None,
    };
    // s3s would take the type of an object for that of a form.
    if parts.method == Method::POST {
        as_sent.content_type = take_text(headers, &header::CONTENT_TYPE);
    }
    parts.extensions.insert(as_sent);
    Ok(())
}

fn take_text(headers: &mut HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.remove(name)?.to_str().ok()?.to_owned())
}

fn without_authentication(uri: &Uri) -> Result<Uri, axum::http::Error> {
    let pairs: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && !QUERY_AUTHENTICATION.contains(&name)
        })
        .collect();
    let path = plus_as_space(uri.path());
    let target = match pairs.as_slice() {
        [] => path,
        pairs => format!("{path}?{}", pairs.join("&")),
    };
    Uri::builder().path_and_query(target).build()
}

/// S3 reads a plus that is not encoded as a space, also in a path.
/// <https://github.com/dnbert/prm/pull/46>, <https://github.com/aws/aws-sdk-php/issues/236>
fn plus_as_space(encoded: &str) -> String {
    encoded.replace('+', "%20")
}

/// `aws-chunked` is a transfer coding, which is not stored with the object.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
fn drop_aws_chunked(headers: &mut HeaderMap) {
    let Some(encoding) = take_text(headers, &header::CONTENT_ENCODING) else {
        return;
    };
    let codings: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && *coding != "aws-chunked")
        .collect();
    if let Some(value) = (!codings.is_empty())
        .then(|| codings.join(",").parse().ok())
        .flatten()
    {
        headers.insert(header::CONTENT_ENCODING, value);
    }
}

/// Removes an invalid range or date, which is to be ignored (RFC 9110, 13.1.3 and 14.2).
fn drop_unreadable(headers: &mut HeaderMap) {
    let text = |headers: &HeaderMap, name| {
        let value: &axum::http::HeaderValue = headers.get(name)?;
        Some(value.to_str().unwrap_or_default().to_owned())
    };
    if let Some(range) =
        text(headers, header::RANGE).and_then(|range| saturated(&range).parse().ok())
    {
        headers.insert(header::RANGE, range);
    }
    if text(headers, header::RANGE).is_some_and(|range| Range::parse(&range).is_err()) {
        headers.remove(header::RANGE);
    }
    for name in [header::IF_MODIFIED_SINCE, header::IF_UNMODIFIED_SINCE] {
        let date = |text: String| Timestamp::parse(TimestampFormat::HttpDate, &text);
        if text(headers, name.clone()).is_some_and(|text| date(text).is_err()) {
            headers.remove(name);
        }
    }
}

/// Replaces offsets that are too large for s3s by its largest one, which is beyond every object.
fn saturated(range: &str) -> String {
    let Some(offsets) = range.strip_prefix("bytes=") else {
        return range.to_owned();
    };
    let most = i64::MAX.unsigned_abs();
    let within = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || text.parse().is_ok_and(|number: u64| number <= most) {
            text.to_owned()
        } else {
            most.to_string()
        }
    };
    let offsets: Vec<String> = offsets.split('-').map(within).collect();
    format!("bytes={}", offsets.join("-"))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn prepared(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let builder = Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(*name, *value)
        });
        let mut parts = request.body(()).expect("a sound request").into_parts().0;
        prepare(&mut parts).expect("prepared");
        parts
    }

    #[test]
    fn signatures_are_removed() {
        let signed = [("authorization", "AWS4 theirs"), ("x-amz-date", "1")];
        assert!(prepared("GET", "/b/k", &signed).headers.is_empty());
        let uri = "/b/k?X-Amz-Signature=00&partNumber=1&X-Amz-Date=2";
        assert_eq!(prepared("GET", uri, &[]).uri, "/b/k?partNumber=1");
        let version_2 = "/b/k?AWSAccessKeyId=AKID&Signature=00&Expires=1";
        assert_eq!(prepared("GET", version_2, &[]).uri, "/b/k");
    }

    #[test]
    fn a_plus_that_is_not_encoded_is_a_space() {
        let parts = prepared(
            "PUT",
            "/b/a+b%2Bc?d=e+f",
            &[("x-amz-copy-source", "b/a+b%2Bc")],
        );
        assert_eq!(parts.uri, "/b/a%20b%2Bc?d=e+f");
        assert_eq!(parts.headers["x-amz-copy-source"], "b/a%20b%2Bc");
    }

    #[test]
    fn the_transfer_coding_is_not_stored_with_the_object() {
        let coded = |coding| prepared("PUT", "/b/k", &[("content-encoding", coding)]).headers;
        assert!(!coded("aws-chunked").contains_key("content-encoding"));
        assert_eq!(coded("gzip,aws-chunked")["content-encoding"], "gzip");
        assert_eq!(coded("gzip, br")["content-encoding"], "gzip,br");
    }

    #[test]
    fn an_invalid_range_or_date_is_ignored() {
        for (name, value, is_valid) in [
            ("range", "bytes=0-1", true),
            ("range", "bytes=-5", true),
            ("range", "bytes=5-1", false),
            ("range", "bytes=0-99999999999999999999", true),
            ("range", "bytes=18446744073709551616-", true),
            ("range", "bytes=-99999999999999999999", true),
            ("range", "bytes=99999999999999999999-1", false),
            ("range", "lines=0-1", false),
            ("range", "bytes=0-1,3-4", false),
            ("if-modified-since", "Wed, 21 Oct 2015 07:28:00 GMT", true),
            ("if-modified-since", "yesterday", false),
            ("if-unmodified-since", "0", false),
        ] {
            let headers = prepared("GET", "/b/k", &[(name, value)]).headers;
            assert_eq!(headers.contains_key(name), is_valid, "{name}: {value}");
        }
    }

    #[test]
    fn headers_that_s3s_reads_differently_are_stored() {
        let sent = [("expires", "0"), ("content-type", "multipart/form-data")];
        let extensions = prepared("POST", "/b/k?uploads", &sent).extensions;
        assert_eq!(AsSent::expires(&extensions).as_deref(), Some("0"));
        assert_eq!(
            AsSent::content_type(&extensions).as_deref(),
            Some("multipart/form-data")
        );
        let extensions = prepared("PUT", "/b/k", &sent).extensions;
        assert_eq!(AsSent::content_type(&extensions), None);
    }
}
