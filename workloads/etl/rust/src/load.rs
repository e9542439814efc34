//! The function's work: what is read, parsed and written, and the times.

use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::batch::{self, Pace};
use crate::document::{self, Document};
use crate::event::Event;
use crate::failure::Failure;
use crate::services::Services;

/// Load an object into a table; `progress` is told of each thousand records written.
///
/// # Errors
/// As the workload's README lists them.
pub async fn load(
    services: &Services,
    event: &Event,
    deadline: SystemTime,
    progress: Option<&impl AsyncFn(usize)>,
) -> Result<Value, Failure> {
    let started = Instant::now();
    let body = services.read_object(&event.bucket, &event.key).await?;
    let body = body.into_bytes();
    let read = Instant::now();
    let Document {
        records,
        registrations,
        invalid,
    } = document::parse(&body, event.format)?;
    drop(body);
    let parsed = Instant::now();
    let retried = batch::write(
        &registrations,
        async |batch| services.put(&event.table, batch).await,
        &Invocation { deadline },
        progress,
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
