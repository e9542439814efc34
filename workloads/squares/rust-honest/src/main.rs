//! Claim C1 with the work kept: the optimiser must take the squares for read.

use std::hint::black_box;
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
    let fibonacci = fibonacci(black_box(FIBONACCI));
    let fibonacci_time = started.elapsed();
    let started = Instant::now();
    let squares: Vec<u64> = (0..SQUARES).map(|i| i * i).collect();
    black_box(&squares);
    let squares_time = started.elapsed();
    answer(&Done {
        fibonacci,
        squares: squares.len(),
        fibonacci_time,
        squares_time,
    })
}
