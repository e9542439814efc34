//! No TLS, to see what it takes; the client still holds its provider.

use dynamodb_ops_rust::{handle, plain_client};
use lambda_http::{Error, Request, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let dynamodb = &plain_client().await;
    run(service_fn(|request: Request| async move {
        handle(dynamodb, &request).await
    }))
    .await
}
