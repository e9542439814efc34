//! What both Rust variants do alike: all but whether the squares must be made.

use std::time::Instant;

use lambda_http::{Error, Response, http};
use serde_json::json;

pub const FIBONACCI: u32 = 40;
pub const SQUARES: u64 = 100_000;

#[must_use]
pub fn fibonacci(n: u32) -> u64 {
    let (mut a, mut b) = (0, 1);
    for _ in 0..n {
        (a, b) = (b, a + b);
    }
    a
}

/// A result, and how long it took to make, ms.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let made = work();
    (made, started.elapsed().as_secs_f64() * 1e3)
}

/// # Errors
/// None: these headers are sound.
pub fn answer(fibonacci: (u64, f64), squares: (usize, f64)) -> Result<Response<String>, Error> {
    let body = json!({
        "fibonacci": fibonacci.0,
        "squares": squares.0,
        "fibonacci_ms": fibonacci.1,
        "squares_ms": squares.1,
    });
    Ok(Response::builder()
        .status(http::StatusCode::OK)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(body.to_string())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fortieth_fibonacci_number() {
        assert_eq!(fibonacci(0), 0);
        assert_eq!(fibonacci(1), 1);
        assert_eq!(fibonacci(FIBONACCI), 102_334_155);
    }
}
