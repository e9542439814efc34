//! What an environment owes for its page faults: time for which its CPUs are to be busy.

use anyhow::Result;

use crate::faults::Faults;

/// One environment's.
#[derive(Debug)]
pub struct Owed {
    faults: Vec<Faults>,
    /// What each takes more on Lambda.
    fault_ns: u64,
    count: u64,
    /// Of each CPU, for those that were had on it.
    cpus_ns: Vec<u64>,
}

impl Owed {
    pub fn new(fault_ns: u64, cpus: usize) -> Self {
        Self {
            faults: Vec::new(),
            fault_ns,
            count: 0,
            cpus_ns: vec![0; cpus],
        }
    }

    /// One more process's are its own.
    pub fn see(&mut self, faults: Faults) {
        if self.fault_ns > 0 {
            self.faults.push(faults);
        }
    }

    /// What those take that it has had since this was asked for.
    pub fn more_ns(&mut self) -> Result<u64> {
        let mut count = 0;
        for faults in &mut self.faults {
            count += faults.read()?;
        }
        let more = count.saturating_sub(self.count);
        self.count = count.max(self.count);
        Ok(more * self.fault_ns)
    }

    pub fn add(&mut self, place: usize, more_ns: u64) {
        self.cpus_ns[place] += more_ns;
    }

    /// As much as fits in; the rest is still owed.
    pub fn pay(&mut self, place: usize, most_ns: u64) -> u64 {
        let paid_ns = most_ns.min(self.cpus_ns[place]);
        self.cpus_ns[place] -= paid_ns;
        paid_ns
    }

    /// It does not run any more.
    pub fn forget(&mut self) {
        self.cpus_ns.fill(0);
    }
}
