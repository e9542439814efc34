//! The two services: one object is read, batches are written.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_s3::primitives::AggregatedBytes;

use crate::failure::Failure;
use crate::record::{AMOUNT, FIELDS, KEY, Registration};
use crate::retry::{Refusal, persist};

pub struct Services {
    pub s3: aws_sdk_s3::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl Services {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            s3: aws_sdk_s3::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
        }
    }

    /// Read a whole object.
    ///
    /// # Errors
    /// [`Failure::ObjectNotFound`] and [`Failure::ServiceError`].
    pub async fn read_object(&self, bucket: &str, key: &str) -> Result<AggregatedBytes, Failure> {
        let read = async || {
            let request = self.s3.get_object().bucket(bucket).key(key);
            let body = request.send().await?.body.collect().await;
            body.map_err(|_| Refusal::broken_off())
        };
        let body = persist(read).await;
        body.map_err(|refusal| not_read(refusal.code.as_deref(), bucket, key))
    }

    /// One `BatchWriteItem`; the ids of what was not processed.
    ///
    /// # Errors
    /// [`Failure::TableNotFound`] and [`Failure::ServiceError`].
    pub async fn put(&self, table: &str, batch: &[&Registration]) -> Result<Vec<String>, Failure> {
        let put = async || {
            let requests = batch.iter().map(|one| write_request(one)).collect();
            let request = self.dynamodb.batch_write_item();
            Ok(request.request_items(table, requests).send().await?)
        };
        match persist(put).await {
            Ok(answer) => {
                let unprocessed = answer.unprocessed_items().and_then(|all| all.get(table));
                Ok(unprocessed.into_iter().flatten().filter_map(id).collect())
            }
            Err(refusal) => match refusal.code.as_deref() {
                // Thrown where not even one item could be processed.
                Some(
                    "ProvisionedThroughputExceededException"
                    | "RequestLimitExceeded"
                    | "ThrottlingException",
                ) => Ok(batch.iter().map(|one| one.id().to_owned()).collect()),
                Some(code @ "ResourceNotFoundException") => {
                    Err(Failure::TableNotFound(format!("{code}: {table}")))
                }
                code => Err(service_error("DynamoDB BatchWriteItem", code)),
            },
        }
    }
}

/// Why an object could not be read, by S3's code; `None` where there was no answer.
#[must_use]
pub fn not_read(code: Option<&str>, bucket: &str, key: &str) -> Failure {
    match code {
        Some(code @ ("NoSuchKey" | "NoSuchBucket")) => {
            Failure::ObjectNotFound(format!("{code}: s3://{bucket}/{key}"))
        }
        code => service_error("S3 GetObject", code),
    }
}

fn service_error(operation: &str, code: Option<&str>) -> Failure {
    Failure::ServiceError(format!("{operation}: {}", code.unwrap_or("no answer")))
}

fn write_request(registration: &Registration) -> WriteRequest {
    let values = registration.values().iter().cloned();
    let item: HashMap<_, _> = FIELDS
        .into_iter()
        .zip(values)
        .map(|(field, value)| {
            let typed = if field == FIELDS[AMOUNT] {
                AttributeValue::N(value)
            } else {
                AttributeValue::S(value)
            };
            (field.to_owned(), typed)
        })
        .collect();
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.expect("an item was set");
    WriteRequest::builder().put_request(put).build()
}

fn id(request: &WriteRequest) -> Option<String> {
    let item = request.put_request()?.item();
    item.get(FIELDS[KEY])?.as_s().ok().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_holds_texts_and_one_exact_number() {
        let registration =
            Registration::read(|index| Ok(if index == AMOUNT { "129.50" } else { "x" }.to_owned()));
        let request = write_request(&registration.unwrap());
        let item = request.put_request().unwrap().item();
        assert_eq!(item.len(), FIELDS.len());
        assert_eq!(item["amount_paid"], AttributeValue::N("129.50".to_owned()));
        assert_eq!(item["city"], AttributeValue::S("x".to_owned()));
        assert_eq!(id(&request).as_deref(), Some("x"));
    }
}
