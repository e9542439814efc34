//! Buckets in the host name: `bucket.localhost` for `localhost/bucket`.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>

use axum::{
    extract::Request,
    http::{HeaderMap, Uri, header, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Response},
};
use s3s::s3_error;

use super::error_response;
use crate::authority::Authority;

/// The layer: the layers inside it see only path style.
pub async fn path_style(mut request: Request, next: Next) -> Response {
    if let Some(bucket) = bucket(request.headers()) {
        let Some(uri) = below(&bucket, request.uri()) else {
            return error_response(s3_error!(InvalidURI)).into_response();
        };
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// The labels before `.localhost`, if there are any.
fn bucket(headers: &HeaderMap) -> Option<String> {
    let host = Authority::parse(headers.get(header::HOST)?.to_str().ok()?)?.host;
    host.strip_suffix(".localhost").map(str::to_owned)
}

fn below(bucket: &str, uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    format!("/{bucket}{target}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(host: &str) -> Option<String> {
        let host = (header::HOST, host.parse().expect("a value"));
        bucket(&[host].into_iter().collect())
    }

    #[test]
    fn labels_below_localhost_are_a_bucket() {
        assert_eq!(named("b.localhost:9000").as_deref(), Some("b"));
        assert_eq!(named("a.b.LOCALHOST.").as_deref(), Some("a.b"));
        for host in [
            "localhost:9000",
            "127.0.0.1",
            "[::1]:1",
            "b.box.test",
            "notlocalhost",
        ] {
            assert_eq!(named(host), None, "{host}");
        }
    }

    #[test]
    fn a_bucket_is_put_before_the_unchanged_path() {
        for (target, expected) in [
            ("/", "/b/"),
            ("/?uploads", "/b/?uploads"),
            ("/k%2F?x=1", "/b/k%2F?x=1"),
            ("//k", "/b//k"),
        ] {
            let uri = target.parse().expect("a target");
            assert_eq!(below("b", &uri).expect("a target"), expected);
        }
    }
}
