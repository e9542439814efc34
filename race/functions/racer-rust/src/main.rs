//! The workload's own function, telling the pages of its phases and each thousand records.

mod lane;

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use aws_sdk_apigatewaymanagement::config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::config::timeout::TimeoutConfig;
use etl_rust::event::Event;
use etl_rust::failure::Failure;
use etl_rust::load::load;
use etl_rust::services::Services;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

use crate::lane::{Gateway, Lane};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let services = Services::new(&config);
    let gateway = Gateway(aws_sdk_apigatewaymanagement::Client::from_conf(prompt(
        &config,
    )));
    let bucket = std::env::var("BUCKET")?;
    // Until the first call of this environment, a warm-up included.
    let cold = Cell::new(true);
    run(service_fn(async |event: LambdaEvent<Value>| {
        handle(&services, &gateway, &bucket, cold.replace(false), event).await
    }))
    .await
}

/// A page that is slow to reach is left behind: a race waits for nobody.
fn prompt(config: &aws_config::SdkConfig) -> aws_sdk_apigatewaymanagement::Config {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(2))
        .build();
    aws_sdk_apigatewaymanagement::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .build()
}

/// Run the workload's task; without one, this was a warm-up.
///
/// A failure is an answer and no error of the invocation: Lambda would run the race again.
async fn handle(
    services: &Services,
    gateway: &Gateway,
    bucket: &str,
    cold: bool,
    request: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let (event, context) = request.into_parts();
    let Some(task) = event.get("task") else {
        return Ok(json!({"type": "warmed"}));
    };
    let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
    let lane = Lane::new(&event, gateway);
    lane.running(cold).await;
    let outcome = match race(services, task, deadline, &lane).await {
        Ok(answer) => json!({"type": "finished", "answer": answer}),
        Err(failure) => {
            let (kind, message) = failure.parts();
            json!({"type": "failed", "error": {"errorType": kind, "errorMessage": message}})
        }
    };
    let message = lane.message(&outcome);
    services
        .s3
        .put_object()
        .bucket(bucket)
        .key(lane.key())
        .body(message.to_string().into_bytes().into())
        .send()
        .await?;
    lane.tell(&message).await;
    println!("{outcome}");
    Ok(outcome)
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
