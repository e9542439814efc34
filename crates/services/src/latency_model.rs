//! The latency model: a file with the distributions of times, and seeded draws from them. Pure.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};
use serde::Deserialize;

use crate::{call::Call, random};

/// The standard normal distribution's 99th percentile.
const Z99: f64 = 2.326_347_874_040_841;

/// Whether a modelled time contains the engine's own time, or is added to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Total,
    Extra,
}

/// A latency file (latency.toml describes the format).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub as_of: String,
    pub mode: Mode,
    connection: Option<Time>,
    #[serde(default)]
    dynamodb: ServiceModel,
    #[serde(default)]
    s3: ServiceModel,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceModel {
    #[serde(default)]
    undelayed: BTreeSet<String>,
    default: Option<Latency>,
    #[serde(default)]
    operations: BTreeMap<String, Latency>,
}

/// A log-normal time.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    p50_ms: f64,
    p99_ms: f64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    p50_ms: f64,
    p99_ms: f64,
    mb_per_s: Option<f64>,
}

/// How one answer is to be delayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// Until the answer's first byte.
    pub response: Duration,
    /// The pace of its body; `None`: as fast as the client reads.
    pub bytes_per_s: Option<f64>,
}

impl Model {
    /// Reads a file's text. The error is one line that names the wrong line or key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let model: Self = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => format!("line {}: {}", line_of(text, span.start), error.message()),
            None => error.message().to_owned(),
        })?;
        if let Some(connection) = &model.connection {
            connection
                .check()
                .map_err(|cause| format!("connection: {cause}"))?;
        }
        model.dynamodb.check("dynamodb")?;
        model.s3.check("s3")?;
        Ok(model)
    }

    fn latency(&self, call: &Call) -> Option<Latency> {
        let service = match call.service {
            "s3" => &self.s3,
            _ => &self.dynamodb,
        };
        if service.undelayed.contains(call.operation.as_ref()) {
            return None;
        }
        let named = service.operations.get(call.operation.as_ref());
        named.copied().or(service.default)
    }
}

impl ServiceModel {
    fn check(&self, service: &str) -> Result<(), String> {
        let named = self
            .operations
            .iter()
            .map(|(name, latency)| (format!("operations.{name}"), latency));
        let default = self
            .default
            .iter()
            .map(|latency| ("default".to_owned(), latency));
        for (key, latency) in named.chain(default) {
            latency
                .check()
                .map_err(|cause| format!("{service}.{key}: {cause}"))?;
        }
        match self
            .undelayed
            .iter()
            .find(|name| self.operations.contains_key(*name))
        {
            Some(name) => Err(format!(
                "{service}: {name} is both undelayed and in operations"
            )),
            None => Ok(()),
        }
    }
}

impl Time {
    fn check(self) -> Result<(), String> {
        if !(self.p50_ms.is_finite() && self.p50_ms > 0.0) {
            return Err("p50_ms must be above 0".to_owned());
        }
        if !(self.p99_ms.is_finite() && self.p99_ms >= self.p50_ms) {
            return Err("p99_ms must not be below p50_ms".to_owned());
        }
        Ok(())
    }

    fn sample(self, random: &mut ChaCha8Rng) -> Duration {
        let sigma = (self.p99_ms / self.p50_ms).ln() / Z99;
        let distribution =
            LogNormal::new(self.p50_ms.ln(), sigma).expect("check() accepts only finite figures");
        Duration::from_secs_f64(distribution.sample(random) / 1e3)
    }
}

impl Latency {
    fn time(self) -> Time {
        Time {
            p50_ms: self.p50_ms,
            p99_ms: self.p99_ms,
        }
    }

    fn check(self) -> Result<(), String> {
        self.time().check()?;
        match self.mb_per_s {
            Some(pace) if !(pace.is_finite() && pace > 0.0) => {
                Err("mb_per_s must be above 0".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Seeded draws from a model. Each operation has a random stream of its own, and so have each
/// service's connections: the n-th of a kind has the same time whatever else happens meanwhile.
pub struct Draws {
    model: Model,
    seed: u64,
    streams: HashMap<Stream, ChaCha8Rng>,
}

type Stream = (&'static str, String);
/// The streams of connections; no service has this name.
const CONNECTION: &str = "connection";

impl Draws {
    pub fn new(model: Model, seed: u64) -> Self {
        Self {
            model,
            seed,
            streams: HashMap::new(),
        }
    }

    /// The next delay of an operation; `None`: it is not delayed.
    pub fn next(&mut self, call: &Call) -> Option<Delay> {
        let latency = self.model.latency(call)?;
        let random = self.stream(call.service, &call.operation);
        Some(Delay {
            response: latency.time().sample(random),
            bytes_per_s: latency.mb_per_s.map(|pace| pace * 1e6),
        })
    }

    /// How long the next connection to a service takes; `None`: connections take no time.
    pub fn connection(&mut self, service: &str) -> Option<Duration> {
        let time = self.model.connection?;
        Some(time.sample(self.stream(CONNECTION, service)))
    }

    fn stream(&mut self, kind: &'static str, name: &str) -> &mut ChaCha8Rng {
        let seed = self.seed;
        self.streams
            .entry((kind, name.to_owned()))
            .or_insert_with_key(|(kind, name)| random::stream(seed, &format!("{kind}.{name}")))
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
as_of = '2026-01-01'
mode = 'extra'
connection = { p50_ms = 40.0, p99_ms = 50.0 }
[dynamodb]
undelayed = ['Scan']
default = { p50_ms = 2.0, p99_ms = 4.0 }
[dynamodb.operations]
GetItem = { p50_ms = 3.0, p99_ms = 3.0 }
PutItem = { p50_ms = 2.0, p99_ms = 6.0 }
[s3.operations]
GetObject = { p50_ms = 10.0, p99_ms = 20.0, mb_per_s = 50.0 }
";

    fn call(service: &'static str, operation: &'static str) -> Call {
        Call {
            service,
            operation: operation.into(),
            access_key: "key".to_owned(),
            retry: false,
        }
    }

    fn draw(draws: &mut Draws, operation: &'static str, count: usize) -> Vec<Delay> {
        (0..count)
            .map(|_| draws.next(&call("dynamodb", operation)).expect("delayed"))
            .collect()
    }

    fn two(seed: u64) -> Draws {
        Draws::new(Model::parse(TWO).expect("a sound file"), seed)
    }

    #[test]
    fn the_built_in_model_is_sound() {
        let model = Model::parse(include_str!("../latency.toml")).expect("a sound file");
        assert_eq!(model.mode, Mode::Total);
    }

    #[test]
    fn equal_percentiles_give_a_fixed_time() {
        let delay = draw(&mut two(1), "GetItem", 1)[0];
        assert!((delay.response.as_secs_f64() - 0.003).abs() < 1e-9);
    }

    #[test]
    fn draws_keep_to_the_percentiles() {
        let mut drawn = draw(&mut two(1), "PutItem", 20_000);
        drawn.sort_by_key(|delay| delay.response);
        let p50 = drawn[10_000].response.as_secs_f64() * 1e3;
        let p99 = drawn[19_800].response.as_secs_f64() * 1e3;
        assert!((p50 - 2.0).abs() < 0.05, "{p50}");
        assert!((p99 - 6.0).abs() < 0.3, "{p99}");
    }

    #[test]
    fn the_same_seed_gives_the_same_delays_and_another_seed_others() {
        assert_eq!(
            draw(&mut two(7), "PutItem", 50),
            draw(&mut two(7), "PutItem", 50)
        );
        assert_ne!(
            draw(&mut two(7), "PutItem", 50),
            draw(&mut two(8), "PutItem", 50)
        );
    }

    #[test]
    fn one_operation_does_not_disturb_another() {
        let alone = draw(&mut two(7), "PutItem", 20);
        let mut draws = two(7);
        let mut among_others = Vec::new();
        for _ in 0..20 {
            draw(&mut draws, "Query", 3);
            among_others.extend(draw(&mut draws, "PutItem", 1));
        }
        assert_eq!(alone, among_others);
    }

    #[test]
    fn a_connection_takes_its_own_time_and_disturbs_no_operation() {
        let alone = draw(&mut two(7), "PutItem", 20);
        let mut draws = two(7);
        let mut connections = Vec::new();
        let mut among_others = Vec::new();
        for _ in 0..20 {
            connections.extend(draws.connection("dynamodb"));
            draws.connection("s3");
            among_others.extend(draw(&mut draws, "PutItem", 1));
        }
        assert_eq!(alone, among_others);
        connections.sort();
        assert_eq!(connections.len(), 20);
        let within = Duration::from_millis(36)..Duration::from_millis(44);
        assert!(within.contains(&connections[10]), "{connections:?}");
    }

    #[test]
    fn a_services_connections_are_not_disturbed_by_anothers() {
        let mut alone = two(7);
        let mut both = two(7);
        for _ in 0..5 {
            both.connection("s3");
            assert_eq!(alone.connection("dynamodb"), both.connection("dynamodb"));
        }
    }

    #[test]
    fn a_model_without_connections_takes_no_time_for_them() {
        let text = TWO.replace("connection =", "# connection =");
        let mut draws = Draws::new(Model::parse(&text).expect("a sound file"), 1);
        assert_eq!(draws.connection("dynamodb"), None);
    }

    #[test]
    fn what_is_undelayed_or_unknown_to_a_service_without_default_is_not_delayed() {
        let mut draws = two(1);
        assert_eq!(draws.next(&call("dynamodb", "Scan")), None);
        assert_eq!(draws.next(&call("s3", "HeadObject")), None);
        assert!(draws.next(&call("dynamodb", "Unlisted")).is_some());
    }

    #[test]
    fn bandwidth_is_in_bytes() {
        let delay = two(1).next(&call("s3", "GetObject")).expect("delayed");
        assert_eq!(delay.bytes_per_s, Some(50e6));
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        for (from, to, expected) in [
            ("mode = 'extra'", "mode = 'both'", "line 3: "),
            ("undelayed", "undelayde", "line 6: "),
            (
                "p99_ms = 6.0",
                "p99_ms = 1.0",
                "dynamodb.operations.PutItem: p99_ms",
            ),
            (
                "p50_ms = 10.0",
                "p50_ms = 0.0",
                "s3.operations.GetObject: p50_ms",
            ),
            (
                "mb_per_s = 50.0",
                "mb_per_s = -1.0",
                "s3.operations.GetObject: mb_per_s",
            ),
            (
                "p50_ms = 40.0",
                "p50_ms = nan",
                "connection: p50_ms must be above 0",
            ),
            ("p99_ms = 50.0", "p99_ms = 30.0", "connection: p99_ms"),
            (
                "p99_ms = 50.0",
                "p99_ms = 50.0, mb_per_s = 9.0",
                "line 4: unknown field `mb_per_s`",
            ),
            (", p99_ms = 50.0", "", "line 4: missing field `p99_ms`"),
            ("['Scan']", "['GetItem']", "dynamodb: GetItem is both"),
        ] {
            let message = Model::parse(&TWO.replace(from, to)).expect_err(to);
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
