//! The function's work: what is read, parsed and written, and the times.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::batch::{self, Pace};
use crate::contents::Document;
use crate::document;
use crate::event::Event;
use crate::failure::Failure;
use crate::services::Services;

/// Whoever follows a load while it goes on.
pub trait Listener {
    /// One of `download`, `parse` and `write` begins.
    fn phase(&self, name: &'static str) -> impl Future<Output = ()>;
    /// So many records are written; told after each thousand.
    fn records(&self, done: usize) -> impl Future<Output = ()>;
}

/// Load an object into a table; what telling the listener takes is inside the times.
///
/// # Errors
/// As the workload's README lists them.
pub async fn load(
    services: &Services,
    event: &Event,
    deadline: SystemTime,
    listener: Option<&impl Listener>,
) -> Result<Value, Failure> {
    let started = Instant::now();
    begin(listener, "download").await;
    let body = services.read_object(&event.bucket, &event.key).await?;
    let body = body.into_bytes();
    let read = Instant::now();
    begin(listener, "parse").await;
    let Document {
        records,
        registrations,
        invalid,
    } = document::parse(&body, event.format)?;
    drop(body);
    let parsed = Instant::now();
    begin(listener, "write").await;
    let progress = listener.map(|one| async |done| one.records(done).await);
    let retried = batch::write(
        &registrations,
        async |batch| services.put(&event.table, batch).await,
        &Invocation { deadline },
        progress.as_ref(),
    )
    .await?;
    let written = Instant::now();
    Ok(json!({
        "records": records,
        "written": registrations.len(),
        "invalid": invalid,
        "retried_items": retried,
        "total_ms": ms(written - started),
        "phases": {
            "s3_ms": ms(read - started),
            "parse_ms": ms(parsed - read),
            "write_ms": ms(written - parsed),
        },
    }))
}

async fn begin(listener: Option<&impl Listener>, phase: &'static str) {
    if let Some(listener) = listener {
        listener.phase(phase).await;
    }
}

/// The pace of a real invocation.
struct Invocation {
    deadline: SystemTime,
}

impl Pace for Invocation {
    fn remaining(&self) -> Duration {
        self.deadline
            .duration_since(SystemTime::now())
            .unwrap_or_default()
    }

    fn jitter(&self) -> f64 {
        fastrand::f64()
    }

    async fn sleep(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
