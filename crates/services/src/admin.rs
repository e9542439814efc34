//! The admin endpoint for the emulator: plain HTTP on 127.0.0.1.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::get,
};

use crate::{
    guard::{self, Rules},
    protocol::Protocol,
    usage::{Report, Usage},
};

/// [`routes`] behind the guard.
pub fn guarded(usage: Usage) -> Router {
    let rules = Rules {
        protocol: Protocol::Admin,
        hosts: Arc::default(),
    };
    routes(usage).layer(from_fn_with_state(rules, guard::admit))
}

/// `GET /health`, `GET /usage/{access_key_id}`, `DELETE /usage/{access_key_id}`.
fn routes(usage: Usage) -> Router {
    Router::new()
        .route("/health", get(StatusCode::OK))
        .route("/usage/{access_key}", get(report).delete(forget))
        .with_state(usage)
}

async fn report(State(usage): State<Usage>, Path(access_key): Path<String>) -> Json<Report> {
    Json(usage.report(&access_key))
}

async fn forget(State(usage): State<Usage>, Path(access_key): Path<String>) -> StatusCode {
    usage.forget(&access_key);
    StatusCode::NO_CONTENT
}
