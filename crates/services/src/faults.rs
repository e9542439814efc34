//! Injected faults: the option `--faults`, and seeded draws for each request. Pure.
//!
//! | kind | what the client sees |
//! |---|---|
//! | `unprocessed` | some items of a `BatchWriteItem` are not written and come back |
//! | `throttle` | 400 `ThrottlingException` (`DynamoDB`), 503 `SlowDown` (S3); nothing is done |
//! | `5xx` | 500 `InternalServerError` or `InternalError`; half of the time the request **was** done |
//! | `cut` | the connection ends without an answer: half of the time before the request was done, half of the time after; then an object breaks off in its body |

use std::{collections::HashMap, fmt, str::FromStr};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use rand_distr::{Distribution, StandardUniform};

use crate::{call::Call, random};

/// Sums of decimal fractions may exceed 1 by as much.
const ROUNDING: f64 = 1e-9;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Unprocessed,
    Throttle,
    ServerError,
    Cut,
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Unprocessed,
        Self::Throttle,
        Self::ServerError,
        Self::Cut,
    ];

    /// The name in `--faults` and in the counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unprocessed => "unprocessed",
            Self::Throttle => "throttle",
            Self::ServerError => "5xx",
            Self::Cut => "cut",
        }
    }
}

/// The fault of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// `seed` chooses the items.
    Unprocessed {
        seed: u64,
    },
    Throttle,
    ServerError {
        executed: bool,
    },
    /// If the request was executed and has a body, `part` of it is sent.
    Cut {
        executed: bool,
        part: f64,
    },
}

impl Fault {
    pub fn kind(self) -> Kind {
        match self {
            Self::Unprocessed { .. } => Kind::Unprocessed,
            Self::Throttle => Kind::Throttle,
            Self::ServerError { .. } => Kind::ServerError,
            Self::Cut { .. } => Kind::Cut,
        }
    }
}

/// The probability of each kind. A request has at most one fault, so they add up to at most 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates(Vec<(Kind, f64)>);

impl FromStr for Rates {
    type Err = String;

    /// Reads `unprocessed=0.1,cut=0.005`: any kinds, in any order, each once.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rates = Vec::new();
        for entry in text.split(',') {
            let (kind, rate) = rate(entry.trim())?;
            if rates.iter().any(|(other, _)| *other == kind) {
                return Err(format!("{} is given twice", kind.name()));
            }
            rates.push((kind, rate));
        }
        let sum: f64 = rates.iter().map(|(_, rate)| rate).sum();
        if sum > 1.0 + ROUNDING {
            return Err("the probabilities add up to more than 1".to_owned());
        }
        rates.sort_by_key(|(kind, _)| *kind);
        Ok(Self(rates))
    }
}

fn rate(entry: &str) -> Result<(Kind, f64), String> {
    let (name, value) = entry
        .split_once('=')
        .ok_or_else(|| format!("'{entry}' is not KIND=PROBABILITY"))?;
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == name.trim())
        .ok_or_else(|| {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            format!("'{name}' is not a kind of fault; choose from {kinds}")
        })?;
    match value.trim().parse() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok((kind, rate)),
        _ => Err(format!("'{value}' is not a probability from 0 to 1")),
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates: Vec<_> = self
            .0
            .iter()
            .map(|(kind, rate)| format!("{}={rate}", kind.name()))
            .collect();
        out.write_str(&rates.join(", "))
    }
}

/// Seeded draws. Each operation has a random stream of its own, separate from the latency model's, so
/// that the n-th request of an operation has the same fault whatever else happens meanwhile.
pub struct Draws {
    rates: Rates,
    seed: u64,
    streams: HashMap<String, ChaCha8Rng>,
}

impl Draws {
    pub fn new(rates: Rates, seed: u64) -> Self {
        Self {
            rates,
            seed,
            streams: HashMap::new(),
        }
    }

    /// The fault of the next request of an operation; `None`: it has none.
    pub fn next(&mut self, call: &Call) -> Option<Fault> {
        let seed = self.seed;
        let random = self
            .streams
            .entry(format!("faults.{}.{}", call.service, call.operation))
            .or_insert_with_key(|name| random::stream(seed, name));
        // Each request draws as much, so that one request's fault does not change the next one's.
        let at: f64 = StandardUniform.sample(random);
        let half: f64 = StandardUniform.sample(random);
        let part: f64 = StandardUniform.sample(random);
        let seed = random.next_u64();
        let executed = half < 0.5;
        let mut reached = 0.0;
        let (kind, _) = self.rates.0.iter().find(|(_, rate)| {
            reached += rate;
            at < reached
        })?;
        match kind {
            Kind::Unprocessed if call.operation != "BatchWriteItem" => None,
            Kind::Unprocessed => Some(Fault::Unprocessed { seed }),
            Kind::Throttle => Some(Fault::Throttle),
            Kind::ServerError => Some(Fault::ServerError { executed }),
            Kind::Cut => Some(Fault::Cut { executed, part }),
        }
    }
}

/// Which of `count` items are left out: at least one, but never all. Of fewer than two, none.
pub fn left_out(count: usize, seed: u64) -> Vec<bool> {
    let mut chosen = vec![false; count];
    let Some(most) = count.checked_sub(1).filter(|most| *most > 0) else {
        return chosen;
    };
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut order: Vec<(u64, usize)> = (0..count).map(|at| (random.next_u64(), at)).collect();
    order.sort_unstable();
    let share: f64 = StandardUniform.sample(&mut random);
    for (_, at) in &order[..portion(most, share).max(1)] {
        chosen[*at] = true;
    }
    chosen
}

/// A share (0 to 1) of a whole, to the nearest unit.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sizes far below 2^52, shares from 0 to 1"
)]
pub fn portion(whole: usize, share: f64) -> usize {
    (whole as f64 * share).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: &str = "unprocessed=0.2,throttle=0.1,5xx=0.05,cut=0.02";

    fn call(service: &'static str, operation: &'static str) -> Call {
        Call {
            service,
            operation: operation.into(),
            access_key: "ASIAKEY".to_owned(),
            retry: false,
        }
    }

    fn draws(rates: &str, seed: u64) -> Draws {
        Draws::new(rates.parse().expect("sound rates"), seed)
    }

    fn draw(draws: &mut Draws, operation: &'static str, count: usize) -> Vec<Option<Fault>> {
        let call = call("dynamodb", operation);
        (0..count).map(|_| draws.next(&call)).collect()
    }

    #[test]
    fn any_subset_in_any_order_is_read() {
        let rates: Rates = " cut = 0.5 ,throttle=0 ".parse().expect("sound");
        assert_eq!(rates.to_string(), "throttle=0, cut=0.5");
        assert!(
            "unprocessed=0.1,throttle=0.2,5xx=0.7"
                .parse::<Rates>()
                .is_ok()
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("", "'' is not KIND=PROBABILITY"),
            ("cut", "'cut' is not KIND=PROBABILITY"),
            (
                "fire=0.1",
                "'fire' is not a kind of fault; choose from unprocessed",
            ),
            ("cut=much", "'much' is not a probability"),
            ("cut=1.1", "'1.1' is not a probability"),
            ("cut=-0.1", "'-0.1' is not a probability"),
            ("cut=nan", "'nan' is not a probability"),
            ("cut=0.1,cut=0.1", "cut is given twice"),
            ("cut=0.6,5xx=0.6", "add up to more than 1"),
        ] {
            let message = text.parse::<Rates>().expect_err(text);
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn kinds_come_as_often_as_their_rates_say() {
        let drawn = draw(&mut draws(EACH, 1), "BatchWriteItem", 20_000);
        for (kind, expected) in [
            (Kind::Unprocessed, 4_000),
            (Kind::Throttle, 2_000),
            (Kind::ServerError, 1_000),
            (Kind::Cut, 400),
        ] {
            let of_kind = drawn.iter().flatten().filter(|fault| fault.kind() == kind);
            let off = of_kind.count().abs_diff(expected);
            assert!(off < expected / 5, "{kind:?}: {off} off {expected}");
        }
    }

    #[test]
    fn about_half_of_the_errors_and_cuts_come_after_the_work_was_done() {
        let drawn = draw(&mut draws("5xx=0.5,cut=0.5", 1), "PutItem", 10_000);
        let done = drawn.iter().flatten().filter(|fault| {
            matches!(
                fault,
                Fault::ServerError { executed: true } | Fault::Cut { executed: true, .. }
            )
        });
        assert!(done.count().abs_diff(5_000) < 300);
    }

    #[test]
    fn only_a_batch_has_unprocessed_items() {
        let mut all = draws("unprocessed=1", 1);
        assert_eq!(draw(&mut all, "PutItem", 50), [None; 50]);
        assert!(
            draw(&mut all, "BatchWriteItem", 50)
                .iter()
                .all(Option::is_some)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_others() {
        let of = |seed| draw(&mut draws(EACH, seed), "BatchWriteItem", 100);
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn one_operation_does_not_disturb_another() {
        let alone = draw(&mut draws(EACH, 7), "BatchWriteItem", 40);
        let mut busy = draws(EACH, 7);
        let mut among_others = Vec::new();
        for _ in 0..40 {
            draw(&mut busy, "GetItem", 3);
            among_others.extend(draw(&mut busy, "BatchWriteItem", 1));
        }
        assert_eq!(alone, among_others);
    }

    #[test]
    fn some_items_are_left_out_but_never_all() {
        let mut sizes = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let chosen = left_out(4, seed).into_iter().filter(|out| *out).count();
            assert!((1..4).contains(&chosen));
            sizes.insert(chosen);
        }
        assert_eq!(sizes.len(), 3);
        assert_eq!(left_out(1, 1), [false]);
        assert_eq!(left_out(25, 3), left_out(25, 3));
        assert_ne!(left_out(25, 3), left_out(25, 4));
    }
}
