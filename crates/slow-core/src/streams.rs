//! Work that fills a core: the longer it takes, the more of the core is used by others.
//!
//! Where a CPU of this machine is one of two threads of a core, work on the other thread makes it up
//! to twice as slow, for seconds. Neither CPU time nor steal time shows that. Eight independent streams
//! of arithmetic become slower by the same factor as an interpreter (docs/benchmarks/neighbours.txt);
//! a chain of dependent steps does not become slower.

use std::hint::black_box;

use anyhow::Result;

use crate::clock::now_ns;

const STREAMS: usize = 8;
/// They take about a microsecond.
const STEPS: u64 = 160;

/// Does the work once; how long it took, ns.
pub fn time_ns() -> Result<u64> {
    let began_ns = now_ns()?;
    compute();
    Ok(now_ns()? - began_ns)
}

fn compute() {
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

/// The median time of the work, repeated for `for_ns`. The minimum would be of a moment in which
/// others do not use the core.
pub fn median_ns(for_ns: u64) -> Result<u64> {
    let end_ns = now_ns()? + for_ns;
    let mut times_ns = vec![time_ns()?];
    while now_ns()? < end_ns {
        times_ns.push(time_ns()?);
    }
    Ok(median(&mut times_ns))
}

/// The median; of an even number of values, the larger of the middle two.
pub fn median(values: &mut [u64]) -> u64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable(middle).1
}

/// A CPU's speed in the last few cycles, relative to when nobody else uses its core.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    current: f64,
    updated_ns: u64,
}

/// The weight of one cycle: a neighbour stays for seconds, an interrupt for less than a cycle.
const WEIGHT: f64 = 0.2;
/// An older speed does not count any more.
const STALE_NS: u64 = 2_000_000;
const SLOWEST: f64 = 0.2;
const FASTEST: f64 = 1.2;

impl Default for Speed {
    fn default() -> Self {
        Self {
            current: 1.0,
            updated_ns: 0,
        }
    }
}

impl Speed {
    pub fn get(self) -> f64 {
        self.current
    }

    /// Whether the last measurement is so old that a neighbour may have come since.
    pub fn is_stale(self, now_ns: u64) -> bool {
        now_ns.saturating_sub(self.updated_ns) > STALE_NS
    }

    /// Adds a measurement: the work took `took_ns`, and `alone_ns` when nobody else uses the core.
    #[allow(clippy::cast_precision_loss, reason = "microseconds")]
    pub fn update(&mut self, now_ns: u64, took_ns: u64, alone_ns: u64) {
        let measured = (alone_ns as f64 / took_ns.max(1) as f64).clamp(SLOWEST, FASTEST);
        let weight = if self.is_stale(now_ns) { 1.0 } else { WEIGHT };
        self.current += (measured - self.current) * weight;
        self.updated_ns = now_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CYCLE_NS: u64 = 250_000;
    const LATER_NS: u64 = 1_000_000_000;

    /// The same measurement in several cycles.
    fn update(speed: &mut Speed, from_ns: u64, took_ns: u64, cycles: u64) {
        for cycle in 0..cycles {
            speed.update(from_ns + cycle * CYCLE_NS, took_ns, 1_000);
        }
    }

    #[test]
    fn it_follows_what_lasts_and_not_what_happens_once() {
        let mut speed = Speed::default();
        update(&mut speed, CYCLE_NS, 9_000, 1);
        assert!(speed.get() > 0.8);
        update(&mut speed, 2 * CYCLE_NS, 2_000, 30);
        assert!((speed.get() - 0.5).abs() < 0.02);
        update(&mut speed, 32 * CYCLE_NS, 1_000, 30);
        assert!(speed.get() > 0.98);
    }

    #[test]
    fn after_a_rest_the_first_measurement_counts() {
        let mut speed = Speed::default();
        update(&mut speed, CYCLE_NS, 2_000, 30);
        assert!(!speed.is_stale(31 * CYCLE_NS) && speed.is_stale(LATER_NS));
        update(&mut speed, LATER_NS, 1_000, 1);
        assert!((speed.get() - 1.0).abs() < 0.001);
    }

    #[test]
    fn a_speed_that_no_cpu_has_is_clamped() {
        let mut speed = Speed::default();
        update(&mut speed, LATER_NS, 0, 1);
        assert!(speed.get() <= FASTEST);
        update(&mut speed, 2 * LATER_NS, u64::MAX, 1);
        assert!((speed.get() - SLOWEST).abs() < 0.001);
    }

    #[test]
    fn the_median_is_that_of_a_real_one() {
        let median_ns = median_ns(1_000_000).expect("a clock");
        assert!((50..1_000_000).contains(&median_ns), "{median_ns}");
        assert_eq!(median(&mut [9, 1, 4]), 4);
    }
}
