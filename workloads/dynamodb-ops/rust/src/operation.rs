//! The four operations; items are `pk`, `sk` and 1,000 bytes of `data`.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};

use crate::failure::Failure;

const PARTITION: &str = "bench";
const READ: &str = "item-00";
const PUT: &str = "put-00";
const DATA_BYTES: usize = 1_000;
// The most that one BatchWriteItem takes:
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
const BATCH: usize = 25;

type Item = HashMap<String, AttributeValue>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Get,
    Put,
    Query,
    Batch,
}

/// How many items were read or written, and how many bytes of data were in them.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    pub items: usize,
    pub data_bytes: usize,
}

impl Operation {
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Get, Self::Put, Self::Query, Self::Batch]
            .into_iter()
            .find(|one| one.name() == name)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::Query => "query",
            Self::Batch => "batch",
        }
    }

    /// Ask the service once.
    ///
    /// # Errors
    /// [`Failure`]: no table or item is there, the service refused, or it left items out.
    pub async fn call(self, dynamodb: &Client, table: &str) -> Result<Done, Failure> {
        match self {
            Self::Get => get(dynamodb, table).await,
            Self::Put => put(dynamodb, table).await,
            Self::Query => query(dynamodb, table).await,
            Self::Batch => batch(dynamodb, table).await,
        }
    }
}

async fn get(dynamodb: &Client, table: &str) -> Result<Done, Failure> {
    let request = dynamodb.get_item().table_name(table);
    let request = request.set_key(Some(key(READ)));
    let answer = request.send().await;
    let answer = answer.map_err(|error| Failure::of("GetItem", table, &error))?;
    let item = answer
        .item
        .ok_or_else(|| Failure::ItemNotFound(format!("{PARTITION}/{READ} in {table}")))?;
    Ok(done(&[item]))
}

async fn put(dynamodb: &Client, table: &str) -> Result<Done, Failure> {
    let made = item(PUT);
    let told = done(std::slice::from_ref(&made));
    let request = dynamodb.put_item().table_name(table).set_item(Some(made));
    let answer = request.send().await;
    answer.map_err(|error| Failure::of("PutItem", table, &error))?;
    Ok(told)
}

async fn query(dynamodb: &Client, table: &str) -> Result<Done, Failure> {
    let request = dynamodb
        .query()
        .table_name(table)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(PARTITION.to_owned()))
        .limit(i32::try_from(BATCH).expect("25 fits"));
    let answer = request.send().await;
    let answer = answer.map_err(|error| Failure::of("Query", table, &error))?;
    Ok(done(answer.items()))
}

async fn batch(dynamodb: &Client, table: &str) -> Result<Done, Failure> {
    let items: Vec<Item> = (0..BATCH).map(|i| item(&format!("batch-{i:02}"))).collect();
    let told = done(&items);
    let requests = items.into_iter().map(write_request).collect();
    let request = dynamodb.batch_write_item().request_items(table, requests);
    let answer = request.send().await;
    let answer = answer.map_err(|error| Failure::of("BatchWriteItem", table, &error))?;
    match answer.unprocessed_items().and_then(|all| all.get(table)) {
        Some(left) if !left.is_empty() => Err(Failure::ServiceError(format!(
            "DynamoDB BatchWriteItem: {} items were not processed",
            left.len()
        ))),
        _ => Ok(told),
    }
}

fn write_request(item: Item) -> WriteRequest {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.expect("an item was set");
    WriteRequest::builder().put_request(put).build()
}

fn key(sort: &str) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(PARTITION.to_owned())),
        ("sk".to_owned(), AttributeValue::S(sort.to_owned())),
    ])
}

fn item(sort: &str) -> Item {
    let mut made = key(sort);
    made.insert("data".to_owned(), AttributeValue::S("x".repeat(DATA_BYTES)));
    made
}

fn done(items: &[Item]) -> Done {
    let data = items
        .iter()
        .filter_map(|item| item.get("data")?.as_s().ok());
    Done {
        items: items.len(),
        data_bytes: data.map(String::len).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_known_by_its_name_alone() {
        for operation in [
            Operation::Get,
            Operation::Put,
            Operation::Query,
            Operation::Batch,
        ] {
            assert_eq!(Operation::named(operation.name()), Some(operation));
        }
        assert_eq!(Operation::named("Get"), None);
        assert_eq!(Operation::named(""), None);
    }

    #[test]
    fn an_item_has_two_keys_and_a_thousand_bytes() {
        let made = item(PUT);
        assert_eq!(made.len(), 3);
        let told = done(&[made.clone(), made]);
        assert_eq!((told.items, told.data_bytes), (2, 2_000));
    }
}
