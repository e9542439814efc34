//! The function: wiring and times.

use std::time::{Duration, Instant, SystemTime};

use etl_rust::batch::{self, Pace};
use etl_rust::document::{self, Document};
use etl_rust::event::Event;
use etl_rust::failure::Failure;
use etl_rust::services::Services;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let services = Services::new(&aws_config::load_from_env().await);
    run(service_fn(async |event: LambdaEvent<Value>| {
        handle(&services, event).await
    }))
    .await
}

async fn handle(services: &Services, request: LambdaEvent<Value>) -> Result<Value, Failure> {
    let started = Instant::now();
    let event = Event::try_from(&request.payload)?;
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
        &Invocation {
            deadline: SystemTime::UNIX_EPOCH + Duration::from_millis(request.context.deadline),
        },
        event.progress.then_some(&log_progress),
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

fn log_progress(done: usize) {
    println!("{{\"progress\": {done}}}");
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
