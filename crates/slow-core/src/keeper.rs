//! Carries orders out: every environment, and the threads that look after them.

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
    faults::Faults,
    gate::Gate,
    held::HeldTimes,
    look::LOOK_NS,
    order::{Charge, Opening, Order, Process},
    real_time,
};

/// Holds everything; when it is dropped, nothing is held any more.
pub struct Keeper {
    brakes: BTreeMap<usize, Arc<Brake>>,
    gate: Arc<Gate>,
    held_times: Arc<HeldTimes>,
    environments: BTreeMap<u32, Arc<Environment>>,
    /// When the brakes are to be woken, ns.
    waking: Option<u64>,
}

impl Keeper {
    /// With a brake on each CPU that this process may run on.
    pub fn start(held_times: &Path) -> Result<Self> {
        let gate = Arc::new(Gate::default());
        let mut brakes = BTreeMap::new();
        for cpu in real_time::cpus()? {
            let brake = Arc::new(Brake::default());
            let (its_own, its_gate) = (Arc::clone(&brake), Arc::clone(&gate));
            let ready = move || {
                real_time::pin(cpu)?;
                real_time::become_real_time(real_time::BUSY)
            };
            start(&format!("cpu-{cpu}"), ready, move || {
                its_own.keep(&its_gate)
            })?;
            brakes.insert(cpu, brake);
        }
        let its_own = Arc::clone(&gate);
        let ready = || real_time::become_real_time(real_time::PROMPT);
        start("gate", ready, move || its_own.keep())?;
        real_time::become_real_time(real_time::PROMPT)?;
        Ok(Self {
            brakes,
            gate,
            held_times: Arc::new(HeldTimes::open(held_times)?),
            environments: BTreeMap::new(),
            waking: None,
        })
    }

    /// How long the next order may be waited for; `None`: however long it takes.
    pub fn patience(&self) -> Result<Option<Duration>> {
        let Some(at_ns) = self.waking else {
            return Ok(None);
        };
        Ok(Some(Duration::from_nanos(at_ns.saturating_sub(now_ns()?))))
    }

    /// Lets the brakes see what they have to do.
    pub fn wake(&mut self) {
        self.waking = None;
        for brake in self.brakes.values() {
            brake.wake();
        }
    }

    pub fn obey(&mut self, order: Order) -> Result<()> {
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
        let environment = Environment::open(opening, &self.held_times)?;
        self.environments
            .insert(environment.id, Arc::new(environment));
        Ok(())
    }

    fn run(&mut self, id: u32) -> Result<()> {
        let environment = self.find(id)?;
        environment.run(now_ns()?)?;
        for (place, cpu) in environment.cpus.iter().enumerate() {
            self.brake(*cpu)?.put_on(environment, place);
        }
        if environment.pace().is_some() {
            self.wake();
        } else if environment.is_throttled() {
            // Whoever is at rest again by then need not be looked at.
            self.waking = self.waking.or(Some(now_ns()? + LOOK_NS / 2));
        }
        Ok(())
    }

    fn rest(&self, id: u32) -> Result<()> {
        let environment = self.find(id)?;
        for cpu in &environment.cpus {
            self.brake(*cpu)?.take_off(environment);
        }
        self.gate.shut(environment.rest(now_ns()?)?, environment);
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
        self.gate.shut(until_ns, environment);
        Ok(())
    }

    fn process(&self, process: Process) -> Result<()> {
        let environment = self.find(process.id)?;
        if let Some(faults) = Faults::of(process.pid)? {
            environment.see(faults);
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

/// Starts a thread that nothing ends but this program; where it fails, all of it does.
fn start(
    name: &str,
    ready: impl FnOnce() -> Result<()> + Send + 'static,
    keep: impl FnOnce() -> Result<Infallible> + Send + 'static,
) -> Result<()> {
    let (started, outcome) = mpsc::channel();
    thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            let end = EndsAll;
            let readiness = ready();
            let fit = readiness.is_ok();
            if started.send(readiness).is_err() || !fit {
                std::mem::forget(end);
                return;
            }
            match keep() {
                Ok(never) => match never {},
                Err(error) => eprintln!("lambdameter-slow-core: {error:#}"),
            }
        })
        .context("cannot start a thread")?;
    outcome.recv().context("a thread has died")?
}

/// Nobody is to wait for a thread that is gone.
struct EndsAll;

impl Drop for EndsAll {
    fn drop(&mut self) {
        process::exit(HOST.into());
    }
}
