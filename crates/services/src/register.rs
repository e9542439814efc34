//! The outermost layer of a service: every request becomes a [`Call`], and is counted.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use crate::{
    call::{Call, Identify},
    usage::Usage,
};

/// Whose requests these are, and where they are counted.
#[derive(Clone)]
pub struct Register {
    pub service: &'static str,
    pub identify: Identify,
    pub usage: Usage,
}

/// Identifies a request, counts it, and hands the [`Call`] down with it.
pub async fn register(State(of): State<Register>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let call = Call::of(of.service, of.identify, &parts);
    of.usage.count(&call);
    parts.extensions.insert(call);
    next.run(Request::from_parts(parts, body)).await
}
