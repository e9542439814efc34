//! What CPU time on this host is worth of a Lambda vCPU's.
//!
//! A slowed CPU makes everything slower, also waiting for memory, which takes as long on Lambda as
//! here. After a freeze that is most of what a program does: its caches have been used by others. So
//! the first part of what it uses then is had at this host's own speed (docs/fidelity.md has what
//! was measured). One that is held for its quota is cold too when it goes on; but so it is on Lambda,
//! and by what is published it takes longer there at small memory sizes.

use serde::Deserialize;

/// The part, and how long a rest is after which it is whole, ns.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Cold {
    pub used_ns: u64,
    pub after_ns: u64,
}

/// A CPU's clock goes up and down by less; with somebody else on its core it is slower than this.
const BESIDE: f64 = 0.8;

/// One environment's CPU time, queue by queue.
#[derive(Debug)]
pub struct Worth {
    slowness: f64,
    cold: Cold,
    /// At this host's own speed, from now on.
    left_ns: u64,
    told_ns: u64,
    queues: Vec<Queue>,
    total: Total,
}

#[derive(Clone, Copy, Debug)]
struct Queue {
    used_ns: u64,
    worth_ns: u64,
    /// Of its CPU, against one that nobody else uses.
    speed: f64,
}

/// As somebody else needs it who reads the use himself.
#[allow(clippy::struct_field_names, reason = "it is their unit")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// All queues' use, as of the last look.
    pub used_ns: u64,
    /// What it is worth, and what more of it will be at this host's own speed.
    pub worth_ns: u64,
    pub left_ns: u64,
    /// By how much it is worth less than it is, where others used the same cores: these were slower
    /// than a Lambda vCPU.
    pub lost_ns: u64,
}

impl Worth {
    /// Of one that has used nothing, and is cold.
    pub fn new(slowness: f64, cold: Cold, queues: usize) -> Self {
        Self {
            slowness,
            cold,
            left_ns: cold.used_ns,
            told_ns: 0,
            queues: vec![
                Queue {
                    used_ns: 0,
                    worth_ns: 0,
                    speed: 1.0,
                };
                queues
            ],
            total: Total {
                left_ns: cold.used_ns,
                ..Total::default()
            },
        }
    }

    /// Whether its CPUs are to be left at this host's own speed.
    pub fn is_cold(&self) -> bool {
        self.left_ns > 0
    }

    pub fn total(&self) -> Total {
        self.total
    }

    /// The speed of a queue's CPU, from the last look on.
    pub fn had(&mut self, queue: usize, speed: f64) {
        self.queues[queue].speed = speed;
    }

    /// Whether a queue has moved since it was last asked for.
    pub fn has_used(&self, queue: usize, used_ns: u64) -> bool {
        used_ns > self.queues[queue].used_ns
    }

    /// What was used on a queue as a Lambda vCPU would have counted it, and was not here.
    pub fn also(&mut self, queue: usize, more_ns: u64) {
        self.queues[queue].worth_ns += more_ns;
        self.total.worth_ns += more_ns;
    }

    /// A queue's use so far; what it is worth.
    pub fn of(&mut self, now_ns: u64, queue: usize, used_ns: u64) -> u64 {
        let before = self.queues[queue];
        let more_ns = used_ns.saturating_sub(before.used_ns);
        let cold_ns = more_ns.min(self.left_ns);
        // Waiting for memory takes no longer beside somebody else.
        let worth_ns = cold_ns + scaled(more_ns - cold_ns, self.slowness * before.speed);
        self.queues[queue] = Queue {
            used_ns: before.used_ns + more_ns,
            worth_ns: before.worth_ns + worth_ns,
            ..before
        };
        self.left_ns -= cold_ns;
        self.total.used_ns += more_ns;
        self.total.worth_ns += worth_ns;
        if before.speed < BESIDE {
            self.total.lost_ns += more_ns.saturating_sub(worth_ns);
        }
        self.total.left_ns = self.left_ns;
        self.told_ns = now_ns.max(self.told_ns);
        self.queues[queue].worth_ns
    }

    /// It has been frozen since it was last heard of.
    pub fn rested(&mut self, now_ns: u64) {
        let idle_ns = now_ns.saturating_sub(self.told_ns);
        self.told_ns = now_ns.max(self.told_ns);
        let back_ns = match self.cold.after_ns {
            0 => self.cold.used_ns,
            after_ns => share(self.cold.used_ns, idle_ns.min(after_ns), after_ns),
        };
        self.left_ns = (self.left_ns + back_ns).min(self.cold.used_ns);
        self.total.left_ns = self.left_ns;
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
    fn halved() -> Worth {
        let mut worth = Worth::new(2.0, COLD, 2);
        worth.rested(100 * MS);
        worth
    }

    #[test]
    fn the_first_part_is_worth_what_it_is_and_the_rest_more() {
        let mut worth = halved();
        assert_eq!(worth.of(100 * MS + MS / 2, 0, MS / 2), MS / 2);
        assert!(worth.is_cold());
        assert_eq!(worth.of(102 * MS, 1, 2 * MS), MS / 2 + 3 * MS);
        assert!(!worth.is_cold());
        assert_eq!(worth.of(103 * MS, 0, MS), MS / 2 + MS);
        let told = Total {
            used_ns: 3 * MS,
            worth_ns: 5 * MS,
            left_ns: 0,
            lost_ns: 0,
        };
        assert_eq!(worth.total(), told);
    }

    #[test]
    fn where_others_use_the_core_it_is_worth_less() {
        let mut worth = Worth::new(1.5, Cold::default(), 2);
        worth.had(0, 0.8);
        assert_eq!(worth.of(100 * MS, 0, MS), 1_200_000);
        assert_eq!(worth.total().lost_ns, 0);
        // Slower than a Lambda vCPU, and nothing makes it faster.
        worth.had(0, 0.5);
        assert_eq!(worth.of(101 * MS, 0, 2 * MS), 1_200_000 + 750_000);
        assert_eq!(worth.of(101 * MS, 1, MS), 1_500_000);
        assert_eq!(worth.total().lost_ns, 250_000);
    }

    #[test]
    fn a_rest_gives_back_as_much_as_it_is_long() {
        let mut worth = halved();
        worth.of(103 * MS, 0, 2 * MS);
        worth.rested(108 * MS);
        assert_eq!(worth.total().left_ns, MS / 4);
        worth.rested(500 * MS);
        assert_eq!(worth.total().left_ns, MS);
    }

    #[test]
    fn a_wait_is_no_rest() {
        let mut worth = halved();
        worth.of(103 * MS, 0, 2 * MS);
        worth.of(900 * MS, 0, 3 * MS);
        assert!(!worth.is_cold());
    }

    #[test]
    fn without_such_a_part_all_is_slowed() {
        let mut worth = Worth::new(1.5, Cold::default(), 1);
        worth.rested(100 * MS);
        assert!(!worth.is_cold());
        assert_eq!(worth.of(101 * MS, 0, MS), 1_500_000);
    }

    #[test]
    fn a_counter_or_a_clock_that_falls_changes_nothing() {
        let mut worth = halved();
        let before = worth.of(101 * MS, 0, 4 * MS);
        assert_eq!(worth.of(90 * MS, 0, 3 * MS), before);
        assert_eq!(worth.total().used_ns, 4 * MS);
    }
}
