//! As published: the client is built in INIT, and the first call opens its connection.

use dynamodb_ops_rust::{client, handle};
use lambda_http::{Error, Request, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let dynamodb = &client().await;
    run(service_fn(|request: Request| async move {
        handle(dynamodb, &request).await
    }))
    .await
}
