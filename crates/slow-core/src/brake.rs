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
    environment::{Environment, LOOK_NS, Moment},
    gate::Gate,
    order::Pace,
};

/// How long it takes at most to be heeded: a brake that is off sleeps until it is woken.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

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
        loop {
            let Some(pace) = self.pace() else {
                thread::park_timeout(LONGEST_SLEEP);
                continue;
            };
            let cycle = u64::from(pace.cycle_ns);
            let start = (now_ns()? / cycle + 1) * cycle;
            sleep_until(start)?;
            // Whoever ran here has just been put aside, so what it used is counted.
            self.look(gate)?;
            let end = start + u64::from(pace.busy_ns);
            while now_ns()? < end {
                std::hint::spin_loop();
            }
        }
    }

    /// The slowest of all who run here; `None`: nobody is to be slowed or looked at.
    fn pace(&self) -> Option<Pace> {
        let running = self.lock();
        let paces = running.iter().filter_map(|one| one.environment.pace);
        let slowest = paces.reduce(Pace::slower);
        let looked_at = running.iter().any(|one| one.environment.is_throttled());
        slowest.or_else(|| looked_at.then_some(AT_HOST_SPEED))
    }

    fn look(&self, gate: &Gate) -> Result<()> {
        let moment = Moment {
            now_ns: now_ns()?,
            own_ns: own_ns()?,
        };
        for one in self
            .lock()
            .iter()
            .filter(|one| one.environment.is_throttled())
        {
            let until_ns = one.environment.look(one.place, moment)?;
            gate.shut(until_ns, &one.environment);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half a millisecond")]
const AT_HOST_SPEED: Pace = Pace {
    busy_ns: 0,
    cycle_ns: LOOK_NS as u32,
};

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
            }),
        ))
    }

    #[test]
    fn a_cpu_is_as_slow_as_the_slowest_on_it_wants_it() {
        let brake = Brake::default();
        assert_eq!(brake.pace(), None);
        let (slow, slower) = (paced(1, 20), paced(2, 50));
        for one in [&slow, &slower, &slower] {
            brake.put_on(one, 0);
        }
        assert_eq!(brake.pace(), slower.pace);
        brake.take_off(&slower);
        assert_eq!(brake.pace(), slow.pace);
        brake.take_off(&slow);
        assert_eq!(brake.pace(), None);
    }

    #[test]
    fn at_the_hosts_own_speed_only_the_throttled_are_looked_at() {
        let brake = Brake::default();
        let one = Arc::new(environment(1, None));
        brake.put_on(&one, 0);
        assert_eq!(brake.pace(), None);
        one.throttle(0).expect("its files are there");
        assert_eq!(brake.pace(), Some(AT_HOST_SPEED));
    }
}
