//! Any credentials are accepted.
//!
//! The S3 library decodes the chunked uploads of today's SDKs, and verifies the checksum behind
//! them, for signed requests only. So whatever signature a request came with is replaced by ours,
//! made with a key that the engine knows.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};

pub const ACCESS_KEY: &str = "lambdameter";
pub const SECRET_KEY: &str = "any-credentials-are-accepted";

const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// Of a body whose digest the client does not send.
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The scope is signed, never compared with anything.
const REGION: &str = "us-east-1";
/// What query authentication adds to a URL: version 4, and version 2, which boto3 still presigns
/// with unless it is told otherwise.
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

/// Replaces a request's signature by ours, its body's declared digest kept.
pub fn replace<B>(request: &mut Request<B>) -> Result<(), Box<dyn std::error::Error>> {
    *request.uri_mut() = without_authentication(request.uri())?;
    let host = HeaderValue::from_static("127.0.0.1");
    let headers = request.headers_mut();
    for name in ["authorization", "x-amz-date", "x-amz-security-token"] {
        headers.remove(name);
    }
    headers.entry(header::HOST).or_insert(host);
    headers
        .entry(CONTENT_SHA256)
        .or_insert(HeaderValue::from_static(UNSIGNED));
    drop_aws_chunked(headers)?;
    for (name, value) in signed_headers(request)? {
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

fn signed_headers<B>(
    request: &Request<B>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Box<dyn std::error::Error>> {
    let host = request.headers()[header::HOST].to_str()?;
    let digest = request.headers()[CONTENT_SHA256].to_str()?;
    let identity = Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "replaced").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(SystemTime::now())
        .settings(settings())
        .build()?
        .into();
    let signable = SignableRequest::new(
        request.method().as_str(),
        format!("https://{host}{}", request.uri()),
        std::iter::empty(),
        SignableBody::Precomputed(digest.to_owned()),
    )?;
    let (instructions, _) = sign(signable, &params)?.into_parts();
    instructions
        .headers()
        .map(|(name, value)| Ok((name.parse()?, value.parse()?)))
        .collect()
}

/// S3's own rules: a path is signed as it is sent.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings
}

fn without_authentication(uri: &Uri) -> Result<Uri, axum::http::Error> {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && !QUERY_AUTHENTICATION.contains(&name)
        })
        .collect();
    let target = match kept.as_slice() {
        [] => uri.path().to_owned(),
        kept => format!("{}?{}", uri.path(), kept.join("&")),
    };
    Uri::builder().path_and_query(target).build()
}

/// `aws-chunked` is how the body travels, not what is stored.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
fn drop_aws_chunked(headers: &mut HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
    let Some(encoding) = headers.remove(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    let kept: Vec<&str> = encoding
        .to_str()?
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && *coding != "aws-chunked")
        .collect();
    if !kept.is_empty() {
        headers.insert(header::CONTENT_ENCODING, kept.join(",").parse()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = Request::builder().method("PUT").uri(uri);
        let mut request = headers
            .iter()
            .fold(builder, |builder, (name, value)| {
                builder.header(*name, *value)
            })
            .body(())
            .expect("a sound request");
        replace(&mut request).expect("signed");
        request
    }

    #[test]
    fn the_callers_signature_gives_way_to_ours() {
        let request = replaced("/bucket/key", &[("authorization", "AWS4 theirs")]);
        let ours = request.headers()["authorization"].to_str().expect("text");
        assert!(ours.contains("Credential=lambdameter/"), "{ours}");
    }

    #[test]
    fn a_declared_digest_is_kept_and_an_undeclared_one_stays_unsigned() {
        let streaming = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
        let request = replaced("/bucket/key", &[(CONTENT_SHA256, streaming)]);
        assert_eq!(request.headers()[CONTENT_SHA256], streaming);
        assert_eq!(replaced("/b/k", &[]).headers()[CONTENT_SHA256], UNSIGNED);
    }

    #[test]
    fn query_authentication_is_taken_off_the_url() {
        let request = replaced("/b/k?X-Amz-Signature=00&partNumber=1&X-Amz-Date=2", &[]);
        assert_eq!(request.uri(), "/b/k?partNumber=1");
        let version_2 = "/b/k?AWSAccessKeyId=AKID&Signature=00&Expires=1";
        assert_eq!(replaced(version_2, &[]).uri(), "/b/k");
    }

    #[test]
    fn the_transfer_coding_is_not_stored_with_the_object() {
        let only = replaced("/b/k", &[("content-encoding", "aws-chunked")]);
        assert!(!only.headers().contains_key("content-encoding"));
        let both = replaced("/b/k", &[("content-encoding", "gzip,aws-chunked")]);
        assert_eq!(both.headers()["content-encoding"], "gzip");
    }
}
