//! The local data plane: `DynamoDB` and S3 over TLS, each engine inside a chain of layers.
//!
//! ```text
//! client ─TLS─▶ register ─▶ hold ─────▶ inject ─────▶ engine      one thread a service
//!     guard.rs (register.rs) (latency.rs)  (injection.rs)  (dynamodb.rs, s3/)
//!                  │          │  ▲           │  ▲
//!                  │          │  │           │  └── faults.rs, batch_write.rs, fault_answers.rs
//!                  ▼          ▼  └── timer.rs, model.rs
//!                 usage.rs ◀─────────────────┘ ─▶ admin.rs ─▶ the emulator
//! ```
//!
//! `server.rs` tells each request its connection (connection.rs), whose first one `hold` holds longer.
//! An injected fault takes its modelled time too, since `hold` stands around it.

mod admin;
mod authority;
mod batch_write;
mod call;
mod changes;
mod connection;
mod dynamodb;
mod fault_answers;
mod faults;
mod forbidden;
mod guard;
mod injection;
mod latency;
mod model;
mod options;
mod protocol;
mod random;
mod refusal;
mod register;
mod s3;
mod server;
mod state;
mod timer;
mod tls;
mod usage;

use std::{
    collections::BTreeSet,
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    process::ExitCode,
    sync::Arc,
    thread,
};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

use crate::{
    call::Identify, guard::Rules, injection::FaultLayer, latency::LatencyLayer, model::Model,
    options::Options, protocol::Protocol, refusal::Refusal, register::Register, state::State,
    timer::Timer, usage::Usage,
};

fn main() -> ExitCode {
    match Options::read().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("lambdameter-services: {refusal}");
            refusal.exit_code()
        }
    }
}

fn run(options: &Options) -> Result<(), Refusal> {
    let (model, model_line) = options.latency_model()?.unzip();
    let state = State::prepare(&options.state)?;
    let dynamodb = server::bind(options.host, options.dynamodb_port, "--dynamodb-port")?;
    let s3 = server::bind(options.host, options.s3_port, "--s3-port")?;
    let admin = server::bind(Ipv4Addr::LOCALHOST.into(), 0, "the admin port")?;
    let inner = dynamodb::Inner::bind()?;
    let announcement = json!({
        "dynamodb": server::url("https", &dynamodb)?,
        "s3": server::url("https", &s3)?,
        "admin": server::url("http", &admin)?,
        "ca_bundle": state.ca_bundle,
        "changes": state.changes,
        "engines": {"dynamodb": dynamodb::ENGINE, "s3": s3::ENGINE},
        "latency_model": model_line,
        "faults": options.faults_line(),
    });

    let usage = Usage::telling(state.changes()?);
    let hosts = Arc::new(options.hosts());
    let authority = tls::issue(&hosts).map_err(|error| {
        Refusal::host(error.to_string(), "the local CA", "Report this as a bug")
    })?;
    state.publish(&authority.ca_pem)?;
    let around = Layers::new(options, model, usage.clone(), hosts)?;
    let services = [
        serve("dynamodb", dynamodb, &authority, {
            let around = around.clone();
            move || {
                let engine = dynamodb::engine(inner)?;
                Ok(around.layer(Protocol::DynamoDb, call::dynamodb_operation, engine))
            }
        })?,
        serve("s3", s3, &authority, {
            let blobs = Arc::clone(&state.blobs);
            move || Ok(around.layer(Protocol::S3, s3::operation, s3::engine(blobs)))
        })?,
    ];
    let attended = attend(admin, usage, &announcement.to_string(), services);
    state.blobs.remove();
    attended
}

/// The chain of layers, the same around every engine.
#[derive(Clone)]
struct Layers {
    usage: Usage,
    faults: Option<Arc<FaultLayer>>,
    latency: Option<Arc<LatencyLayer>>,
    hosts: Arc<BTreeSet<String>>,
}

impl Layers {
    fn new(
        options: &Options,
        model: Option<Model>,
        usage: Usage,
        hosts: Arc<BTreeSet<String>>,
    ) -> Result<Self, Refusal> {
        let timer = Timer::start().map_err(|error| Refusal::exhausted("the timer", &error))?;
        let latency = model
            .map(|model| Arc::new(LatencyLayer::new(model, options.seed, timer, usage.clone())));
        let faults = options
            .faults
            .clone()
            .map(|rates| Arc::new(FaultLayer::new(rates, options.seed, usage.clone())));
        Ok(Self {
            usage,
            faults,
            latency,
            hosts,
        })
    }

    /// The layer added last sees a request first.
    fn layer(self, protocol: Protocol, identify: Identify, engine: Router) -> Router {
        let usage = self.usage;
        let faulted = match self.faults {
            Some(faults) => engine.layer(from_fn_with_state(faults, injection::inject)),
            None => engine,
        };
        let held = match self.latency {
            Some(latency) => faulted.layer(from_fn_with_state(latency, latency::hold)),
            None => faulted,
        };
        let counted = held.layer(from_fn_with_state(
            Register {
                service: protocol.service(),
                identify,
                usage,
            },
            register::register,
        ));
        let named = match protocol {
            Protocol::S3 => counted.layer(from_fn(s3::path_style)),
            Protocol::DynamoDb | Protocol::Admin => counted,
        };
        named.layer(from_fn_with_state(
            Rules {
                protocol,
                hosts: self.hosts,
            },
            guard::admit,
        ))
    }
}

fn serve(
    name: &'static str,
    listener: TcpListener,
    authority: &tls::Authority,
    app: impl FnOnce() -> io::Result<Router> + Send + 'static,
) -> Result<oneshot::Receiver<()>, Refusal> {
    server::serve(name, listener, authority.acceptor.clone(), app)
        .map_err(|error| Refusal::exhausted(name, &error))
}

/// Announces the services, answers the emulator, and ends when it is told to or a service does.
fn attend(
    admin: TcpListener,
    usage: Usage,
    announcement: &str,
    [dynamodb, s3]: [oneshot::Receiver<()>; 2],
) -> Result<(), Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Refusal::exhausted("a runtime", &error))?;
    runtime.block_on(async {
        let failed = |error: io::Error| Refusal::exhausted("the admin endpoint", &error);
        let listener = tokio::net::TcpListener::from_std(admin).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let parent_gone = end_of_input().map_err(failed)?;
        writeln!(io::stdout(), "{announcement}").map_err(failed)?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = parent_gone => Ok(()),
            _ = dynamodb => Err(stopped("DynamoDB")),
            _ = s3 => Err(stopped("S3")),
            ended = axum::serve(listener, admin::guarded(usage)) => ended.map_err(failed),
        }
    })
}

fn stopped(service: &str) -> Refusal {
    Refusal::host(
        format!("{service} stopped"),
        "the local services",
        "Read the lines above, and start again",
    )
}

/// Ends when standard input does: also when the parent was killed and could say nothing.
fn end_of_input() -> io::Result<oneshot::Receiver<()>> {
    let (open, ended) = oneshot::channel::<()>();
    thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || {
            let _open = open;
            // An error is as good as its end: either way nobody can be there any more.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        })?;
    Ok(ended)
}
