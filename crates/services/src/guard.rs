//! The guard of the services: programs may call them, web pages of others may not.
//!
//! The rules are those of `src/lambdameter/guard/rules.py`, which gives the reasons;
//! `tests/guard/requests.toml` tests both. It is the outermost layer, so that a refused request is not
//! counted.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, Method,
        header::{
            AUTHORIZATION, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, HeaderValue, ORIGIN,
        },
        request::Parts,
    },
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;

use crate::{
    access_denied,
    authority::{Authority, Origin},
    protocol::Protocol,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Content types that a page can send without a preflight: <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
const SIMPLE: [&str; 3] = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
];
const MAX_QUOTED: usize = 80;

/// The scheme of a request, in its extensions; without it, "http".
#[derive(Debug, Clone, Copy)]
pub struct Scheme(pub &'static str);

/// Which requests are served.
#[derive(Debug, Clone)]
pub struct Rules {
    pub protocol: Protocol,
    /// Hosts that a request may name beside loopback, in the form of [`crate::authority::host`].
    pub hosts: Arc<BTreeSet<String>>,
}

/// The first rule that a request breaks, and the message for its sender.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub rule: &'static str,
    pub message: String,
}

/// The layer.
pub async fn admit(State(rules): State<Rules>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(refusal) = rules.refusal(&parts) else {
        // Dynoxide would answer this header with `access-control-allow-origin: *`.
        parts.headers.remove(ORIGIN);
        return without_cors(next.run(Request::from_parts(parts, body)).await);
    };
    let mut response = access_denied::answer(rules.protocol, &parts.method, &refusal.message);
    if parts.headers.contains_key(EXPECT) {
        // The client may or may not send the body, so where the next request begins is unknown.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    } else {
        let mut body = body;
        while let Some(Ok(_)) = body.frame().await {}
    }
    response
}

impl Rules {
    /// Why a request is not served; `None`: it is served.
    pub fn refusal(&self, parts: &Parts) -> Option<Refusal> {
        let uri = &parts.uri;
        if uri.authority().is_some() || !uri.path().starts_with('/') {
            let target = quoted(&uri.to_string());
            let message = format!(
                "The target \"{target}\" is not a path. Send only the path, and a Host header."
            );
            return refused("target", message);
        }
        let host = joined(&parts.headers, &HOST);
        let server = host.as_deref().and_then(Authority::parse);
        let Some(server) =
            server.filter(|server| server.loopback || self.hosts.contains(&server.host))
        else {
            return refused("host", self.no_host(host.as_deref()));
        };
        let scheme = parts
            .extensions
            .get()
            .map_or("http", |Scheme(scheme)| scheme);
        of_a_page(&parts.headers, &Origin::of(scheme, &server)).or_else(|| self.of_a_form(parts))
    }

    fn no_host(&self, host: Option<&str>) -> String {
        let remedy = match self.protocol {
            Protocol::Admin => "Call 127.0.0.1 or localhost.",
            Protocol::DynamoDb | Protocol::S3 => {
                "Call 127.0.0.1 or localhost, or allow the name with --allow-host."
            }
        };
        match host {
            None => format!("The request has no Host header. {remedy}"),
            Some(host) => {
                let host = quoted(host);
                format!("Host \"{host}\" is not this machine's loopback. {remedy}")
            }
        }
    }

    fn of_a_form(&self, parts: &Parts) -> Option<Refusal> {
        if !self.changes(&parts.method) {
            return None;
        }
        let send = match self.protocol {
            // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>
            Protocol::DynamoDb => "Send application/x-amz-json-1.0.",
            // A page cannot send Authorization without a preflight, and `aws s3 cp` begins an
            // upload of a text file in parts by a POST of its type.
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
            Protocol::S3 if is_signed(&parts.headers) => return None,
            Protocol::S3 if is_presigned(parts) => "Send no Content-Type.",
            Protocol::S3 => "Sign the request in its Authorization header.",
            Protocol::Admin => "Send application/json.",
        };
        let Some(declared) = joined(&parts.headers, &CONTENT_TYPE) else {
            let message = format!("The request has no Content-Type. {send}");
            return (self.protocol == Protocol::DynamoDb)
                .then(|| refused("type", message))
                .flatten();
        };
        if is_beyond_a_page(&declared) {
            return None;
        }
        let message = format!(
            "Content-Type \"{}\" is one that any web page can send. {send}",
            quoted(&declared)
        );
        refused("form", message)
    }

    /// Whether the method changes anything. In S3 a PUT does not count: it needs a preflight anyway, and
    /// a text is an ordinary object.
    fn changes(&self, method: &Method) -> bool {
        match self.protocol {
            Protocol::S3 => method == Method::POST,
            Protocol::DynamoDb | Protocol::Admin => {
                [Method::POST, Method::PUT, Method::PATCH].contains(method)
            }
        }
    }
}

/// Whether it is signed by one of AWS's schemes; a browser sends a page's password as `Basic`.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html>
fn is_signed(headers: &HeaderMap) -> bool {
    let schemes: [&[u8]; 3] = [b"AWS4-HMAC-SHA256 ", b"AWS4-ECDSA-P256-SHA256 ", b"AWS "];
    headers.get(AUTHORIZATION).is_some_and(|value| {
        schemes
            .iter()
            .any(|scheme| value.as_bytes().starts_with(scheme))
    })
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
fn is_presigned(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    query
        .split('&')
        .any(|pair| pair.starts_with("X-Amz-Signature=") || pair.starts_with("Signature="))
}

fn of_a_page(headers: &HeaderMap, own: &Origin) -> Option<Refusal> {
    if let Some(sender) = joined(headers, &ORIGIN)
        && Origin::parse(&sender).as_ref() != Some(own)
    {
        let message = format!(
            "Origin \"{}\" is not this server's. Web pages of others are not served: call from a \
             program.",
            quoted(&sender)
        );
        return refused("origin", message);
    }
    let site = joined(headers, &SEC_FETCH_SITE)?;
    // <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
    if ["same-origin", "none"].contains(&site.to_ascii_lowercase().as_str()) {
        return None;
    }
    let message = format!(
        "Sec-Fetch-Site \"{}\" tells of another site's page. Type the address into the browser, or \
         call from a program.",
        quoted(&site)
    );
    refused("site", message)
}

/// Whether a page would need a preflight; it does not for an invalid content type.
fn is_beyond_a_page(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    // <https://mimesniff.spec.whatwg.org/#mime-type-essence>
    let essence = essence
        .trim_matches([' ', '\t', '\r', '\n'])
        .to_ascii_lowercase();
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+.^_`|~-".contains(&byte))
    };
    let is_type = essence
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    is_type && !SIMPLE.contains(&essence.as_str())
}

/// The values of headers with the same name, joined: <https://www.rfc-editor.org/rfc/rfc9110#section-5.3>
fn joined<'head>(headers: &'head HeaderMap, name: &HeaderName) -> Option<Cow<'head, str>> {
    let mut values = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    Some(values.fold(first, |before, value| format!("{before}, {value}").into()))
}

/// A client's text, short and without special characters, so that any document can contain it.
fn quoted(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "_ !#$%()*+,./:;=?@[]^{|}~-".contains(c);
    let start = text.chars().take(MAX_QUOTED);
    let mut quoted: String = start.map(|c| if harmless(c) { c } else { '?' }).collect();
    if text.chars().count() > MAX_QUOTED {
        quoted.push_str("...");
    }
    quoted
}

/// Removes an engine's own CORS headers.
fn without_cors(mut response: Response) -> Response {
    let cors: Vec<HeaderName> = response
        .headers()
        .keys()
        .filter(|name| name.as_str().starts_with("access-control-"))
        .cloned()
        .collect();
    for name in cors {
        response.headers_mut().remove(name);
    }
    response
}

// Every rule returns an `Option`.
#[allow(clippy::unnecessary_wraps)]
fn refused(rule: &'static str, message: String) -> Option<Refusal> {
    Some(Refusal { rule, message })
}

#[cfg(test)]
#[path = "guard_table.rs"]
mod table;
