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

/// The service whose requests are counted, and where.
#[derive(Clone)]
pub struct CountingLayer {
    pub service: &'static str,
    pub identify: Identify,
    pub usage: Usage,
}

/// Identifies a request, counts it, and passes it on with its [`Call`].
pub async fn count(State(layer): State<CountingLayer>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let call = Call::of(layer.service, layer.identify, &parts);
    layer.usage.count(&call);
    parts.extensions.insert(call);
    next.run(Request::from_parts(parts, body)).await
}
