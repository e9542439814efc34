//! One line of what is asked.

use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};

/// How long of every cycle a CPU is kept busy, ns; neither takes more than 4 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    pub busy_ns: u32,
    pub cycle_ns: u32,
}

/// A CPU's pace from now on.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    pub cpu: usize,
    pub pace: Pace,
}

impl FromStr for Setting {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[cpu, busy_ns, cycle_ns] = &fields[..] else {
            bail!("{line:?} is not CPU BUSY_NS CYCLE_NS");
        };
        let pace = Pace {
            busy_ns: busy_ns.parse().context("BUSY_NS")?,
            cycle_ns: cycle_ns.parse().context("CYCLE_NS")?,
        };
        if pace.busy_ns >= pace.cycle_ns {
            bail!("{line:?} leaves nothing of the CPU");
        }
        Ok(Self {
            cpu: cpu.parse().context("CPU")?,
            pace,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_cpu_and_its_pace() {
        let setting: Setting = "1 35000 100000".parse().expect("sound");
        let pace = Pace {
            busy_ns: 35_000,
            cycle_ns: 100_000,
        };
        assert_eq!(setting, Setting { cpu: 1, pace });
    }

    #[test]
    fn what_is_no_such_line_is_refused() {
        for line in ["", "1 2", "1 2 3 4", "x 1 2", "1 -1 2", "0 5000000000 1"] {
            assert!(line.parse::<Setting>().is_err(), "{line}");
        }
    }

    #[test]
    fn a_cpu_is_never_taken_whole() {
        assert!("0 100 100".parse::<Setting>().is_err());
    }
}
