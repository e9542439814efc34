//! The function: wiring.

use std::time::{Duration, SystemTime};

use etl_rust::event::Event;
use etl_rust::failure::Failure;
use etl_rust::load::{Listener, load};
use etl_rust::services::Services;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

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
    let event = Event::try_from(&request.payload)?;
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(request.context.deadline);
    let listener = event.progress.then_some(&Log);
    load(services, &event, deadline, listener).await
}

/// What the event's `progress` asks for.
struct Log;

impl Listener for Log {
    async fn phase(&self, _: &'static str) {}

    async fn records(&self, done: usize) {
        println!("{{\"progress\": {done}}}");
    }
}
