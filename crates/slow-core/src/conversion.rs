//! Converts CPU time of this host to CPU time of a Lambda vCPU.
//!
//! A slowed CPU makes everything slower, also waiting for memory, which takes as long on Lambda as
//! here. After a freeze a program mostly waits for memory: others have used its caches. So the first
//! part of its CPU time after a freeze is at this host's own speed (docs/fidelity.md has the
//! measurements). An environment that was held for its quota is cold as well; but so it is on Lambda,
//! and published times at small memory sizes are longer there.

use serde::Deserialize;

/// CPU time after a freeze at this host's own speed, and how long a freeze gives all of it, ns.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Cold {
    pub used_ns: u64,
    pub after_ns: u64,
}

/// Below this speed others use the core: a CPU's clock varies by less.
const SHARED_BELOW: f64 = 0.8;

/// One environment's CPU time, queue by queue.
#[derive(Debug)]
pub struct Converter {
    slowness: f64,
    cold: Cold,
    /// When CPU time was last converted, or the environment thawed.
    updated_ns: u64,
    queues: Vec<Queue>,
    totals: Totals,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    used_ns: u64,
    converted_ns: u64,
    /// Its CPU's speed, relative to when nobody else uses its core.
    speed: f64,
}

/// What a reader needs who knows the newest CPU time.
#[allow(clippy::struct_field_names, reason = "it is their unit")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// CPU time on this host, of all queues, as of the last observation.
    pub used_ns: u64,
    /// The same as CPU time of a Lambda vCPU.
    pub converted_ns: u64,
    /// How much of its next CPU time is at this host's own speed.
    pub cold_ns: u64,
    /// How much of its CPU time a Lambda vCPU would not have needed: others used the same cores, which
    /// were slower than a Lambda vCPU.
    pub lost_ns: u64,
}

impl Converter {
    /// For an environment that has used nothing, and is cold.
    pub fn new(slowness: f64, cold: Cold, queues: usize) -> Self {
        Self {
            slowness,
            cold,
            updated_ns: 0,
            queues: vec![
                Queue {
                    used_ns: 0,
                    converted_ns: 0,
                    speed: 1.0,
                };
                queues
            ],
            totals: Totals {
                cold_ns: cold.used_ns,
                ..Totals::default()
            },
        }
    }

    /// Whether its next CPU time is at this host's own speed.
    pub fn is_cold(&self) -> bool {
        self.totals.cold_ns > 0
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Sets the speed of a queue's CPU since the last observation.
    pub fn set_speed(&mut self, queue: usize, speed: f64) {
        self.queues[queue].speed = speed;
    }

    /// Whether a queue's CPU time has grown since it was last converted.
    pub fn has_grown(&self, queue: usize, used_ns: u64) -> bool {
        used_ns > self.queues[queue].used_ns
    }

    /// Adds CPU time that only a Lambda vCPU would have needed.
    pub fn add(&mut self, queue: usize, ns: u64) {
        self.queues[queue].converted_ns += ns;
        self.totals.converted_ns += ns;
    }

    /// Converts a queue's CPU time so far.
    pub fn convert(&mut self, now_ns: u64, queue: usize, used_ns: u64) -> u64 {
        let before = self.queues[queue];
        let added_ns = used_ns.saturating_sub(before.used_ns);
        let cold_ns = added_ns.min(self.totals.cold_ns);
        // Waiting for memory takes no longer while others use the core.
        let converted_ns = cold_ns + scaled(added_ns - cold_ns, self.slowness * before.speed);
        self.queues[queue] = Queue {
            used_ns: before.used_ns + added_ns,
            converted_ns: before.converted_ns + converted_ns,
            ..before
        };
        self.totals.cold_ns -= cold_ns;
        self.totals.used_ns += added_ns;
        self.totals.converted_ns += converted_ns;
        if before.speed < SHARED_BELOW {
            self.totals.lost_ns += added_ns.saturating_sub(converted_ns);
        }
        self.updated_ns = now_ns.max(self.updated_ns);
        self.queues[queue].converted_ns
    }

    /// The environment was frozen since CPU time was last converted.
    pub fn thawed(&mut self, now_ns: u64) {
        let idle_ns = now_ns.saturating_sub(self.updated_ns);
        self.updated_ns = now_ns.max(self.updated_ns);
        let regained_ns = match self.cold.after_ns {
            0 => self.cold.used_ns,
            after_ns => share(self.cold.used_ns, idle_ns.min(after_ns), after_ns),
        };
        self.totals.cold_ns = (self.totals.cold_ns + regained_ns).min(self.cold.used_ns);
    }
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a week of CPU time to the nearest ns"
)]
fn scaled(used_ns: u64, by: f64) -> u64 {
    (used_ns as f64 * by) as u64
}

fn share(of_ns: u64, part: u64, whole: u64) -> u64 {
    u64::try_from(u128::from(of_ns) * u128::from(part) / u128::from(whole)).unwrap_or(of_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const COLD: Cold = Cold {
        used_ns: MS,
        after_ns: 20 * MS,
    };

    /// On two CPUs that are slowed to a half; cold at 100 ms.
    fn halved() -> Converter {
        let mut converter = Converter::new(2.0, COLD, 2);
        converter.thawed(100 * MS);
        converter
    }

    #[test]
    fn the_first_part_counts_as_it_is_and_the_rest_for_more() {
        let mut converter = halved();
        assert_eq!(converter.convert(100 * MS + MS / 2, 0, MS / 2), MS / 2);
        assert!(converter.is_cold());
        assert_eq!(converter.convert(102 * MS, 1, 2 * MS), MS / 2 + 3 * MS);
        assert!(!converter.is_cold());
        assert_eq!(converter.convert(103 * MS, 0, MS), MS / 2 + MS);
        let totals = Totals {
            used_ns: 3 * MS,
            converted_ns: 5 * MS,
            cold_ns: 0,
            lost_ns: 0,
        };
        assert_eq!(converter.totals(), totals);
    }

    #[test]
    fn while_others_use_the_core_cpu_time_counts_for_less() {
        let mut converter = Converter::new(1.5, Cold::default(), 2);
        converter.set_speed(0, 0.8);
        assert_eq!(converter.convert(100 * MS, 0, MS), 1_200_000);
        assert_eq!(converter.totals().lost_ns, 0);
        // Slower than a Lambda vCPU, and nothing makes it faster.
        converter.set_speed(0, 0.5);
        assert_eq!(converter.convert(101 * MS, 0, 2 * MS), 1_200_000 + 750_000);
        assert_eq!(converter.convert(101 * MS, 1, MS), 1_500_000);
        assert_eq!(converter.totals().lost_ns, 250_000);
    }

    #[test]
    fn a_freeze_gives_cold_time_in_proportion_to_its_length() {
        let mut converter = halved();
        converter.convert(103 * MS, 0, 2 * MS);
        converter.thawed(108 * MS);
        assert_eq!(converter.totals().cold_ns, MS / 4);
        converter.thawed(500 * MS);
        assert_eq!(converter.totals().cold_ns, MS);
    }

    #[test]
    fn a_wait_is_not_a_freeze() {
        let mut converter = halved();
        converter.convert(103 * MS, 0, 2 * MS);
        converter.convert(900 * MS, 0, 3 * MS);
        assert!(!converter.is_cold());
    }

    #[test]
    fn without_cold_time_all_of_it_is_converted() {
        let mut converter = Converter::new(1.5, Cold::default(), 1);
        converter.thawed(100 * MS);
        assert!(!converter.is_cold());
        assert_eq!(converter.convert(101 * MS, 0, MS), 1_500_000);
    }

    #[test]
    fn a_counter_or_a_clock_that_falls_changes_nothing() {
        let mut converter = halved();
        let before = converter.convert(101 * MS, 0, 4 * MS);
        assert_eq!(converter.convert(90 * MS, 0, 3 * MS), before);
        assert_eq!(converter.totals().used_ns, 4 * MS);
    }
}
