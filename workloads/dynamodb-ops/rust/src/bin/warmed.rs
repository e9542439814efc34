//! The connection is opened in INIT, where the CPU is not throttled.

use dynamodb_ops_rust::{client, handle};
use lambda_http::{Error, Request, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let dynamodb = &client().await;
    // Whatever is answered, a refusal included, came over the connection that calls will use.
    let _ = dynamodb.list_tables().limit(1).send().await;
    run(service_fn(|request: Request| async move {
        handle(dynamodb, &request).await
    }))
    .await
}
