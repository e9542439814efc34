//! One line of what is ordered.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What an environment is to be from now on; the number is its id.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// There is a new one, at rest and not throttled.
    Open(Opening),
    /// Its processes run, or are about to.
    Run(u32),
    /// They have been frozen.
    Rest(u32),
    /// It has its quota, beginning with a full pool.
    Throttle(u32),
    Unthrottle(u32),
    /// It is let go, and never heard of again.
    Close(u32),
}

/// An environment.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub id: u32,
    /// That its processes may run on.
    pub cpus: Vec<usize>,
    /// How much of these is taken while it runs; none: nothing.
    pub pace: Option<Pace>,
    /// None: it is never throttled.
    pub limit: Option<Limit>,
}

/// How long of every cycle a CPU is kept busy, ns; neither takes more than 4 s.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub busy_ns: u32,
    pub cycle_ns: u32,
}

impl Pace {
    /// The slower of two.
    pub fn slower(self, other: Self) -> Self {
        let share = |pace: Self| f64::from(pace.busy_ns) / f64::from(pace.cycle_ns.max(1));
        if share(other) > share(self) {
            other
        } else {
            self
        }
    }
}

/// Its quota, how its use is read and how it is held.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// CPU time of a Lambda vCPU, every 20 ms.
    pub quota_ns: u64,
    /// What one ns of this host's CPU time is of a Lambda vCPU's.
    pub slowness: f64,
    /// Where in their intervals refills and ticks fall.
    pub refill_phase_ns: u64,
    pub tick_phase_ns: u64,
    pub usage: PathBuf,
    pub counts: Counts,
    pub hold: PathBuf,
    /// What is written into `hold`.
    pub freeze: String,
    pub thaw: String,
}

/// What a usage file holds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// `cpuacct.usage_percpu` of cgroup v1: ns, CPU by CPU.
    NsPerCpu,
    /// `cpu.stat` of cgroup v2: a line `usage_usec`, of all CPUs together.
    CpuStat,
}

impl Order {
    /// Reads and checks a line.
    pub fn read(line: &str) -> Result<Self> {
        let order: Self =
            serde_json::from_str(line).with_context(|| format!("{line:?} is no order"))?;
        if let Self::Open(opening) = &order {
            opening.check().with_context(|| format!("{line:?}"))?;
        }
        Ok(order)
    }
}

impl Opening {
    fn check(&self) -> Result<()> {
        ensure!(!self.cpus.is_empty(), "it has no CPU");
        let unlike = |cpu: &usize| self.cpus.iter().filter(|other| *other == cpu).count() == 1;
        ensure!(self.cpus.iter().all(unlike), "it has a CPU twice");
        if let Some(pace) = self.pace {
            ensure!(
                pace.busy_ns < pace.cycle_ns,
                "its pace leaves nothing of a CPU"
            );
        }
        if let Some(limit) = &self.limit {
            ensure!(limit.quota_ns > 0, "its quota is 0");
            let sound = limit.slowness.is_finite() && limit.slowness > 0.0;
            ensure!(sound, "its slowness is no factor");
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
        };
        assert_eq!((opening.id, opening.pace), (3, Some(pace)));
        assert_eq!(opening.limit.expect("one").counts, Counts::NsPerCpu);
        let orders = [
            (r#"{"run": 3}"#, Order::Run(3)),
            (r#"{"rest": 3}"#, Order::Rest(3)),
            (r#"{"throttle": 3}"#, Order::Throttle(3)),
            (r#"{"unthrottle": 3}"#, Order::Unthrottle(3)),
            (r#"{"close": 3}"#, Order::Close(3)),
        ];
        for (line, order) in orders {
            assert_eq!(Order::read(line).expect("sound"), order);
        }
        let without = r#"{"open": {"id": 0, "cpus": [1], "pace": null, "limit": null}}"#;
        assert!(Order::read(without).is_ok());
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for line in [
            "",
            "1 2 3",
            "{}",
            r#"{"run": -1}"#,
            r#"{"walk": 1}"#,
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
            ("35000", "5000000000", "is no order"),
            ("1447145", "0", "quota is 0"),
            ("1447145", "-5", "is no order"),
            ("1.5", "0", "no factor"),
            ("ns_per_cpu", "furlongs", "is no order"),
            ("\"id\": 3", "\"id\": 3, \"more\": 1", "is no order"),
        ] {
            let error = Order::read(&OPEN.replace(sound, bad)).expect_err(bad);
            assert!(format!("{error:#}").contains(reason), "{error:#}");
        }
    }

    #[test]
    fn of_two_paces_the_slower_takes_more_of_its_cycle() {
        let pace = |busy_ns, cycle_ns| Pace { busy_ns, cycle_ns };
        assert_eq!(pace(50, 100).slower(pace(60, 200)), pace(50, 100));
        assert_eq!(Pace::default().slower(pace(1, 200)), pace(1, 200));
    }
}
