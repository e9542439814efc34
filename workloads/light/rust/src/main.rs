//! Five items written by `BatchWriteItem` and read by `BatchGetItem`; the client built in INIT.

mod event;
mod failure;
mod items;

use std::collections::HashMap;
use std::env::consts::ARCH;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::types::{KeysAndAttributes, PutRequest, WriteRequest};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};

use event::Event;
use failure::Failure;
use items::{Item, item, key, text};

const ITEMS: u64 = 5;

// As published: of several threads.
#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let dynamodb = &Client::new(&aws_config::load_from_env().await);
    run(service_fn(async |event: LambdaEvent<Value>| {
        handle(dynamodb, event).await
    }))
    .await
}

async fn handle(dynamodb: &Client, request: LambdaEvent<Value>) -> Result<Value, Failure> {
    let Event { table, timestamp } = Event::try_from(&request.payload)?;
    let start = json!({
        "event": "handler_start",
        "workloadType": "light",
        "architecture": ARCH,
        "requestId": request.context.request_id,
    });
    tracing::info!("{start}");
    let items: Vec<Item> = (0..ITEMS).map(|number| item(timestamp, number)).collect();
    let write_request_id = write(dynamodb, table, &items).await?;
    let (read_request_id, read) = read(dynamodb, table, &items).await?;
    let data: HashMap<&str, &str> = read
        .iter()
        .map(|item| (text(item, "pk"), text(item, "data")))
        .collect();
    let mut answer = json!({
        "event": "handler_success",
        "itemsWritten": items.len(),
        "itemsRead": read.len(),
        "writeRequestId": write_request_id,
        "readRequestId": read_request_id,
        // In no particular order: BatchGetItem promises none.
        "allDataMatches": items
            .iter()
            .all(|item| data.get(text(item, "pk")) == Some(&text(item, "data"))),
    });
    tracing::info!("{answer}");
    let fields = answer.as_object_mut().expect("it was made as one");
    fields.remove("event");
    fields.insert("success".to_owned(), json!(true));
    fields.insert("workloadType".to_owned(), json!("light"));
    fields.insert("architecture".to_owned(), json!(ARCH));
    let memory_mb = request.context.env_config.memory;
    fields.insert("memoryLimitMB".to_owned(), json!(memory_mb));
    Ok(answer)
}

async fn write(dynamodb: &Client, table: &str, items: &[Item]) -> Result<String, Failure> {
    let requests = items.iter().cloned().map(write_request).collect();
    let request = dynamodb.batch_write_item().request_items(table, requests);
    let answer = request.send().await;
    let answer = answer.map_err(|error| Failure::of("BatchWriteItem", table, &error))?;
    let left = answer.unprocessed_items().and_then(|all| all.get(table));
    match left.map_or(0, Vec::len) {
        0 => Ok(answer.request_id().unwrap_or("unknown").to_owned()),
        left => Err(Failure::ServiceError(format!(
            "DynamoDB BatchWriteItem: {left} items were not processed"
        ))),
    }
}

fn write_request(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.expect("an item was set");
    WriteRequest::builder().put_request(put).build()
}

async fn read(
    dynamodb: &Client,
    table: &str,
    items: &[Item],
) -> Result<(String, Vec<Item>), Failure> {
    let keys = items.iter().map(key).collect();
    let keys = KeysAndAttributes::builder().set_keys(Some(keys)).build();
    let keys = keys.expect("keys were set");
    let request = dynamodb.batch_get_item().request_items(table, keys);
    let answer = request.send().await;
    let mut answer = answer.map_err(|error| Failure::of("BatchGetItem", table, &error))?;
    let id = answer.request_id().unwrap_or("unknown").to_owned();
    let read = answer.responses.as_mut().and_then(|all| all.remove(table));
    let read = read.unwrap_or_default();
    if read.len() == items.len() {
        Ok((id, read))
    } else {
        Err(Failure::ServiceError(format!(
            "DynamoDB BatchGetItem: {} of {} items came back",
            read.len(),
            items.len()
        )))
    }
}
