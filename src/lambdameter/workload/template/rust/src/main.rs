//! What an order costs, in whole cents.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Order {
    lines: Vec<Line>,
    #[serde(default)]
    discount_percent: Option<u64>,
}

#[derive(Deserialize)]
struct Line {
    quantity: u64,
    unit_cents: u64,
}

#[derive(Serialize)]
struct Cost {
    lines: usize,
    total_cents: u64,
    discount_cents: u64,
    to_pay_cents: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

/// Add up the lines of an order and take off its discount, rounded down.
async fn handler(event: LambdaEvent<Value>) -> Result<Cost, Diagnostic> {
    // Not in the signature: this failure is to be told as the other variant tells it.
    let order: Order = serde_json::from_value(event.payload).map_err(|wrong| Diagnostic {
        error_type: "InvalidOrder".to_owned(),
        error_message: wrong.to_string(),
    })?;
    let amounts = order
        .lines
        .iter()
        .map(|line| line.quantity * line.unit_cents);
    let total_cents: u64 = amounts.sum();
    let discount_cents = total_cents * order.discount_percent.unwrap_or(0) / 100;
    Ok(Cost {
        lines: order.lines.len(),
        total_cents,
        discount_cents,
        to_pay_cents: total_cents - discount_cents,
    })
}
