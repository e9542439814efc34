//! Claim C1 with the work kept: the optimiser must take the squares for read.

use std::hint::black_box;

use lambda_http::{Error, Request, Response, run, service_fn, tracing};
use squares_rust::{FIBONACCI, SQUARES, answer, fibonacci, timed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    run(service_fn(handle)).await
}

async fn handle(_request: Request) -> Result<Response<String>, Error> {
    let fibonacci = timed(|| fibonacci(black_box(FIBONACCI)));
    let (squares, squares_ms) = timed(|| {
        let squares: Vec<u64> = (0..SQUARES).map(|i| i * i).collect();
        black_box(squares)
    });
    answer(fibonacci, (squares.len(), squares_ms))
}
