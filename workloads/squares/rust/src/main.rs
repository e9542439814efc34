//! Claim C1 as published, its flaw included: nothing reads the squares, so the optimiser removes
//! them, and what is timed is nothing.

use lambda_http::{Error, Request, Response, run, service_fn, tracing};
use squares_rust::{FIBONACCI, SQUARES, answer, fibonacci, timed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handle)).await
}

async fn handle(_request: Request) -> Result<Response<String>, Error> {
    let fibonacci = timed(|| fibonacci(FIBONACCI));
    let (squares, squares_ms) = timed(|| (0..SQUARES).map(|i| i * i).collect::<Vec<u64>>());
    answer(fibonacci, (squares.len(), squares_ms))
}
