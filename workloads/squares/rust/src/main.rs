//! Claim C1 as published, its flaw included: nothing reads the squares, so the optimiser removes
//! them, and what is timed is nothing.

use std::time::Instant;

use lambda_http::{Error, Request, Response, run, service_fn, tracing};
use squares_rust::{Done, FIBONACCI, SQUARES, answer, fibonacci};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handle)).await
}

async fn handle(_request: Request) -> Result<Response<String>, Error> {
    let started = Instant::now();
    let fibonacci = fibonacci(FIBONACCI);
    let fibonacci_time = started.elapsed();
    let started = Instant::now();
    let squares: Vec<u64> = (0..SQUARES).map(|i| i * i).collect();
    let squares_time = started.elapsed();
    answer(&Done {
        fibonacci,
        squares: squares.len(),
        fibonacci_time,
        squares_time,
    })
}
