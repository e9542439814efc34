//! Keeps one CPU busy, and observes the environments that run on it.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;

use crate::{
    clock::{now_ns, own_ns, sleep_until},
    environment::Environment,
    observation::{Moment, OBSERVE_EVERY_NS},
    order::Pace,
    releaser::Releaser,
    streams::{self, Speed},
};

/// A brake without work sleeps until it is woken, or for so long.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);
/// The fewest samples that show a CPU's speed: an interrupt falls into one of them at most.
const SAMPLES: usize = 3;
/// How many samples of a cycle count, the latest ones.
const MOST_SAMPLES: usize = 31;

/// The environments that run on one CPU, and the thread that keeps it busy.
#[derive(Debug, Default)]
pub struct Brake {
    running: Mutex<Vec<Running>>,
    thread: OnceLock<thread::Thread>,
}

#[derive(Debug)]
struct Running {
    environment: Arc<Environment>,
    /// This CPU's index among the environment's.
    cpu_index: usize,
}

impl Brake {
    /// Adds an environment that runs here, unless it was added before. It counts from the next cycle
    /// on, or when the thread is woken.
    pub fn add(&self, environment: &Arc<Environment>, cpu_index: usize) {
        let mut running = self.lock();
        if !running
            .iter()
            .any(|entry| entry.environment.id == environment.id)
        {
            running.push(Running {
                environment: Arc::clone(environment),
                cpu_index,
            });
        }
    }

    pub fn remove(&self, environment: &Environment) {
        self.lock()
            .retain(|entry| entry.environment.id != environment.id);
    }

    /// Wakes the thread, so that it plans again.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Runs on the calling thread for ever.
    pub fn run(&self, releaser: &Releaser) -> Result<Infallible> {
        let _ = self.thread.set(thread::current());
        let mut speed = Speed::default();
        loop {
            match self.plan() {
                Plan::Rest => thread::park_timeout(LONGEST_SLEEP),
                Plan::Brake(pace) => {
                    let cycle = u64::from(pace.cycle_ns);
                    let start = next_multiple(now_ns()?, cycle);
                    sleep_until(start)?;
                    if speed.is_stale(start) {
                        be_busy(pace, start, &mut speed)?;
                    }
                    self.observe(releaser, speed)?;
                    let busy_ns = u64::from(pace.busy_at(speed.get()));
                    let end = start
                        + busy_ns
                        + self.pay(u64::from(pace.most_ns()).saturating_sub(busy_ns));
                    be_busy(pace, end, &mut speed)?;
                }
                Plan::Observe { at_ns } => {
                    let now_ns = now_ns()?;
                    let at_ns = next_multiple(now_ns.max(at_ns - 1), OBSERVE_EVERY_NS);
                    // Another environment may begin to run meanwhile, and wake this thread.
                    thread::park_timeout(Duration::from_nanos(at_ns - now_ns));
                    self.observe(releaser, Speed::default())?;
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        let running = self.lock();
        let paces = running.iter().filter_map(|entry| entry.environment.pace());
        if let Some(slowest) = paces.reduce(Pace::slower) {
            return Plan::Brake(slowest);
        }
        let throttled = running
            .iter()
            .filter(|entry| entry.environment.is_throttled());
        let next = throttled.map(|entry| entry.environment.next_observation_ns(entry.cpu_index));
        next.min().map_or(Plan::Rest, |at_ns| Plan::Observe {
            at_ns: at_ns.max(1),
        })
    }

    /// Observes the environments here. This thread has just preempted them, so the kernel has counted
    /// what they used.
    fn observe(&self, releaser: &Releaser, speed: Speed) -> Result<()> {
        let moment = Moment {
            now_ns: now_ns()?,
            own_ns: own_ns()?,
            speed: speed.get(),
        };
        for entry in self
            .lock()
            .iter()
            .filter(|entry| entry.environment.is_observed())
        {
            let until_ns = entry.environment.observe(entry.cpu_index, moment)?;
            releaser.schedule(until_ns, &entry.environment);
        }
        Ok(())
    }

    /// How long to be busy for the page faults of the environments here, up to a limit.
    fn pay(&self, most_ns: u64) -> u64 {
        self.lock().iter().fold(0, |paid_ns, entry| {
            paid_ns + entry.environment.pay(entry.cpu_index, most_ns - paid_ns)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the CPU busy until `end`, and measures its speed meanwhile.
fn be_busy(pace: Pace, end: u64, speed: &mut Speed) -> Result<()> {
    let Some(alone) = pace.alone else {
        while now_ns()? < end {
            std::hint::spin_loop();
        }
        return Ok(());
    };
    // The first run has to fetch its instructions, so it does not count.
    streams::time_ns()?;
    let mut times_ns = [0; MOST_SAMPLES];
    let mut count = 0;
    while count < SAMPLES || now_ns()? < end {
        times_ns[count % MOST_SAMPLES] = streams::time_ns()?;
        count += 1;
    }
    let median_ns = streams::median(&mut times_ns[..count.min(MOST_SAMPLES)]);
    speed.update(now_ns()?, median_ns, alone.streams_ns);
    Ok(())
}

/// What a thread has to do for the environments on its CPU.
#[derive(Debug, PartialEq)]
enum Plan {
    Rest,
    /// Keep to the slowest environment's pace, and observe all of them.
    Brake(Pace),
    /// At the host's own speed: observe them, not before this instant.
    Observe {
        at_ns: u64,
    },
}

/// The first multiple after now.
fn next_multiple(now_ns: u64, of_ns: u64) -> u64 {
    (now_ns / of_ns + 1) * of_ns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::environment;

    fn paced(id: u32, busy_ns: u32) -> Arc<Environment> {
        Arc::new(environment(
            id,
            Some(Pace {
                busy_ns,
                cycle_ns: 100,
                alone: None,
            }),
        ))
    }

    #[test]
    fn a_cpu_is_as_slow_as_the_slowest_on_it_wants_it() {
        let brake = Brake::default();
        assert_eq!(brake.plan(), Plan::Rest);
        let brakes = |environment: &Environment| Plan::Brake(environment.pace().expect("paced"));
        let (slow, slower) = (paced(1, 20), paced(2, 50));
        for environment in [&slow, &slower, &slower] {
            brake.add(environment, 0);
        }
        assert_eq!(brake.plan(), brakes(&slower));
        brake.remove(&slower);
        assert_eq!(brake.plan(), brakes(&slow));
        brake.remove(&slow);
        assert_eq!(brake.plan(), Plan::Rest);
    }

    #[test]
    fn cycles_and_looks_of_all_cpus_begin_together() {
        assert_eq!(next_multiple(0, 100), 100);
        assert_eq!(next_multiple(99, 100), 100);
        assert_eq!(next_multiple(100, 100), 200);
    }

    #[test]
    fn at_the_hosts_own_speed_only_throttled_environments_are_observed() {
        let brake = Brake::default();
        let environment = Arc::new(environment(1, None));
        brake.add(&environment, 0);
        assert_eq!(brake.plan(), Plan::Rest);
        environment.throttle(0).expect("its files are there");
        assert_eq!(brake.plan(), Plan::Observe { at_ns: 1 });
    }
}
