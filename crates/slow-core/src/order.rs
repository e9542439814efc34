//! One line of what is ordered.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::worth::Cold;

/// What an environment is to be from now on; the number is its id.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// There is a new one, at rest and not throttled.
    Open(Box<Opening>),
    /// Its processes run, or are about to.
    Run(u32),
    /// They have been frozen.
    Rest(u32),
    /// It has its quota, beginning with a full pool.
    Throttle(u32),
    Unthrottle(u32),
    /// Its quota was used by others as well.
    Charge(Charge),
    /// It has a process, and what that starts: their page faults are seen from now on.
    Process(Process),
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
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    pub busy_ns: u32,
    pub cycle_ns: u32,
    /// None: whether others use the same core is not looked at.
    #[serde(default)]
    pub alone: Option<Alone>,
}

/// What a pace holds for: a core that nobody else uses.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Alone {
    /// How many times slower the pace makes a CPU.
    pub slowdown: f64,
    /// How long the work of `streams.rs` takes, ns.
    pub streams_ns: u64,
}

impl Pace {
    /// How long of a cycle, where the CPU has this speed of one that nobody else uses. A share b of
    /// a cycle makes it slower by 1 / (1 - b - c), c being lost in switching.
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

    /// Something of each cycle is left to whoever runs there, however much is to be taken.
    pub fn most_ns(self) -> u32 {
        self.cycle_ns / 20 * 19
    }

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

/// CPU time of a Lambda vCPU.
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

/// Its quota, how its use is read and how it is held.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// CPU time of a Lambda vCPU, every 20 ms; none: all that its CPUs have.
    pub quota_ns: Option<u64>,
    /// What one ns of this host's CPU time is of a Lambda vCPU's.
    pub slowness: f64,
    /// But for this much after a rest.
    #[serde(default)]
    pub cold: Cold,
    /// What each page fault takes more on Lambda, ns.
    #[serde(default)]
    pub fault_ns: u64,
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
            let sound = pace.alone.is_none_or(|alone| {
                alone.slowdown.is_finite() && alone.slowdown >= 1.0 && alone.streams_ns > 0
            });
            ensure!(sound, "its pace is for no CPU");
        }
        if let Some(limit) = &self.limit {
            ensure!(limit.quota_ns != Some(0), "its quota is 0");
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
    fn what_is_no_order_is_refused() {
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
        let pace = |busy_ns, cycle_ns| Pace {
            busy_ns,
            cycle_ns,
            alone: None,
        };
        assert_eq!(pace(50, 100).slower(pace(60, 200)), pace(50, 100));
        assert_eq!(Pace::default().slower(pace(1, 200)), pace(1, 200));
    }

    #[test]
    fn what_others_take_of_a_core_is_not_taken_again() {
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
