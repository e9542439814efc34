//! The rules, held to the table that the Python servers are held to as well.

use axum::http::Request;
use serde::Deserialize;

use super::*;

const TABLE: &str = include_str!("../../../tests/guard/requests.toml");
const ALLOWED: [&str; 3] = ["lambda.test", "192.0.2.7", "fd00::7"];
const HOST: &str = "127.0.0.1:9001";

#[derive(Deserialize)]
struct Table {
    request: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    listeners: Option<Vec<String>>,
    #[serde(default = "get")]
    method: String,
    #[serde(default = "path")]
    target: String,
    headers: Vec<(String, String)>,
    refuse: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn path() -> String {
    "{path}".to_owned()
}

fn rules(listener: &str) -> (Rules, &'static str, &'static str) {
    let (protocol, path, post) = match listener {
        "dynamodb" => (Protocol::DynamoDb, "/", "/"),
        "s3" => (Protocol::S3, "/none/none", "/none/none?uploads"),
        _ => (Protocol::Admin, "/usage/none", "/usage/none"),
    };
    let names: &[&str] = match protocol {
        Protocol::Admin => &[],
        _ => &ALLOWED,
    };
    let hosts = Arc::new(names.iter().map(ToString::to_string).collect());
    (Rules { protocol, hosts }, path, post)
}

/// As hyper hands it on.
fn head(row: &Row, path: &str, post: &str) -> Parts {
    let filled = |text: &str| {
        text.replace("{host}", HOST)
            .replace("{port}", "9001")
            .replace("{path}", path)
            .replace("{post}", post)
    };
    let builder = Request::builder()
        .method(row.method.as_str())
        .uri(filled(&row.target));
    row.headers
        .iter()
        .fold(builder, |builder, (name, value)| {
            builder.header(name, filled(value).trim().as_bytes())
        })
        .body(())
        .expect("a head that hyper would take")
        .into_parts()
        .0
}

#[test]
fn a_request_is_served_or_breaks_the_rule_that_the_table_names() {
    let table: Table = toml::from_str(TABLE).expect("the table is TOML");
    let mut compared = 0;
    for row in &table.request {
        for listener in ["dynamodb", "s3", "admin"] {
            let lists = |names: &Vec<String>| names.iter().any(|name| name == listener);
            if !row.listeners.as_ref().is_none_or(lists) {
                continue;
            }
            let (rules, path, post) = rules(listener);
            let refusal = rules.refusal(&head(row, path, post));
            assert_eq!(
                refusal.map(|refusal| refusal.rule),
                row.refuse.as_deref(),
                "{listener}: {}",
                row.name
            );
            compared += 1;
        }
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn the_scheme_is_the_connections_own() {
    let (rules, ..) = rules("s3");
    for (scheme, origin, served) in [
        ("https", "https://127.0.0.1:9001", true),
        ("https", "http://127.0.0.1:9001", false),
        ("http", "https://127.0.0.1:9001", false),
    ] {
        let request = Request::builder()
            .header("host", HOST)
            .header("origin", origin);
        let mut request = request.body(()).expect("a sound request");
        request.extensions_mut().insert(Scheme(scheme));
        let refusal = rules.refusal(&request.into_parts().0);
        assert_eq!(refusal.is_none(), served, "{origin} over {scheme}");
    }
}

#[test]
fn no_request_can_end_the_text_that_quotes_it() {
    let text = quoted("\"</A>\u{2603}\r\n&'`\\");
    assert_eq!(text, "??/A????????");
    assert!(quoted(&"a".repeat(10_000)).len() < 100);
}

#[test]
fn a_refused_presigned_form_gets_a_message_that_says_what_works() {
    let (rules, ..) = rules("s3");
    let message = |target: &str, kind: &str| {
        let request = Request::post(target).header("host", HOST);
        let request = if kind.is_empty() {
            request
        } else {
            request.header("content-type", kind)
        };
        let parts = request.body(()).expect("a request").into_parts().0;
        rules
            .refusal(&parts)
            .map_or_else(String::new, |refusal| refusal.message)
    };
    let presigned = "/b/k?uploads&X-Amz-Signature=00";
    assert!(message(presigned, "text/plain").ends_with("Send no Content-Type."));
    assert_eq!(message(presigned, ""), "");
    assert!(message("/b/k?uploads", "text/plain").ends_with("in its Authorization header."));
}
