//! Releases held environments when their debts are paid.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;

use crate::{clock::now_ns, environment::Environment};

/// The held environments, sorted by the instant of their release.
#[derive(Debug, Default)]
pub struct Releaser {
    held: Mutex<BTreeMap<(u64, u32), Arc<Environment>>>,
    earlier: Condvar,
}

impl Releaser {
    /// Releases an environment at an instant; `None`: it is not held.
    pub fn schedule(&self, until_ns: Option<u64>, environment: &Arc<Environment>) {
        let Some(until_ns) = until_ns else {
            return;
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert((until_ns, environment.id), Arc::clone(environment));
        self.earlier.notify_one();
    }

    /// Runs on the calling thread for ever.
    pub fn run(&self) -> Result<Infallible> {
        loop {
            let environment = self.wait()?;
            let until_ns = environment.release(now_ns()?)?;
            self.schedule(until_ns, &environment);
        }
    }

    /// Waits for the first environment whose instant has come.
    fn wait(&self) -> Result<Arc<Environment>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let Some(first) = held.first_entry() else {
                held = self
                    .earlier
                    .wait(held)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left_ns = first.key().0.saturating_sub(now_ns()?);
            if left_ns == 0 {
                return Ok(first.remove());
            }
            let left = Duration::from_nanos(left_ns);
            held = self
                .earlier
                .wait_timeout(held, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
