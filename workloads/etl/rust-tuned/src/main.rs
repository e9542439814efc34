//! One thread: a function below 1,769 MB has less than one vCPU.

use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    etl_rust_tuned::function::serve().await
}
