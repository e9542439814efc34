//! For how long an environment's CPUs still have to be busy for its page faults.

use anyhow::Result;

use crate::page_faults::PageFaults;

/// The debt of one environment.
#[derive(Debug)]
pub struct FaultDebt {
    processes: Vec<PageFaults>,
    /// How much longer each page fault takes on Lambda.
    fault_ns: u64,
    count: u64,
    /// The debt of each CPU, for the page faults on it.
    cpus_ns: Vec<u64>,
}

impl FaultDebt {
    pub fn new(fault_ns: u64, cpus: usize) -> Self {
        Self {
            processes: Vec::new(),
            fault_ns,
            count: 0,
            cpus_ns: vec![0; cpus],
        }
    }

    /// Adds a process of the environment.
    pub fn add_process(&mut self, faults: PageFaults) {
        if self.fault_ns > 0 {
            self.processes.push(faults);
        }
    }

    /// The time for the page faults since the last call.
    pub fn added_ns(&mut self) -> Result<u64> {
        let mut count = 0;
        for faults in &mut self.processes {
            count += faults.read()?;
        }
        let new = count.saturating_sub(self.count);
        self.count = count.max(self.count);
        Ok(new * self.fault_ns)
    }

    pub fn add(&mut self, cpu_index: usize, ns: u64) {
        self.cpus_ns[cpu_index] += ns;
    }

    /// Pays as much as the limit allows; the rest stays.
    pub fn pay(&mut self, cpu_index: usize, most_ns: u64) -> u64 {
        let paid_ns = most_ns.min(self.cpus_ns[cpu_index]);
        self.cpus_ns[cpu_index] -= paid_ns;
        paid_ns
    }

    /// Cancels the debt: the environment does not run any more.
    pub fn clear(&mut self) {
        self.cpus_ns.fill(0);
    }
}
