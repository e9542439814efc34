//! Orders, one line of JSON each.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::conversion::Cold;

/// What to do with an environment; the number is its id.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Add an environment, at rest and not throttled.
    Open(Box<Opening>),
    /// Its processes run, or are about to.
    Run(u32),
    /// Its processes have been frozen.
    Rest(u32),
    /// Keep it to its quota, beginning with a full pool.
    Throttle(u32),
    /// Do not keep it to its quota any more.
    Unthrottle(u32),
    /// Take CPU time from its quota that its own processes did not use.
    Charge(Charge),
    /// Count the page faults of a process, and of the processes that it starts.
    Process(Process),
    /// Release it and forget it.
    Close(u32),
}

/// An environment.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub id: u32,
    /// The CPUs that its processes may run on.
    pub cpus: Vec<usize>,
    /// How these are slowed while it runs; `None`: they are not slowed.
    pub pace: Option<Pace>,
    /// `None`: it is never throttled.
    pub limit: Option<Limit>,
}

/// How long of every cycle a CPU is kept busy, ns; a cycle has at most 4 s.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub busy_ns: u32,
    pub cycle_ns: u32,
    /// `None`: it is not measured whether others use the core.
    #[serde(default)]
    pub alone: Option<Alone>,
}

/// A core that nobody else uses; a pace is calibrated on it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Alone {
    /// How many times slower the pace makes a CPU.
    pub slowdown: f64,
    /// How long the work of `streams.rs` takes, ns.
    pub streams_ns: u64,
}

impl Pace {
    /// How long to be busy in a cycle, where the CPU's speed relative to such a core is `speed`. A share
    /// b of a cycle makes a CPU slower by 1 / (1 - b - c), where c is lost in switching.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a cycle"
    )]
    pub fn busy_at(self, speed: f64) -> u32 {
        let Some(alone) = self.alone.filter(|_| self.busy_ns > 0) else {
            return self.busy_ns;
        };
        let less = (1.0 / speed - 1.0) / alone.slowdown;
        let busy = f64::from(self.busy_ns) - less * f64::from(self.cycle_ns);
        busy.clamp(0.0, f64::from(self.most_ns())) as u32
    }

    /// The longest time to be busy in a cycle: the environments always get some of it.
    pub fn most_ns(self) -> u32 {
        self.cycle_ns / 20 * 19
    }

    /// The slower of two paces.
    pub fn slower(self, other: Self) -> Self {
        let share = |pace: Self| f64::from(pace.busy_ns) / f64::from(pace.cycle_ns.max(1));
        if share(other) > share(self) {
            other
        } else {
            self
        }
    }
}

/// CPU time of a Lambda vCPU that is taken from a quota.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    pub id: u32,
    pub used_ns: u64,
}

/// One of an environment's processes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pub id: u32,
    pub pid: u32,
}

/// An environment's quota, how its CPU time is read, and how it is held.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// CPU time of a Lambda vCPU per 20 ms; `None`: all that its CPUs have.
    pub quota_ns: Option<u64>,
    /// CPU time of a Lambda vCPU for the same work, relative to this host's.
    pub slowness: f64,
    /// CPU time after a freeze that is the same on both.
    #[serde(default)]
    pub cold: Cold,
    /// How much longer each page fault takes on Lambda, ns.
    #[serde(default)]
    pub fault_ns: u64,
    /// Where refills and ticks are in their intervals.
    pub refill_phase_ns: u64,
    pub tick_phase_ns: u64,
    pub usage: PathBuf,
    pub counts: Counts,
    pub hold: PathBuf,
    /// What is written into `hold`.
    pub freeze: String,
    pub thaw: String,
}

/// The format of a usage file.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// `cpuacct.usage_percpu` of cgroup v1: ns, for each CPU.
    NsPerCpu,
    /// `cpu.stat` of cgroup v2: a line `usage_usec` for all CPUs together.
    CpuStat,
}

impl Order {
    /// Reads and checks a line.
    pub fn read(line: &str) -> Result<Self> {
        let order: Self =
            serde_json::from_str(line).with_context(|| format!("{line:?} is not an order"))?;
        if let Self::Open(opening) = &order {
            opening.check().with_context(|| format!("{line:?}"))?;
        }
        Ok(order)
    }
}

impl Opening {
    fn check(&self) -> Result<()> {
        ensure!(!self.cpus.is_empty(), "it has no CPU");
        let is_unique = |cpu: &usize| self.cpus.iter().filter(|other| *other == cpu).count() == 1;
        ensure!(self.cpus.iter().all(is_unique), "it has a CPU twice");
        if let Some(pace) = self.pace {
            ensure!(
                pace.busy_ns < pace.cycle_ns,
                "its pace leaves nothing of a CPU"
            );
            let sound = pace.alone.is_none_or(|alone| {
                alone.slowdown.is_finite() && alone.slowdown >= 1.0 && alone.streams_ns > 0
            });
            ensure!(sound, "no CPU can have its pace");
        }
        if let Some(limit) = &self.limit {
            ensure!(limit.quota_ns != Some(0), "its quota is 0");
            let sound = limit.slowness.is_finite() && limit.slowness > 0.0;
            ensure!(sound, "its slowness is not a factor");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = r#"{"open": {"id": 3, "cpus": [0, 1], "pace": {"busy_ns": 35000, "cycle_ns": 100000},
        "limit": {"quota_ns": 1447145, "slowness": 1.5, "refill_phase_ns": 1, "tick_phase_ns": 2,
        "usage": "/u", "counts": "ns_per_cpu", "hold": "/h", "freeze": "FROZEN", "thaw": "THAWED"}}}"#;

    #[test]
    fn an_order_is_a_line_of_json() {
        let Order::Open(opening) = Order::read(OPEN).expect("sound") else {
            panic!("another order")
        };
        let pace = Pace {
            busy_ns: 35_000,
            cycle_ns: 100_000,
            alone: None,
        };
        assert_eq!((opening.id, opening.pace), (3, Some(pace)));
        assert_eq!(opening.limit.expect("one").counts, Counts::NsPerCpu);
        let orders = [
            (r#"{"run": 3}"#, Order::Run(3)),
            (r#"{"rest": 3}"#, Order::Rest(3)),
            (r#"{"throttle": 3}"#, Order::Throttle(3)),
            (r#"{"unthrottle": 3}"#, Order::Unthrottle(3)),
            (
                r#"{"charge": {"id": 3, "used_ns": 5}}"#,
                Order::Charge(Charge { id: 3, used_ns: 5 }),
            ),
            (
                r#"{"process": {"id": 3, "pid": 5}}"#,
                Order::Process(Process { id: 3, pid: 5 }),
            ),
            (r#"{"close": 3}"#, Order::Close(3)),
        ];
        for (line, order) in orders {
            assert_eq!(Order::read(line).expect("sound"), order);
        }
        let without = r#"{"open": {"id": 0, "cpus": [1], "pace": null, "limit": null}}"#;
        assert!(Order::read(without).is_ok());
    }

    #[test]
    fn what_is_not_an_order_is_refused() {
        for line in [
            "",
            "1 2 3",
            "{}",
            r#"{"run": -1}"#,
            r#"{"walk": 1}"#,
            r#"{"charge": 3}"#,
            r#"{"charge": {"id": 3, "used_ns": -5}}"#,
            r#"{"run": 1, "rest": 1}"#,
        ] {
            assert!(Order::read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn an_opening_that_makes_no_sense_is_refused_with_the_reason() {
        for (sound, bad, reason) in [
            ("[0, 1]", "[]", "no CPU"),
            ("[0, 1]", "[1, 1]", "a CPU twice"),
            ("35000", "100000", "leaves nothing"),
            ("35000", "5000000000", "is not an order"),
            ("1447145", "0", "quota is 0"),
            ("1447145", "-5", "is not an order"),
            ("1.5", "0", "not a factor"),
            ("ns_per_cpu", "furlongs", "is not an order"),
            ("\"id\": 3", "\"id\": 3, \"more\": 1", "is not an order"),
        ] {
            let error = Order::read(&OPEN.replace(sound, bad)).expect_err(bad);
            assert!(format!("{error:#}").contains(reason), "{error:#}");
        }
    }

    #[test]
    fn of_two_paces_the_slower_takes_more_of_its_cycle() {
        let pace = |busy_ns, cycle_ns| Pace {
            busy_ns,
            cycle_ns,
            alone: None,
        };
        assert_eq!(pace(50, 100).slower(pace(60, 200)), pace(50, 100));
        assert_eq!(Pace::default().slower(pace(1, 200)), pace(1, 200));
    }

    #[test]
    fn what_others_use_of_a_core_is_subtracted() {
        let pace = Pace {
            busy_ns: 125_000,
            cycle_ns: 250_000,
            alone: Some(Alone {
                slowdown: 2.0,
                streams_ns: 1_000,
            }),
        };
        assert_eq!(pace.busy_at(1.0), 125_000);
        // A CPU of two thirds of its speed is to be slower by 1 1/3: of 250, 62.5 us.
        assert_eq!(pace.busy_at(2.0 / 3.0), 62_500);
        assert_eq!(pace.busy_at(0.5), 0);
        assert_eq!(pace.busy_at(0.4), 0);
        // Calibrated while it was not alone.
        assert!(pace.busy_at(1.1) > 125_000);
        let cold = Pace { busy_ns: 0, ..pace };
        assert_eq!(cold.busy_at(1.2), 0);
        let blind = Pace {
            alone: None,
            ..pace
        };
        assert_eq!(blind.busy_at(0.5), 125_000);
    }

    #[test]
    fn a_pace_for_no_cpu_is_refused() {
        for alone in [
            r#"{"slowdown": 0.5, "streams_ns": 9}"#,
            r#"{"slowdown": 2, "streams_ns": 0}"#,
            r#"{"slowdown": 2}"#,
        ] {
            let pace = format!(r#""cycle_ns": 100000, "alone": {alone}"#);
            assert!(Order::read(&OPEN.replace(r#""cycle_ns": 100000"#, &pace)).is_err());
        }
    }
}
