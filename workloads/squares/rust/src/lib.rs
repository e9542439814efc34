//! What both Rust variants do alike: all but whether the squares must be made.

use std::time::Duration;

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

/// The two results, the number of squares being the second, and how long each took.
pub struct Done {
    pub fibonacci: u64,
    pub squares: usize,
    pub fibonacci_time: Duration,
    pub squares_time: Duration,
}

/// # Errors
/// None: these headers are sound.
pub fn answer(done: &Done) -> Result<Response<String>, Error> {
    let body = json!({
        "fibonacci": done.fibonacci,
        "squares": done.squares,
        "fibonacci_ms": done.fibonacci_time.as_secs_f64() * 1e3,
        "squares_ms": done.squares_time.as_secs_f64() * 1e3,
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
