//! The layer that makes an engine take the modelled time.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use futures_util::StreamExt;
use http_body::{Frame, SizeHint};

use crate::{
    call::Call,
    connection::Connection,
    latency_model::{Draws, Mode, Model},
    timer::Timer,
    usage::Usage,
};

/// One model for all services, shared by their threads.
pub struct LatencyLayer {
    mode: Mode,
    draws: Mutex<Draws>,
    timer: Timer,
    usage: Usage,
}

impl LatencyLayer {
    pub fn new(model: Model, seed: u64, timer: Timer, usage: Usage) -> Self {
        Self {
            mode: model.mode,
            draws: Mutex::new(Draws::new(model, seed)),
            timer,
            usage,
        }
    }

    fn draws(&self) -> MutexGuard<'_, Draws> {
        self.draws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as a function's new connection would have taken. The engine sees the request only
    /// afterwards, so its own time is not part of it.
    async fn open(&self, call: &Call, connection: &Connection) {
        if !call.is_by_function() || !connection.open() {
            return;
        }
        let Some(set_up) = self.draws().connection(call.service) else {
            return;
        };
        let arrived = Instant::now();
        self.timer.until(arrived + set_up).await;
        self.usage
            .add_modelled(&call.access_key, arrived, Instant::now());
    }
}

/// Holds an answer until its modelled time is over, then sends its body at the modelled pace. The first
/// request of a function's connection is also held before.
pub async fn hold(
    State(latency): State<Arc<LatencyLayer>>,
    Extension(call): Extension<Call>,
    Extension(connection): Extension<Connection>,
    request: Request,
    next: Next,
) -> Response {
    latency.open(&call, &connection).await;
    let drawn = latency.draws().next(&call);
    let Some(delay) = drawn else {
        return next.run(request).await;
    };
    let (request, received) = watch(request);
    let response = next.run(request).await;
    let answered = Instant::now();
    let received = *received.get_or_init(|| answered);
    let start = match latency.mode {
        Mode::Total => received,
        Mode::Extra => answered,
    };
    latency.timer.until(start + delay.response).await;
    let released = Instant::now();
    latency
        .usage
        .add_modelled(&call.access_key, received, released);
    match delay.bytes_per_s {
        Some(bytes_per_s) => pace(response, bytes_per_s, released, latency, call.access_key),
        None => response,
    }
}

/// Sends no byte before a transfer that began at `start` would have brought it. A slower reader is not
/// held; the modelled time of the transfer is its length divided by the pace.
fn pace(
    response: Response,
    bytes_per_s: f64,
    start: Instant,
    latency: Arc<LatencyLayer>,
    access_key: String,
) -> Response {
    let mut due = start;
    response.map(|body| {
        Body::from_stream(body.into_data_stream().then(move |chunk| {
            let from = due;
            if let Ok(bytes) = &chunk {
                due += transfer_time(bytes.len(), bytes_per_s);
            }
            let (to, latency, access_key) = (due, Arc::clone(&latency), access_key.clone());
            async move {
                latency.timer.until(to).await;
                latency.usage.add_modelled(&access_key, from, to);
                chunk
            }
        }))
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "a chunk has far less than 2^52 bytes"
)]
fn transfer_time(bytes: usize, bytes_per_s: f64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / bytes_per_s)
}

type Received = Arc<OnceLock<Instant>>;

/// Notes when the last byte of a request was received, without a copy of it being kept.
fn watch(request: Request) -> (Request, Received) {
    let received = Received::default();
    let request = request.map(|body| {
        let watched = Watched {
            body,
            received: Arc::clone(&received),
        };
        watched.note_end();
        Body::new(watched)
    });
    (request, received)
}

struct Watched {
    body: Body,
    received: Received,
}

impl Watched {
    fn note_end(&self) {
        if http_body::Body::is_end_stream(&self.body) {
            self.received.get_or_init(Instant::now);
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match polled {
            Poll::Ready(None) => {
                self.received.get_or_init(Instant::now);
            }
            Poll::Ready(Some(_)) => self.note_end(),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
