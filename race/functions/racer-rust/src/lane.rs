//! What one racer tells, and the time that telling took.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use etl_rust::load::Listener;
use serde_json::{Value, json};

/// Reaches one page.
pub trait Post {
    /// Send; whether the page is still there.
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
                    let said = json!({"not_told": connection, "why": error.to_string()});
                    println!("{said}");
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
    telling: Cell<Duration>,
}

impl<'a, P: Post> Lane<'a, P> {
    pub fn new(event: &'a Value, pages: &'a P) -> Self {
        let connections = event["connections"].as_array().into_iter().flatten();
        Self {
            race: event["race"].as_str().unwrap_or_default(),
            name: event["lane"].as_str().unwrap_or_default(),
            pages,
            connections: RefCell::new(connections.filter_map(Value::as_str).collect()),
            telling: Cell::default(),
        }
    }

    /// Where the outcome is kept.
    pub fn key(&self) -> String {
        format!("races/{}/{}.json", self.race, self.name)
    }

    /// The environment is there, and the handler begins; `cold` is the environment's first call.
    pub async fn running(&self, cold: bool) {
        let message = self.about(&json!({"type": "running", "cold": cold}));
        self.tell(&message).await;
    }

    /// The outcome, as it is kept and told.
    pub fn message(&self, outcome: &Value) -> Value {
        with(
            self.about(&json!({"telling_ms": ms(self.telling.get())})),
            outcome,
        )
    }

    /// Something of this race and lane, and when it was said: Unix epoch in ms.
    fn about(&self, what: &Value) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let at_ms = ms(now.unwrap_or_default());
        with(
            json!({"race": self.race, "lane": self.name, "at_ms": at_ms}),
            what,
        )
    }

    /// Tell what is inside the workload's own times, and note what that took.
    async fn tell_in_passing(&self, what: &Value) {
        let began = Instant::now();
        self.tell(&self.about(what)).await;
        self.telling.set(self.telling.get() + began.elapsed());
    }

    /// Tell every page, one after the other; one that is gone is told nothing more.
    pub async fn tell(&self, message: &Value) {
        let data = message.to_string();
        let mut there = Vec::new();
        for connection in self.connections.take() {
            if self.pages.post(connection, &data).await {
                there.push(connection);
            }
        }
        self.connections.replace(there);
    }
}

impl<P: Post> Listener for Lane<'_, P> {
    async fn phase(&self, name: &'static str) {
        self.tell_in_passing(&json!({"type": "phase", "phase": name}))
            .await;
    }

    async fn records(&self, done: usize) {
        self.tell_in_passing(&json!({"type": "progress", "records": done}))
            .await;
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn with(mut message: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages, of which `gone` are not there any more.
    #[derive(Default)]
    struct Pages {
        gone: Vec<&'static str>,
        told: RefCell<Vec<(String, Value)>>,
    }

    impl Post for Pages {
        async fn post(&self, connection: &str, data: &str) -> bool {
            let told = (connection.to_owned(), serde_json::from_str(data).unwrap());
            self.told.borrow_mut().push(told);
            !self.gone.contains(&connection)
        }
    }

    fn event() -> Value {
        json!({"race": "r", "lane": "rust", "connections": ["a", "b"]})
    }

    /// A message without its time, which must be one of ours.
    fn timeless(mut message: Value) -> Value {
        let at_ms = message.as_object_mut().unwrap().remove("at_ms").unwrap();
        assert!(at_ms.as_f64().unwrap() > 1.7e12);
        message
    }

    #[tokio::test]
    async fn every_page_is_told_of_phases_and_of_the_records_written() {
        let (event, pages) = (event(), Pages::default());
        let lane = Lane::new(&event, &pages);
        lane.phase("write").await;
        lane.records(3_000).await;
        let told = pages.told.take().into_iter();
        let told: Vec<_> = told
            .map(|(page, message)| (page, timeless(message)))
            .collect();
        let phase = json!({"race": "r", "lane": "rust", "type": "phase", "phase": "write"});
        let progress = json!({"race": "r", "lane": "rust", "type": "progress", "records": 3_000});
        let wanted = [
            ("a", &phase),
            ("b", &phase),
            ("a", &progress),
            ("b", &progress),
        ];
        let wanted = wanted.map(|(page, message)| (page.to_owned(), message.clone()));
        assert_eq!(told, wanted);
    }

    #[tokio::test]
    async fn a_page_that_is_gone_is_told_nothing_more() {
        let event = event();
        let pages = Pages {
            gone: vec!["a"],
            ..Pages::default()
        };
        let lane = Lane::new(&event, &pages);
        lane.running(true).await;
        lane.records(1_000).await;
        let told = pages.told.borrow();
        let to: Vec<&str> = told.iter().map(|(page, _)| page.as_str()).collect();
        assert_eq!(to, ["a", "b", "b"]);
        assert_eq!(told[0].1["cold"], true);
    }

    #[test]
    fn the_outcome_names_race_lane_and_the_time_that_telling_took() {
        let (event, pages) = (event(), Pages::default());
        let lane = Lane::new(&event, &pages);
        assert_eq!(lane.key(), "races/r/rust.json");
        assert_eq!(
            timeless(lane.message(&json!({"type": "finished", "answer": {"records": 1}}))),
            json!({"race": "r", "lane": "rust", "type": "finished", "telling_ms": 0.0,
                   "answer": {"records": 1}})
        );
    }
}
