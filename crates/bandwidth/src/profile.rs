//! The profile of a program: what the rule has to know of it, as JSON.

use std::{error, fmt};

use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::{MEMORY_MB_PER_VCPU, PERIOD_NS};

/// More than anybody simulates on purpose, so that a typing error does not run for hours.
const MOST_RUNS: u64 = 1_000_000;
const MOST_MS: f64 = 1_800_000.0;
const NS_PER_MS: f64 = 1e6;

/// A program, and how often it is called.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The memory size; instead, `quota_ms` may give its quota per 20 ms.
    #[serde(default)]
    pub memory_mb: Option<f64>,
    #[serde(default)]
    pub quota_ms: Option<f64>,
    /// They all begin when the program is called; each has a CPU of its own.
    pub threads: Vec<Vec<Phase>>,
    /// How often it is called in one environment.
    #[serde(default = "once")]
    pub calls: u64,
    /// The time between two calls, in which nothing runs.
    #[serde(default)]
    pub pause_ms: f64,
    /// The most that is added to `pause_ms`, at random, so that calls are not in step with refills.
    #[serde(default)]
    pub jitter_ms: f64,
    /// How many environments are simulated, each with its own phases of refills and ticks.
    #[serde(default = "once")]
    pub runs: u64,
    #[serde(default)]
    pub seed: u64,
}

fn once() -> u64 {
    1
}

/// One part of a thread: CPU time, or a wait for something outside.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<f64>,
    /// The name under which the times of its end are summarised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// A phase's work, ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Cpu(u64),
    Wait(u64),
}

/// The time between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub least_ns: u64,
    pub jitter_ns: u64,
}

/// Why a profile is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl error::Error for Fault {}

impl Profile {
    /// The quota per 20 ms, ns.
    ///
    /// # Errors
    /// The profile has none or two, or it is not valid.
    pub fn quota_ns(&self) -> Result<u64, Fault> {
        let quota = match (self.memory_mb, self.quota_ms) {
            (Some(memory_mb), None) => memory_mb / MEMORY_MB_PER_VCPU * ns(PERIOD_NS) / NS_PER_MS,
            (None, Some(quota)) => quota,
            _ => return Err(Fault("give either memory_mb or quota_ms".into())),
        };
        match whole_ns("memory_mb or quota_ms", quota)? {
            0 => Err(Fault("memory_mb or quota_ms is not above 0".into())),
            granted => Ok(granted),
        }
    }

    /// Every thread's work.
    ///
    /// # Errors
    /// There is no thread, or a phase is not valid; the fault names it.
    pub fn work(&self) -> Result<Vec<Vec<Work>>, Fault> {
        if self.threads.is_empty() {
            return Err(Fault("threads is empty".into()));
        }
        let threads = self.threads.iter().enumerate();
        threads
            .map(|(number, phases)| thread_work(number, phases))
            .collect()
    }

    /// From the end of a call to the next one.
    ///
    /// # Errors
    /// It is no time, or there are too many calls or runs, or none.
    pub fn pause(&self) -> Result<Pause, Fault> {
        for (name, number) in [("calls", self.calls), ("runs", self.runs)] {
            if !(1..=MOST_RUNS).contains(&number) {
                return Err(Fault(format!("{name} is not between 1 and {MOST_RUNS}")));
            }
        }
        Ok(Pause {
            least_ns: whole_ns("pause_ms", self.pause_ms)?,
            jitter_ns: whole_ns("jitter_ms", self.jitter_ms)?,
        })
    }
}

impl Pause {
    /// One of them, ns.
    pub fn draw(self, random: &mut impl RngCore) -> u64 {
        self.least_ns + random.next_u64() % (self.jitter_ns + 1)
    }
}

fn thread_work(number: usize, phases: &[Phase]) -> Result<Vec<Work>, Fault> {
    if phases.is_empty() {
        return Err(Fault(format!("threads[{number}] has no phase")));
    }
    let phases = phases.iter().enumerate();
    let work = |(index, phase): (usize, &Phase)| {
        let cpu_index = format!("threads[{number}][{index}]");
        match (phase.cpu_ms, phase.wait_ms) {
            (Some(ms), None) => Ok(Work::Cpu(whole_ns(&cpu_index, ms)?)),
            (None, Some(ms)) => Ok(Work::Wait(whole_ns(&cpu_index, ms)?)),
            _ => Err(Fault(format!("{cpu_index}: give either cpu_ms or wait_ms"))),
        }
    };
    phases.map(work).collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within bounds"
)]
fn whole_ns(cpu_index: &str, ms: f64) -> Result<u64, Fault> {
    if (0.0..=MOST_MS).contains(&ms) {
        Ok((ms * NS_PER_MS).round() as u64)
    } else {
        Err(Fault(format!(
            "{cpu_index}: {ms} ms is not between 0 and {MOST_MS}"
        )))
    }
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn ns(ns: u64) -> f64 {
    ns as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Profile, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_profile_is_a_memory_size_and_what_its_threads_do() {
        let profile = read(
            r#"{"memory_mb": 1769, "threads": [[{"cpu_ms": 1.5, "mark": "handler"}, {"wait_ms": 2}]]}"#,
        )
        .expect("sound");
        assert_eq!(profile.quota_ns(), Ok(PERIOD_NS));
        let work = vec![vec![Work::Cpu(1_500_000), Work::Wait(2_000_000)]];
        assert_eq!(profile.work(), Ok(work));
        assert_eq!((profile.calls, profile.runs), (1, 1));
        assert_eq!(profile.pause().map(|pause| pause.least_ns), Ok(0));
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (text, fault) in [
            (
                r#"{"threads": [[{"cpu_ms": 1}]]}"#,
                "give either memory_mb or quota_ms",
            ),
            (
                r#"{"memory_mb": 1, "quota_ms": 1, "threads": [[{"cpu_ms": 1}]]}"#,
                "give either",
            ),
            (
                r#"{"quota_ms": 0, "threads": [[{"cpu_ms": 1}]]}"#,
                "not above 0",
            ),
            (
                r#"{"quota_ms": -1, "threads": [[{"cpu_ms": 1}]]}"#,
                "-1 ms is not between",
            ),
            (r#"{"quota_ms": 1, "threads": []}"#, "threads is empty"),
            (
                r#"{"quota_ms": 1, "threads": [[]]}"#,
                "threads[0] has no phase",
            ),
            (
                r#"{"quota_ms": 1, "threads": [[{"cpu_ms": 1}], [{"cpu_ms": 1, "wait_ms": 1}]]}"#,
                "threads[1][0]: give either cpu_ms or wait_ms",
            ),
            (
                r#"{"quota_ms": 1, "threads": [[{"wait_ms": 1e9}]]}"#,
                "threads[0][0]: 1000000000 ms",
            ),
            (
                r#"{"quota_ms": 1, "threads": [[{"cpu_ms": 1}]], "runs": 0}"#,
                "runs is not between",
            ),
            (
                r#"{"quota_ms": 1, "threads": [[{"cpu_ms": 1}]], "pause_ms": -1}"#,
                "pause_ms: -1 ms",
            ),
        ] {
            let profile = read(text).expect("JSON of this form");
            let told = [
                profile.quota_ns().err(),
                profile.work().err(),
                profile.pause().err(),
            ];
            let told = told.into_iter().flatten().next().expect("a fault");
            assert!(told.to_string().contains(fault), "{told} in {text}");
        }
    }

    #[test]
    fn an_unknown_field_is_no_profile() {
        assert!(read(r#"{"memory": 1, "threads": []}"#).is_err());
        assert!(read(r#"{"quota_ms": 1, "threads": [[{"cpu": 1}]]}"#).is_err());
    }
}
