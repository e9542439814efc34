//! What changes while an environment runs.

use lambdameter_bandwidth::Throttle;

use crate::{
    conversion::Converter, fault_debt::FaultDebt, observation::Observation, order::Limit,
    slots::HoldTime,
};

/// The state of an environment with a limit.
#[derive(Debug)]
pub struct State {
    pub running: bool,
    pub converter: Converter,
    pub fault_debt: FaultDebt,
    /// The speed of each CPU at its last observation.
    pub speeds: Vec<f64>,
    pub rule: Option<Throttle>,
    pub held_until_ns: Option<u64>,
    pub held: HoldTime,
    /// The last observation from each CPU.
    pub observations: Vec<Option<Observation>>,
}

impl State {
    /// At rest, not throttled; `queues` CPU queues are counted separately.
    pub fn new(limit: &Limit, queues: usize, cpus: usize) -> Self {
        Self {
            running: false,
            converter: Converter::new(limit.slowness, limit.cold, queues),
            fault_debt: FaultDebt::new(limit.fault_ns, cpus),
            speeds: vec![1.0; cpus],
            rule: None,
            held_until_ns: None,
            held: HoldTime::default(),
            observations: vec![None; cpus],
        }
    }

    /// The mean speed of its CPUs.
    #[allow(clippy::cast_precision_loss, reason = "some CPUs")]
    pub fn mean_speed(&self) -> f64 {
        self.speeds.iter().sum::<f64>() / self.speeds.len() as f64
    }

    /// When the next observation is due: at once until every CPU has been observed.
    pub fn next_observation_ns(&self, now_ns: u64) -> u64 {
        let observations = self.observations.iter();
        let since_ns = observations
            .map(|observation| observation.map_or(0, |observation| observation.moment.now_ns))
            .min();
        if self.converter.is_cold() {
            return 0;
        }
        match (&self.rule, since_ns) {
            (Some(rule), Some(since_ns)) if since_ns > 0 => {
                rule.next_observation_ns(since_ns, now_ns, self.observations.len() as u64)
            }
            _ => 0,
        }
    }
}
