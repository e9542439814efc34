//! Claim C2's setting: a table with `pk` and `sk`, items with 1,000 bytes of data, the client
//! built in INIT, one operation an invocation, its time taken around the SDK call alone.

use std::collections::HashMap;
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::{Deserialize, Serialize};

const ITEMS: usize = 25;
const DATA_BYTES: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Get,
    Put,
    Query,
    Batch,
}

#[derive(Deserialize)]
struct Event {
    table: String,
    operation: Operation,
}

#[derive(Serialize)]
struct Answer {
    sdk_call_ms: f64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let client = Client::new(&aws_config::load_from_env().await);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| {
        call(&client, event.payload)
    }))
    .await
}

async fn call(client: &Client, event: Event) -> Result<Answer, Error> {
    let table = event.table;
    let started;
    match event.operation {
        Operation::Get => {
            started = Instant::now();
            client
                .get_item()
                .table_name(table)
                .set_key(Some(key(0)))
                .send()
                .await?;
        }
        Operation::Put => {
            let item = item(0);
            started = Instant::now();
            client
                .put_item()
                .table_name(table)
                .set_item(Some(item))
                .send()
                .await?;
        }
        Operation::Query => {
            started = Instant::now();
            client
                .query()
                .table_name(table)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S("fit".into()))
                .send()
                .await?;
        }
        Operation::Batch => {
            let requests = (0..ITEMS).map(put).collect::<Result<_, _>>()?;
            started = Instant::now();
            client
                .batch_write_item()
                .request_items(table, requests)
                .send()
                .await?;
        }
    }
    Ok(Answer {
        sdk_call_ms: started.elapsed().as_secs_f64() * 1_000.0,
    })
}

fn key(number: usize) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".into(), AttributeValue::S("fit".into())),
        ("sk".into(), AttributeValue::S(format!("{number:04}"))),
    ])
}

fn item(number: usize) -> HashMap<String, AttributeValue> {
    let mut item = key(number);
    item.insert("data".into(), AttributeValue::S("x".repeat(DATA_BYTES)));
    item
}

fn put(number: usize) -> Result<WriteRequest, Error> {
    let put = PutRequest::builder().set_item(Some(item(number))).build()?;
    Ok(WriteRequest::builder().put_request(put).build())
}
