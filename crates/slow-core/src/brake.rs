//! What keeps one CPU busy, and looks at whoever runs on it.

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
    gate::Gate,
    look::{LOOK_NS, Moment},
    order::Pace,
    streams::{self, Speed},
};

/// How long it takes at most to be heeded: a brake that is off sleeps until it is woken.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);
/// The least that tells a CPU's speed: an interrupt falls into one of them at most.
const SAMPLES: usize = 3;
/// The latest of a cycle's.
const MOST_SAMPLES: usize = 31;

/// Who runs on one CPU, and the thread that takes its part of it.
#[derive(Debug, Default)]
pub struct Brake {
    running: Mutex<Vec<Running>>,
    thread: OnceLock<thread::Thread>,
}

#[derive(Debug)]
struct Running {
    environment: Arc<Environment>,
    /// Which of its CPUs this is.
    place: usize,
}

impl Brake {
    /// From now on this environment runs here; again it changes nothing. Heeded from the next cycle
    /// on, or once this is woken.
    pub fn put_on(&self, environment: &Arc<Environment>, place: usize) {
        let mut running = self.lock();
        if !running
            .iter()
            .any(|one| one.environment.id == environment.id)
        {
            running.push(Running {
                environment: Arc::clone(environment),
                place,
            });
        }
    }

    pub fn take_off(&self, environment: &Environment) {
        self.lock()
            .retain(|one| one.environment.id != environment.id);
    }

    /// What it is to do has changed.
    pub fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// The whole life of the calling thread.
    pub fn keep(&self, gate: &Gate) -> Result<Infallible> {
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
                        listen(pace, start, &mut speed)?;
                    }
                    self.look(gate, speed)?;
                    let busy_ns = u64::from(pace.busy_at(speed.get()));
                    let end = start
                        + busy_ns
                        + self.pay(u64::from(pace.most_ns()).saturating_sub(busy_ns));
                    listen(pace, end, &mut speed)?;
                }
                Plan::Look { at_ns } => {
                    let now_ns = now_ns()?;
                    let at_ns = next_multiple(now_ns.max(at_ns - 1), LOOK_NS);
                    // It may be woken for somebody who has come meanwhile.
                    thread::park_timeout(Duration::from_nanos(at_ns - now_ns));
                    self.look(gate, Speed::default())?;
                }
            }
        }
    }

    fn plan(&self) -> Plan {
        let running = self.lock();
        let paces = running.iter().filter_map(|one| one.environment.pace());
        if let Some(slowest) = paces.reduce(Pace::slower) {
            return Plan::Brake(slowest);
        }
        let throttled = running.iter().filter(|one| one.environment.is_throttled());
        let next = throttled.map(|one| one.environment.next_look_ns(one.place));
        next.min().map_or(Plan::Rest, |at_ns| Plan::Look {
            at_ns: at_ns.max(1),
        })
    }

    /// Whoever ran here has just been put aside, so what it used is counted.
    fn look(&self, gate: &Gate, speed: Speed) -> Result<()> {
        let moment = Moment {
            now_ns: now_ns()?,
            own_ns: own_ns()?,
            speed: speed.get(),
        };
        for one in self
            .lock()
            .iter()
            .filter(|one| one.environment.is_looked_at())
        {
            let until_ns = one.environment.look(one.place, moment)?;
            gate.shut(until_ns, &one.environment);
        }
        Ok(())
    }

    /// What those who run here owe for page faults, as much of it as fits in.
    fn pay(&self, most_ns: u64) -> u64 {
        self.lock().iter().fold(0, |paid_ns, one| {
            paid_ns + one.environment.pay(one.place, most_ns - paid_ns)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is busy until then; how fast the CPU is shows meanwhile.
fn listen(pace: Pace, end: u64, speed: &mut Speed) -> Result<()> {
    let Some(alone) = pace.alone else {
        while now_ns()? < end {
            std::hint::spin_loop();
        }
        return Ok(());
    };
    // What is done first has its instructions to fetch.
    streams::time_ns()?;
    let mut took_ns = [0; MOST_SAMPLES];
    let mut done = 0;
    while done < SAMPLES || now_ns()? < end {
        took_ns[done % MOST_SAMPLES] = streams::time_ns()?;
        done += 1;
    }
    let median_ns = streams::median(&mut took_ns[..done.min(MOST_SAMPLES)]);
    speed.hear(now_ns()?, median_ns, alone.streams_ns);
    Ok(())
}

/// What a thread has to do for those who run on its CPU.
#[derive(Debug, PartialEq)]
enum Plan {
    Rest,
    /// Keep to the slowest's pace, and look at all.
    Brake(Pace),
    /// At the host's own speed: look, not before this instant.
    Look {
        at_ns: u64,
    },
}

/// The first one after now.
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
        let brakes = |one: &Environment| Plan::Brake(one.pace().expect("paced"));
        let (slow, slower) = (paced(1, 20), paced(2, 50));
        for one in [&slow, &slower, &slower] {
            brake.put_on(one, 0);
        }
        assert_eq!(brake.plan(), brakes(&slower));
        brake.take_off(&slower);
        assert_eq!(brake.plan(), brakes(&slow));
        brake.take_off(&slow);
        assert_eq!(brake.plan(), Plan::Rest);
    }

    #[test]
    fn cycles_and_looks_of_all_cpus_begin_together() {
        assert_eq!(next_multiple(0, 100), 100);
        assert_eq!(next_multiple(99, 100), 100);
        assert_eq!(next_multiple(100, 100), 200);
    }

    #[test]
    fn at_the_hosts_own_speed_only_the_throttled_are_looked_at() {
        let brake = Brake::default();
        let one = Arc::new(environment(1, None));
        brake.put_on(&one, 0);
        assert_eq!(brake.plan(), Plan::Rest);
        one.throttle(0).expect("its files are there");
        assert_eq!(brake.plan(), Plan::Look { at_ns: 1 });
    }
}
