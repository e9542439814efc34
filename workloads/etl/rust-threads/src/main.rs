//! `etl-rust-tuned` on as many threads as Lambda shows vCPUs: the same work, spread over them. Below
//! 1,769 MB all of them share less than one vCPU.

use lambda_runtime::Error;

#[tokio::main]
async fn main() -> Result<(), Error> {
    etl_rust_tuned::function::serve().await
}
