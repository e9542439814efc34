//! Executes orders: it has every environment, and the threads that serve them.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    path::Path,
    process,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    HOST,
    brake::Brake,
    clock::now_ns,
    environment::Environment,
    observation::OBSERVE_EVERY_NS,
    order::{Charge, Opening, Order, Process},
    page_faults::PageFaults,
    real_time,
    releaser::Releaser,
    slots::Slots,
};

/// All environments; when it is dropped, none is held any more.
pub struct Keeper {
    brakes: BTreeMap<usize, Arc<Brake>>,
    releaser: Arc<Releaser>,
    slots: Arc<Slots>,
    environments: BTreeMap<u32, Arc<Environment>>,
    /// When to wake the brakes, ns.
    wake_at_ns: Option<u64>,
}

impl Keeper {
    /// With a brake on each CPU that this process may run on.
    pub fn start(slots: &Path) -> Result<Self> {
        let releaser = Arc::new(Releaser::default());
        let mut brakes = BTreeMap::new();
        for cpu in real_time::cpus()? {
            let brake = Arc::new(Brake::default());
            let (thread_brake, thread_releaser) = (Arc::clone(&brake), Arc::clone(&releaser));
            let ready = move || {
                real_time::pin(cpu)?;
                real_time::become_real_time(real_time::BUSY)
            };
            start(&format!("cpu-{cpu}"), ready, move || {
                thread_brake.run(&thread_releaser)
            })?;
            brakes.insert(cpu, brake);
        }
        let thread_releaser = Arc::clone(&releaser);
        let ready = || real_time::become_real_time(real_time::PROMPT);
        start("releaser", ready, move || thread_releaser.run())?;
        real_time::become_real_time(real_time::PROMPT)?;
        Ok(Self {
            brakes,
            releaser,
            slots: Arc::new(Slots::open(slots)?),
            environments: BTreeMap::new(),
            wake_at_ns: None,
        })
    }

    /// How long to wait for the next order; `None`: without a limit.
    pub fn time_limit(&self) -> Result<Option<Duration>> {
        let Some(at_ns) = self.wake_at_ns else {
            return Ok(None);
        };
        Ok(Some(Duration::from_nanos(at_ns.saturating_sub(now_ns()?))))
    }

    /// Wakes the brakes, so that they plan again.
    pub fn wake(&mut self) {
        self.wake_at_ns = None;
        for brake in self.brakes.values() {
            brake.wake();
        }
    }

    pub fn execute(&mut self, order: Order) -> Result<()> {
        match order {
            Order::Open(opening) => self.open(*opening),
            Order::Run(id) => self.run(id),
            Order::Rest(id) => self.rest(id),
            Order::Throttle(id) => self.throttle(id),
            Order::Unthrottle(id) => self.find(id)?.unthrottle(now_ns()?).map(drop),
            Order::Charge(charge) => self.charge(charge),
            Order::Process(process) => self.process(process),
            Order::Close(id) => self.close(id),
        }
    }

    fn open(&mut self, opening: Opening) -> Result<()> {
        for cpu in &opening.cpus {
            self.brake(*cpu)?;
        }
        let environment = Environment::open(opening, &self.slots)?;
        self.environments
            .insert(environment.id, Arc::new(environment));
        Ok(())
    }

    fn run(&mut self, id: u32) -> Result<()> {
        let environment = self.find(id)?;
        environment.run(now_ns()?)?;
        for (cpu_index, cpu) in environment.cpus.iter().enumerate() {
            self.brake(*cpu)?.add(environment, cpu_index);
        }
        if environment.pace().is_some() {
            self.wake();
        } else if environment.is_throttled() {
            // An environment that is at rest again by then need not be observed.
            self.wake_at_ns = self.wake_at_ns.or(Some(now_ns()? + OBSERVE_EVERY_NS / 2));
        }
        Ok(())
    }

    fn rest(&self, id: u32) -> Result<()> {
        let environment = self.find(id)?;
        for cpu in &environment.cpus {
            self.brake(*cpu)?.remove(environment);
        }
        self.releaser
            .schedule(environment.rest(now_ns()?)?, environment);
        Ok(())
    }

    fn throttle(&self, id: u32) -> Result<()> {
        let environment = self.find(id)?;
        environment.throttle(now_ns()?)?;
        for cpu in &environment.cpus {
            self.brake(*cpu)?.wake();
        }
        Ok(())
    }

    fn charge(&self, charge: Charge) -> Result<()> {
        let environment = self.find(charge.id)?;
        let until_ns = environment.charge(now_ns()?, charge.used_ns)?;
        self.releaser.schedule(until_ns, environment);
        Ok(())
    }

    fn process(&self, process: Process) -> Result<()> {
        let environment = self.find(process.id)?;
        if let Some(faults) = PageFaults::of(process.pid)? {
            environment.add_process(faults);
        }
        Ok(())
    }

    fn close(&mut self, id: u32) -> Result<()> {
        self.find(id)?.unthrottle(now_ns()?)?;
        self.rest(id)?;
        self.environments.remove(&id);
        Ok(())
    }

    fn find(&self, id: u32) -> Result<&Arc<Environment>> {
        let environment = self.environments.get(&id);
        environment.with_context(|| format!("there is no environment {id}"))
    }

    fn brake(&self, cpu: usize) -> Result<&Arc<Brake>> {
        let brake = self.brakes.get(&cpu);
        brake.with_context(|| format!("this process may not run on CPU {cpu}"))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let ids: Vec<u32> = self.environments.keys().copied().collect();
        for id in ids {
            let _ = self.close(id);
        }
    }
}

/// Starts a thread that runs until this program ends; if the thread fails, the program ends.
fn start(
    name: &str,
    ready: impl FnOnce() -> Result<()> + Send + 'static,
    run: impl FnOnce() -> Result<Infallible> + Send + 'static,
) -> Result<()> {
    let (started, outcome) = mpsc::channel();
    thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            let end = EndsAll;
            let readiness = ready();
            let is_ready = readiness.is_ok();
            if started.send(readiness).is_err() || !is_ready {
                std::mem::forget(end);
                return;
            }
            match run() {
                Ok(never) => match never {},
                Err(error) => eprintln!("lambdameter-slow-core: {error:#}"),
            }
        })
        .context("cannot start a thread")?;
    outcome.recv().context("a thread has died")?
}

/// Ends the program when it is dropped: nobody is to wait for a thread that has died.
struct EndsAll;

impl Drop for EndsAll {
    fn drop(&mut self) {
        process::exit(HOST.into());
    }
}
