//! `BatchWriteItem` with some items left unprocessed. Pure: bodies in, bodies out.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
//!
//! The engine checks only the items that it gets. So a batch with the same key twice is refused only if
//! both items are processed.

use serde_json::{Map, Value};

use crate::faults::left_out;

/// A larger batch is refused as a whole.
const MAX_ITEMS: usize = 25;
const REQUESTS: &str = "RequestItems";
const UNPROCESSED: &str = "UnprocessedItems";

/// A batch, split.
#[derive(Debug, PartialEq)]
pub enum Split {
    /// `request` goes to the engine, `rest` does not: table -> requests.
    Some {
        request: Vec<u8>,
        rest: Map<String, Value>,
    },
    /// No item is processed, since there was only one. The service then throttles.
    Nothing,
    /// Not a batch that could be split; the engine decides whether it is valid.
    Unsplit,
}

/// Takes a non-empty part of the items out of a request, chosen by the seed.
pub fn split(body: &[u8], seed: u64) -> Split {
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else {
        return Split::Unsplit;
    };
    let Some(tables) = request.get_mut(REQUESTS).and_then(Value::as_object_mut) else {
        return Split::Unsplit;
    };
    let count = tables
        .values()
        .filter_map(Value::as_array)
        .map(Vec::len)
        .sum();
    if count == 0 || count > MAX_ITEMS {
        return Split::Unsplit;
    }
    if count == 1 {
        return Split::Nothing;
    }
    let mut left_out = left_out(count, seed).into_iter();
    let mut rest = Map::new();
    for (table, requests) in tables.iter_mut() {
        let Some(requests) = requests.as_array_mut() else {
            return Split::Unsplit;
        };
        let (unprocessed, processed) = requests
            .drain(..)
            .partition(|_| left_out.next().unwrap_or_default());
        *requests = processed;
        add(&mut rest, table, unprocessed);
    }
    tables.retain(|_, requests| requests.as_array().is_some_and(|all| !all.is_empty()));
    Split::Some {
        request: request.to_string().into_bytes(),
        rest,
    }
}

/// Adds the rest to an answer's `UnprocessedItems`; `None`: it is not an answer to a batch.
pub fn merge(answer: &[u8], rest: Map<String, Value>) -> Option<Vec<u8>> {
    let mut answer = serde_json::from_slice::<Value>(answer).ok()?;
    let unprocessed = answer
        .as_object_mut()?
        .entry(UNPROCESSED)
        .or_insert_with(|| Map::new().into())
        .as_object_mut()?;
    for (table, requests) in rest {
        if let Value::Array(requests) = requests {
            add(unprocessed, &table, requests);
        }
    }
    Some(answer.to_string().into_bytes())
}

fn add(tables: &mut Map<String, Value>, table: &str, requests: Vec<Value>) {
    if requests.is_empty() {
        return;
    }
    let all = tables
        .entry(table)
        .or_insert_with(|| Vec::<Value>::new().into());
    if let Value::Array(all) = all {
        all.extend(requests);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(id: usize) -> Value {
        json!({"PutRequest": {"Item": {"id": {"S": id.to_string()}, "n": {"N": "1.50"}}}})
    }

    fn batch(tables: &[(&str, usize)]) -> Vec<u8> {
        let items: Map<String, Value> = tables
            .iter()
            .map(|(table, count)| {
                let requests: Vec<_> = (0..*count).map(put).collect();
                ((*table).to_owned(), requests.into())
            })
            .collect();
        json!({"RequestItems": items, "ReturnConsumedCapacity": "TOTAL"})
            .to_string()
            .into_bytes()
    }

    fn ids(tables: &Value) -> Vec<String> {
        let mut ids: Vec<_> = tables
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(table, requests)| {
                let requests = requests.as_array().expect("an array");
                assert!(!requests.is_empty(), "{table} is named without a request");
                requests.iter().map(move |request| {
                    let id = &request["PutRequest"]["Item"]["id"]["S"];
                    format!("{table}/{}", id.as_str().expect("an id"))
                })
            })
            .collect();
        ids.sort();
        ids
    }

    #[test]
    fn every_item_is_either_processed_or_comes_back() {
        let body = batch(&[("a", 12), ("b", 1)]);
        let whole: Value = serde_json::from_slice(&body).expect("JSON");
        for seed in 0..200 {
            let Split::Some { request, rest } = split(&body, seed) else {
                panic!("13 items can be split");
            };
            let request: Value = serde_json::from_slice(&request).expect("JSON");
            assert_eq!(request["ReturnConsumedCapacity"], "TOTAL");
            let (processed, unprocessed) = (ids(&request[REQUESTS]), ids(&rest.into()));
            assert!(!processed.is_empty() && !unprocessed.is_empty());
            let mut all = [processed, unprocessed].concat();
            all.sort();
            assert_eq!(all, ids(&whole[REQUESTS]));
        }
    }

    #[test]
    fn a_batch_of_one_item_is_not_processed_at_all() {
        assert_eq!(split(&batch(&[("a", 1)]), 1), Split::Nothing);
    }

    #[test]
    fn what_the_engine_must_refuse_is_left_to_it() {
        for body in [
            b"{".to_vec(),
            b"[]".to_vec(),
            br#"{"RequestItems": {}}"#.to_vec(),
            br#"{"RequestItems": {"a": [1, 2], "b": 7}}"#.to_vec(),
            batch(&[("a", 20), ("b", 6)]),
        ] {
            assert_eq!(split(&body, 1), Split::Unsplit);
        }
    }

    #[test]
    fn what_was_left_out_joins_what_the_engine_left_over() {
        let answer = json!({"UnprocessedItems": {"a": [put(1)]}, "ConsumedCapacity": []});
        let rest = json!({"a": [put(2)], "b": [put(3)]});
        let Value::Object(rest) = rest else {
            unreachable!()
        };
        let merged = merge(answer.to_string().as_bytes(), rest).expect("an answer");
        let merged: Value = serde_json::from_slice(&merged).expect("JSON");
        assert_eq!(ids(&merged[UNPROCESSED]), ["a/1", "a/2", "b/3"]);
        assert_eq!(merged["ConsumedCapacity"], json!([]));
        assert_eq!(merge(b"not JSON", Map::new()), None);
    }
}
