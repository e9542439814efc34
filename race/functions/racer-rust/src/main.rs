//! The Rust racer: the workload's own code, sending its phases and progress to the pages.

mod lane;
mod message;

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use etl_rust::event::Event;
use etl_rust::failure::Failure;
use etl_rust::load::load;
use etl_rust::services::Services;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

use crate::lane::{Gateway, Lane};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let services = Services::new(&config);
    let gateway = aws_sdk_apigatewaymanagement::Client::from_conf(gateway_config(&config));
    let gateway = Gateway(gateway);
    let bucket = std::env::var("BUCKET")?;
    // Until the environment's first invocation, which may be a warm-up.
    let cold = Cell::new(true);
    run(service_fn(async |event: LambdaEvent<Value>| {
        handle(&services, &gateway, &bucket, cold.replace(false), event).await
    }))
    .await
}

/// A race does not wait for a page that is slow to reach.
fn gateway_config(config: &aws_config::SdkConfig) -> aws_sdk_apigatewaymanagement::Config {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(2))
        .build();
    aws_sdk_apigatewaymanagement::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build()
}

/// Run the workload's task; an event without a task is a warm-up.
///
/// An error is sent to the pages and not returned: Lambda would run the race again.
async fn handle(
    services: &Services,
    gateway: &Gateway,
    bucket: &str,
    cold: bool,
    request: LambdaEvent<Value>,
) -> Result<(), Error> {
    let (event, context) = request.into_parts();
    let Some(task) = event.get("task") else {
        return Ok(());
    };
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
    let lane = Lane::new(&event, gateway);
    lane.running(cold).await;
    let result = lane
        .result(race(services, task, deadline, &lane).await)
        .json();
    services
        .s3
        .put_object()
        .bucket(bucket)
        .key(lane.key())
        .body(result.clone().into_bytes().into())
        .send()
        .await?;
    lane.send(&result).await;
    println!("{result}");
    Ok(())
}

async fn race(
    services: &Services,
    task: &Value,
    deadline: SystemTime,
    lane: &Lane<'_, Gateway>,
) -> Result<Value, Failure> {
    let event = Event::try_from(task)?;
    load(services, &event, deadline, Some(lane)).await
}
