//! Work that fills a core: how long it takes tells what somebody else takes of the core.
//!
//! Where a CPU of this machine is one of two threads of a core, whoever uses the other one makes it
//! up to twice as slow, for seconds, and nothing counts that: not the CPU time, not the steal time.
//! Eight streams of arithmetic that do not wait for each other become slower by as much as an
//! interpreter does (docs/benchmarks/neighbours.txt), a chain whose steps wait for each other by
//! nothing.

use std::hint::black_box;

use anyhow::Result;

use crate::clock::now_ns;

const STREAMS: usize = 8;
/// A microsecond's worth.
const STEPS: u64 = 160;

/// Does it once; how long it took, ns.
pub fn time_ns() -> Result<u64> {
    let began_ns = now_ns()?;
    flow();
    Ok(now_ns()? - began_ns)
}

fn flow() {
    let mut streams: [u64; STREAMS] = black_box([1, 2, 3, 4, 5, 6, 7, 8]);
    for step in 0..STEPS {
        for stream in &mut streams {
            let mut bits = *stream;
            bits ^= bits << 7;
            bits = bits.wrapping_add(step);
            *stream = black_box(bits ^ (bits >> 9));
        }
    }
    black_box(streams);
}

/// The median of many, over some time. The least would be of a moment in which whoever else uses
/// the core waits.
pub fn median_ns(for_ns: u64) -> Result<u64> {
    let end_ns = now_ns()? + for_ns;
    let mut took_ns = vec![time_ns()?];
    while now_ns()? < end_ns {
        took_ns.push(time_ns()?);
    }
    Ok(median(&mut took_ns))
}

/// The middle one, or of two the later.
pub fn median(of: &mut [u64]) -> u64 {
    let middle = of.len() / 2;
    *of.select_nth_unstable(middle).1
}

/// How fast a CPU is against one that nobody else uses, as of the last few cycles.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    now: f64,
    heard_ns: u64,
}

/// What one cycle weighs: a neighbour comes and goes in seconds, an interrupt is no neighbour.
const WEIGHT: f64 = 0.2;
/// What was heard before is of no use any more.
const STALE_NS: u64 = 2_000_000;
const SLOWEST: f64 = 0.2;
const FASTEST: f64 = 1.2;

impl Default for Speed {
    fn default() -> Self {
        Self {
            now: 1.0,
            heard_ns: 0,
        }
    }
}

impl Speed {
    pub fn get(self) -> f64 {
        self.now
    }

    /// Whether it has not been heard of for longer than a neighbour needs to come.
    pub fn is_stale(self, now_ns: u64) -> bool {
        now_ns.saturating_sub(self.heard_ns) > STALE_NS
    }

    /// The work has just taken so long.
    #[allow(clippy::cast_precision_loss, reason = "microseconds")]
    pub fn hear(&mut self, now_ns: u64, took_ns: u64, alone_ns: u64) {
        let heard = (alone_ns as f64 / took_ns.max(1) as f64).clamp(SLOWEST, FASTEST);
        let weight = if self.is_stale(now_ns) { 1.0 } else { WEIGHT };
        self.now += (heard - self.now) * weight;
        self.heard_ns = now_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CYCLE_NS: u64 = 250_000;
    const LATER_NS: u64 = 1_000_000_000;

    /// Cycle after cycle.
    fn hear(speed: &mut Speed, from_ns: u64, took_ns: u64, cycles: u64) {
        for cycle in 0..cycles {
            speed.hear(from_ns + cycle * CYCLE_NS, took_ns, 1_000);
        }
    }

    #[test]
    fn it_follows_what_lasts_and_not_what_happens_once() {
        let mut speed = Speed::default();
        hear(&mut speed, CYCLE_NS, 9_000, 1);
        assert!(speed.get() > 0.8);
        hear(&mut speed, 2 * CYCLE_NS, 2_000, 30);
        assert!((speed.get() - 0.5).abs() < 0.02);
        hear(&mut speed, 32 * CYCLE_NS, 1_000, 30);
        assert!(speed.get() > 0.98);
    }

    #[test]
    fn after_a_rest_it_is_what_is_heard_first() {
        let mut speed = Speed::default();
        hear(&mut speed, CYCLE_NS, 2_000, 30);
        assert!(!speed.is_stale(31 * CYCLE_NS) && speed.is_stale(LATER_NS));
        hear(&mut speed, LATER_NS, 1_000, 1);
        assert!((speed.get() - 1.0).abs() < 0.001);
    }

    #[test]
    fn no_time_is_taken_for_a_speed_that_no_cpu_has() {
        let mut speed = Speed::default();
        hear(&mut speed, LATER_NS, 0, 1);
        assert!(speed.get() <= FASTEST);
        hear(&mut speed, 2 * LATER_NS, u64::MAX, 1);
        assert!((speed.get() - SLOWEST).abs() < 0.001);
    }

    #[test]
    fn the_median_is_that_of_a_real_one() {
        let median_ns = median_ns(1_000_000).expect("a clock");
        assert!((50..1_000_000).contains(&median_ns), "{median_ns}");
        assert_eq!(median(&mut [9, 1, 4]), 4);
    }
}
