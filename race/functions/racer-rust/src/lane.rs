//! Sends the messages of one racer to the pages, and measures the time that takes.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use etl_rust::failure::Failure;
use etl_rust::load::Listener;
use serde_json::{Value, json};

use crate::message::{Content, Message};

/// Sends to one page.
pub trait Post {
    /// Send; returns whether the page is still there.
    fn post(&self, connection: &str, data: &str) -> impl Future<Output = bool>;
}

/// `@connections` of the WebSocket API.
pub struct Gateway(pub aws_sdk_apigatewaymanagement::Client);

impl Post for Gateway {
    async fn post(&self, connection: &str, data: &str) -> bool {
        let post = self.0.post_to_connection().connection_id(connection);
        match post.data(Blob::new(data)).send().await {
            Ok(_) => true,
            Err(error) => {
                let gone = error
                    .as_service_error()
                    .is_some_and(PostToConnectionError::is_gone_exception);
                if !gone {
                    let log = json!({"not_sent_to": connection, "reason": error.to_string()});
                    println!("{log}");
                }
                !gone
            }
        }
    }
}

pub struct Lane<'a, P> {
    race: &'a str,
    name: &'a str,
    pages: &'a P,
    connections: RefCell<Vec<&'a str>>,
    sending: Cell<Duration>,
}

impl<'a, P: Post> Lane<'a, P> {
    pub fn new(event: &'a Value, pages: &'a P) -> Self {
        let connections = event["connections"].as_array().into_iter().flatten();
        Self {
            race: event["race"].as_str().unwrap_or_default(),
            name: event["lane"].as_str().unwrap_or_default(),
            pages,
            connections: RefCell::new(connections.filter_map(Value::as_str).collect()),
            sending: Cell::default(),
        }
    }

    /// The key of the object in which the result is saved.
    pub fn key(&self) -> String {
        format!("races/{}/{}.json", self.race, self.name)
    }

    /// The handler begins; `cold` if this is the environment's first invocation.
    pub async fn running(&self, cold: bool) {
        self.send(&self.message(Content::Running { cold }).json())
            .await;
    }

    /// The message that ends the lane.
    pub fn result(&self, outcome: Result<Value, Failure>) -> Message<'a> {
        self.message(match outcome {
            Ok(answer) => Content::Finished {
                answer,
                telling_ms: ms(self.sending.get()),
            },
            Err(failure) => Content::Failed {
                error: failure.into(),
            },
        })
    }

    fn message(&self, content: Content) -> Message<'a> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Message {
            race: self.race,
            lane: self.name,
            at_ms: ms(now.unwrap_or_default()),
            content,
        }
    }

    /// Sending takes a part of the workload's own times.
    async fn send_timed(&self, content: Content) {
        let began = Instant::now();
        self.send(&self.message(content).json()).await;
        self.sending.set(self.sending.get() + began.elapsed());
    }

    /// Send to all pages, one after the other; nothing more to those that are gone.
    pub async fn send(&self, data: &str) {
        let mut there = Vec::new();
        for connection in self.connections.take() {
            if self.pages.post(connection, data).await {
                there.push(connection);
            }
        }
        self.connections.replace(there);
    }
}

impl<P: Post> Listener for Lane<'_, P> {
    async fn phase(&self, name: &'static str) {
        self.send_timed(Content::Phase { phase: name }).await;
    }

    async fn records(&self, done: usize) {
        self.send_timed(Content::Progress { records: done }).await;
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages, of which some are `gone`.
    #[derive(Default)]
    struct Pages {
        gone: Vec<&'static str>,
        sent: RefCell<Vec<(String, Value)>>,
    }

    impl Post for Pages {
        async fn post(&self, connection: &str, data: &str) -> bool {
            let sent = (connection.to_owned(), serde_json::from_str(data).unwrap());
            self.sent.borrow_mut().push(sent);
            !self.gone.contains(&connection)
        }
    }

    fn event() -> Value {
        json!({"race": "r", "lane": "rust", "connections": ["a", "b"]})
    }

    /// A message without its time, which must be a time of today.
    fn without_time(mut message: Value) -> Value {
        let at_ms = message.as_object_mut().unwrap().remove("at_ms").unwrap();
        assert!(at_ms.as_f64().unwrap() > 1.7e12);
        message
    }

    #[tokio::test]
    async fn phases_and_progress_are_sent_to_all_pages() {
        let (event, pages) = (event(), Pages::default());
        let lane = Lane::new(&event, &pages);
        lane.phase("write").await;
        lane.records(3_000).await;
        let sent: Vec<_> = pages
            .sent
            .take()
            .into_iter()
            .map(|(page, message)| (page, without_time(message)))
            .collect();
        let phase = json!({"race": "r", "lane": "rust", "type": "phase", "phase": "write"});
        let progress = json!({"race": "r", "lane": "rust", "type": "progress", "records": 3_000});
        let expected = [
            ("a", &phase),
            ("b", &phase),
            ("a", &progress),
            ("b", &progress),
        ];
        let expected = expected.map(|(page, message)| (page.to_owned(), message.clone()));
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn nothing_more_is_sent_to_a_page_that_is_gone() {
        let event = event();
        let pages = Pages {
            gone: vec!["a"],
            ..Pages::default()
        };
        let lane = Lane::new(&event, &pages);
        lane.running(true).await;
        lane.records(1_000).await;
        let sent = pages.sent.borrow();
        let to: Vec<&str> = sent.iter().map(|(page, _)| page.as_str()).collect();
        assert_eq!(to, ["a", "b", "b"]);
        assert_eq!(sent[0].1["cold"], true);
    }

    #[test]
    fn the_result_has_race_lane_and_the_time_that_sending_took() {
        let (event, pages) = (event(), Pages::default());
        let lane = Lane::new(&event, &pages);
        assert_eq!(lane.key(), "races/r/rust.json");
        let result = lane.result(Ok(json!({"records": 1})));
        assert_eq!(
            without_time(serde_json::to_value(result).unwrap()),
            json!({"race": "r", "lane": "rust", "type": "finished", "telling_ms": 0.0,
                   "answer": {"records": 1}})
        );
    }
}
