//! Applies the rule to a program's profile, from event to event.

use std::collections::BTreeMap;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use serde::Serialize;

use crate::{
    Fault, PERIOD_NS, Profile, TICK_NS, Throttle, Verdict,
    profile::{Work, ns},
};

const NS_PER_MS: f64 = 1e6;
/// The mark of the moment when the last thread has finished its work.
const END: &str = "end";

/// When each phase ended, ms after the call began, as the thread itself could measure it.
type Ends = Vec<Vec<f64>>;

/// The simulation of a profile.
#[derive(Clone, Debug, Serialize)]
pub struct Simulation {
    /// By run, call, thread and phase.
    pub ends_ms: Vec<Vec<Ends>>,
    /// The times of each mark and of the whole call (`end`), over all calls.
    pub marks: BTreeMap<String, Spread>,
}

/// The distribution of times, ms.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub mean: f64,
    pub p10: f64,
    pub p50: f64,
    pub p90: f64,
}

/// Simulates all runs of a profile.
///
/// # Errors
/// The profile is not valid.
pub fn simulate(profile: &Profile) -> Result<Simulation, Fault> {
    let (quota_ns, pause) = (profile.quota_ns()?, profile.pause()?);
    let work = profile.work()?;
    let mut random = ChaCha8Rng::seed_from_u64(profile.seed);
    let ends_ms: Vec<Vec<Ends>> = (0..profile.runs)
        .map(|_| {
            let mut environment = Environment::new(quota_ns, &work, &mut random);
            let mut call = |_| {
                let ends = environment.call(&work);
                environment.rest(pause.draw(&mut random));
                ends
            };
            (0..profile.calls).map(&mut call).collect()
        })
        .collect();
    let marks = spreads(profile, &ends_ms);
    Ok(Simulation { ends_ms, marks })
}

/// One environment and its clock.
struct Environment {
    now_ns: u64,
    throttle: Throttle,
    held_until_ns: Option<u64>,
    used_ns: Vec<u64>,
}

/// A thread and its current phase; `at` is past the last phase when it has finished.
struct Thread<'a> {
    work: &'a [Work],
    at: usize,
    /// In a CPU phase: the CPU time that it still needs; in a wait: the instant of its end.
    rest_ns: u64,
    ends_ms: Vec<f64>,
}

impl Thread<'_> {
    fn runs(&self) -> bool {
        matches!(self.work.get(self.at), Some(Work::Cpu(_)))
    }

    fn waits(&self) -> bool {
        matches!(self.work.get(self.at), Some(Work::Wait(_)))
    }

    fn begin(&mut self, now_ns: u64) {
        self.rest_ns = match self.work.get(self.at) {
            Some(Work::Cpu(need_ns)) => *need_ns,
            Some(Work::Wait(wait_ns)) => now_ns + wait_ns,
            None => 0,
        };
    }
}

impl Environment {
    fn new(quota_ns: u64, work: &[Vec<Work>], random: &mut ChaCha8Rng) -> Self {
        let mut below = |most| random.next_u64() % most;
        let (refill, tick, now_ns) = (below(PERIOD_NS), below(TICK_NS), 2 * PERIOD_NS);
        let used_ns = vec![0; work.len()];
        Self {
            now_ns,
            throttle: Throttle::new(quota_ns, refill, tick, now_ns, &used_ns),
            held_until_ns: None,
            used_ns,
        }
    }

    /// One call: from now until every thread has finished.
    fn call(&mut self, work: &[Vec<Work>]) -> Ends {
        let began_ns = self.now_ns;
        let mut threads: Vec<Thread> = work
            .iter()
            .map(|work| {
                let ends_ms = Vec::with_capacity(work.len());
                let mut thread = Thread {
                    work,
                    at: 0,
                    rest_ns: 0,
                    ends_ms,
                };
                thread.begin(began_ns);
                thread
            })
            .collect();
        let verdict = self.throttle.wake(self.now_ns);
        self.apply(verdict);
        while let Some(next_ns) = self.next_event(&threads) {
            self.advance(next_ns, &mut threads);
            self.settle(&mut threads, began_ns);
        }
        threads.into_iter().map(|thread| thread.ends_ms).collect()
    }

    /// A pause in which nothing runs.
    fn rest(&mut self, pause_ns: u64) {
        let verdict = self.throttle.stop(self.now_ns);
        self.apply(verdict);
        self.now_ns += pause_ns;
        if self
            .held_until_ns
            .is_some_and(|until_ns| until_ns <= self.now_ns)
        {
            self.held_until_ns = None;
        }
    }

    fn apply(&mut self, verdict: Verdict) {
        self.held_until_ns = match verdict {
            Verdict::Run => None,
            Verdict::Hold { until_ns } => Some(until_ns),
        };
    }

    /// The instant of the next event; `None`: all threads have finished.
    fn next_event(&self, threads: &[Thread]) -> Option<u64> {
        if !threads.iter().any(|thread| thread.runs() || thread.waits()) {
            return None;
        }
        // Waits that end during a hold are noticed after it.
        if self.held_until_ns.is_some() {
            return self.held_until_ns;
        }
        let tick = threads
            .iter()
            .any(Thread::runs)
            .then(|| self.throttle.next_tick_ns(self.now_ns));
        let ends = threads.iter().filter_map(|thread| {
            if thread.runs() {
                Some(self.now_ns + thread.rest_ns)
            } else {
                thread.waits().then_some(thread.rest_ns.max(self.now_ns))
            }
        });
        ends.chain(tick).min()
    }

    fn advance(&mut self, next_ns: u64, threads: &mut [Thread]) {
        let passed_ns = next_ns - self.now_ns;
        self.now_ns = next_ns;
        if self.held_until_ns.take().is_some() {
            let verdict = self.throttle.wake(next_ns);
            self.apply(verdict);
            return;
        }
        for (cpu, thread) in threads.iter_mut().enumerate() {
            if thread.runs() {
                thread.rest_ns -= passed_ns;
                self.used_ns[cpu] += passed_ns;
            }
        }
    }

    /// Ends the phases that are over, and observes every CPU.
    fn settle(&mut self, threads: &mut [Thread], began_ns: u64) {
        for (cpu, thread) in threads.iter_mut().enumerate() {
            let ran = thread.runs();
            // A hold is for all threads, and what has ended is noticed after it.
            let held = self.held_until_ns.is_some();
            let mut has_left = !ran || held;
            while !held && self.is_over(thread) {
                thread.ends_ms.push(ns(self.now_ns - began_ns) / NS_PER_MS);
                thread.at += 1;
                thread.begin(self.now_ns);
                has_left |= !thread.runs();
                if ran && has_left {
                    // It leaves its CPU, even if only for an instant.
                    break;
                }
            }
            let verdict = self
                .throttle
                .observe(self.now_ns, cpu, self.used_ns[cpu], has_left);
            self.apply(verdict);
        }
    }

    fn is_over(&self, thread: &Thread) -> bool {
        match thread.work.get(thread.at) {
            Some(Work::Cpu(_)) => thread.rest_ns == 0,
            Some(Work::Wait(_)) => thread.rest_ns <= self.now_ns,
            None => false,
        }
    }
}

fn spreads(profile: &Profile, runs: &[Vec<Ends>]) -> BTreeMap<String, Spread> {
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for ends in runs.iter().flatten() {
        let end = ends.iter().flatten().copied().fold(0.0, f64::max);
        times.entry(END.into()).or_default().push(end);
        for (phases, ends) in profile.threads.iter().zip(ends) {
            for (phase, end) in phases.iter().zip(ends) {
                if let Some(mark) = &phase.mark {
                    times.entry(mark.clone()).or_default().push(*end);
                }
            }
        }
    }
    let spread = |(mark, times): (String, Vec<f64>)| (mark, Spread::of(times));
    times.into_iter().map(spread).collect()
}

impl Spread {
    #[allow(clippy::cast_precision_loss, reason = "a count of calls")]
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_unstable_by(f64::total_cmp);
        let last = times.len() - 1;
        let quantile = |tenths: usize| times[(last * tenths + 5) / 10];
        Self {
            mean: times.iter().sum::<f64>() / times.len() as f64,
            p10: quantile(1),
            p50: quantile(5),
            p90: quantile(9),
        }
    }
}

#[cfg(test)]
mod tests;
