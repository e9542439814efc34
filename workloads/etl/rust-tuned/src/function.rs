//! The function: wiring and times.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use etl_rust::event::Event;
use etl_rust::failure::Failure;
use etl_rust::record::Registration;
use etl_rust::services::Services;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

use crate::lanes::World;
use crate::load::load;
use crate::source::Source;

/// Answer invocations until Lambda ends the environment; on whatever threads the runtime has.
///
/// # Errors
/// What the runtime client fails with.
pub async fn serve() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let services = Arc::new(Services::new(&aws_config::load_from_env().await));
    run(service_fn(async |event: LambdaEvent<Value>| {
        handle(&services, event).await
    }))
    .await
}

async fn handle(services: &Arc<Services>, request: LambdaEvent<Value>) -> Result<Value, Failure> {
    let started = Instant::now();
    let event = Event::try_from(&request.payload)?;
    let invocation = Arc::new(Invocation {
        services: Arc::clone(services),
        deadline: SystemTime::UNIX_EPOCH + Duration::from_millis(request.context.deadline),
        table: event.table,
        progress: event.progress,
    });
    let mut source = Source::open(&services.s3, &event.bucket, &event.key).await?;
    let loaded = load(&mut source, event.format, &invocation).await?;
    Ok(json!({
        "records": loaded.tally.records,
        "written": loaded.writing.records,
        "invalid": loaded.tally.invalid,
        "retried_items": loaded.writing.retried,
        "total_ms": ms(started.elapsed()),
        "phases": {
            "s3_ms": ms(source.waited),
            "parse_ms": ms(loaded.parsing),
            "write_ms": ms(loaded.writing.time),
        },
    }))
}

/// The world of a real invocation.
struct Invocation {
    services: Arc<Services>,
    table: String,
    deadline: SystemTime,
    progress: bool,
}

impl World for Invocation {
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

    async fn put(&self, batch: &[&Registration]) -> Result<Vec<String>, Failure> {
        self.services.put(&self.table, batch).await
    }

    fn progress(&self, done: usize) {
        if self.progress {
            println!("{{\"progress\": {done}}}");
        }
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
