//! The layer that injects faults; faults.rs explains them.
//!
//! Only functions' requests have faults: what sets up, verifies and cleans up is never disturbed.

use std::{
    future::ready,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

use crate::{
    batch_write::{self, Split},
    call::Call,
    dynamodb::MAX_BODY,
    fault_answers,
    faults::{Draws, Fault, Kind, Rates, portion},
    server::HangUp,
    usage::Usage,
};

/// One set of faults for all services, shared by their threads.
pub struct FaultLayer {
    draws: Mutex<Draws>,
    usage: Usage,
}

impl FaultLayer {
    pub fn new(rates: Rates, seed: u64, usage: Usage) -> Self {
        Self {
            draws: Mutex::new(Draws::new(rates, seed)),
            usage,
        }
    }

    fn next(&self, call: &Call) -> Option<Fault> {
        if !call.is_by_function() {
            return None;
        }
        let mut draws = self.draws.lock().unwrap_or_else(PoisonError::into_inner);
        draws.next(call)
    }
}

/// Where a fault was drawn, answers instead of the engine, or breaks its answer.
pub async fn inject(
    State(faults): State<Arc<FaultLayer>>,
    Extension(call): Extension<Call>,
    request: Request,
    next: Next,
) -> Response {
    let Some(fault) = faults.next(&call) else {
        return next.run(request).await;
    };
    if let Fault::Unprocessed { seed } = fault {
        return leave_out(&faults.usage, &call, request, next, seed).await;
    }
    faults.usage.count_fault(&call, fault.kind());
    match fault {
        Fault::ServerError { executed: true } => {
            next.run(request).await;
            fault_answers::server_error(call.service)
        }
        Fault::Cut {
            executed: true,
            part,
        } => cut(next.run(request).await, &call, part),
        _ => {
            // The body has to be read before the answer: an unread body would be taken for the
            // connection's next request.
            let body = request.into_body().into_data_stream();
            body.for_each(|_| ready(())).await;
            match fault {
                Fault::Throttle => fault_answers::throttled(call.service),
                Fault::Cut { .. } => hang_up(),
                _ => fault_answers::server_error(call.service),
            }
        }
    }
}

fn hang_up() -> Response {
    Extension(HangUp).into_response()
}

/// An object breaks off in its body; any other answer does not arrive at all.
fn cut(response: Response, call: &Call, part: f64) -> Response {
    let length: Option<usize> = response
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    match length {
        Some(length @ 1..) if call.operation == "GetObject" => {
            break_off(response, portion(length - 1, part))
        }
        _ => hang_up(),
    }
}

/// Sends so many bytes of a body and then ends the connection, before the announced length.
fn break_off(response: Response, bytes: usize) -> Response {
    response.map(|body| {
        let sent = body.into_data_stream().scan(bytes, |unsent, chunk| {
            let more = (*unsent > 0).then(|| {
                chunk.map(|bytes| {
                    let sent = bytes.slice(..bytes.len().min(*unsent));
                    *unsent -= sent.len();
                    sent
                })
            });
            ready(more)
        });
        let end = stream::once(async {
            // Without a pause the connection would end before these bytes have left it.
            tokio::task::yield_now().await;
            Err(axum::Error::new(HangUp))
        });
        Body::from_stream(sent.chain(end))
    })
}

/// Passes only a part of a `BatchWriteItem` to the engine.
async fn leave_out(
    usage: &Usage,
    call: &Call,
    request: Request,
    next: Next,
    seed: u64,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match batch_write::split(&body, seed) {
        Split::Unsplit => next.run(Request::from_parts(parts, body.into())).await,
        Split::Nothing => {
            usage.count_fault(call, Kind::Unprocessed);
            fault_answers::throttled(call.service)
        }
        Split::Some { request, rest } => {
            let length = HeaderValue::from(request.len());
            parts.headers.insert(header::CONTENT_LENGTH, length);
            let (head, answer) = next
                .run(Request::from_parts(parts, request.into()))
                .await
                .into_parts();
            // The engine has the whole answer in memory already.
            let answer = to_bytes(answer, usize::MAX).await.unwrap_or_default();
            let merged = (head.status == StatusCode::OK)
                .then(|| batch_write::merge(&answer, rest))
                .flatten();
            let Some(merged) = merged else {
                return Response::from_parts(head, answer.into());
            };
            usage.count_fault(call, Kind::Unprocessed);
            fault_answers::with_body(Response::from_parts(head, Body::empty()), merged)
        }
    }
}
