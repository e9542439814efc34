//! Lets environments go when their debts are paid.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;

use crate::{clock::now_ns, environment::Environment};

/// Of those that are held: until when, and who.
#[derive(Debug, Default)]
pub struct Gate {
    held: Mutex<BTreeMap<(u64, u32), Arc<Environment>>>,
    earlier: Condvar,
}

impl Gate {
    /// It will be let go by then.
    pub fn shut(&self, until_ns: Option<u64>, environment: &Arc<Environment>) {
        let Some(until_ns) = until_ns else {
            return;
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert((until_ns, environment.id), Arc::clone(environment));
        self.earlier.notify_one();
    }

    /// A thread's whole life.
    pub fn keep(&self) -> Result<Infallible> {
        loop {
            let environment = self.wait()?;
            let until_ns = environment.release(now_ns()?)?;
            self.shut(until_ns, &environment);
        }
    }

    /// The first whose time has come.
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
