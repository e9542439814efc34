//! The local services: `DynamoDB` and S3 over TLS, each engine inside a chain of layers.
//!
//! ```text
//! client ─TLS─▶ count ──────▶ hold ─────▶ inject ─────▶ engine      one thread for each service
//!     guard.rs (counting.rs) (latency.rs)  (injection.rs)  (dynamodb.rs, s3/)
//!                  │          │  ▲           │  ▲
//!                  │          │  │           │  └── faults.rs, batch_write.rs, fault_answers.rs
//!                  ▼          ▼  └── timer.rs, latency_model.rs
//!                 usage.rs ◀─────────────────┘ ─▶ admin.rs ─▶ the emulator
//! ```
//!
//! `server.rs` gives each request its connection (connection.rs); `hold` holds a connection's first
//! request for longer. An injected fault takes its modelled time too, since `hold` is around it.

mod access_denied;
mod admin;
mod authority;
mod batch_write;
mod call;
mod change_counter;
mod connection;
mod counting;
mod dynamodb;
mod fault_answers;
mod faults;
mod guard;
mod injection;
mod latency;
mod latency_model;
mod options;
mod protocol;
mod random;
mod s3;
mod server;
mod start_error;
mod state_folder;
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
    call::Identify, counting::CountingLayer, guard::Rules, injection::FaultLayer,
    latency::LatencyLayer, latency_model::Model, options::Options, protocol::Protocol,
    start_error::StartError, state_folder::StateFolder, timer::Timer, usage::Usage,
};

fn main() -> ExitCode {
    match Options::read().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lambdameter-services: {error}");
            error.exit_code()
        }
    }
}

fn run(options: &Options) -> Result<(), StartError> {
    let (model, model_line) = options.latency_model()?.unzip();
    let state = StateFolder::prepare(&options.state)?;
    let dynamodb = server::bind(options.host, options.dynamodb_port, "--dynamodb-port")?;
    let s3 = server::bind(options.host, options.s3_port, "--s3-port")?;
    let admin = server::bind(Ipv4Addr::LOCALHOST.into(), 0, "the admin port")?;
    let engine_port = dynamodb::EnginePort::bind()?;
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

    let usage = Usage::with_changes(state.change_counter()?);
    let hosts = Arc::new(options.hosts());
    let authority = tls::issue(&hosts).map_err(|error| {
        StartError::host(error.to_string(), "the local CA", "Report this as a bug")
    })?;
    state.publish(&authority.ca_pem)?;
    let layers = Layers::new(options, model, usage.clone(), hosts)?;
    let services = [
        serve("dynamodb", dynamodb, &authority, {
            let layers = layers.clone();
            move || {
                let engine = dynamodb::engine(engine_port)?;
                Ok(layers.around(Protocol::DynamoDb, call::dynamodb_operation, engine))
            }
        })?,
        serve("s3", s3, &authority, {
            let blobs = Arc::clone(&state.blobs);
            move || Ok(layers.around(Protocol::S3, s3::operation, s3::engine(blobs)))
        })?,
    ];
    let outcome = run_until_end(admin, usage, &announcement.to_string(), services);
    state.blobs.remove();
    outcome
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
    ) -> Result<Self, StartError> {
        let timer = Timer::start().map_err(|error| StartError::exhausted("the timer", &error))?;
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

    /// Adds all layers to an engine; the one added last sees a request first.
    fn around(self, protocol: Protocol, identify: Identify, engine: Router) -> Router {
        let usage = self.usage;
        let router = match self.faults {
            Some(faults) => engine.layer(from_fn_with_state(faults, injection::inject)),
            None => engine,
        };
        let router = match self.latency {
            Some(latency) => router.layer(from_fn_with_state(latency, latency::hold)),
            None => router,
        };
        let router = router.layer(from_fn_with_state(
            CountingLayer {
                service: protocol.service(),
                identify,
                usage,
            },
            counting::count,
        ));
        let router = match protocol {
            Protocol::S3 => router.layer(from_fn(s3::path_style)),
            Protocol::DynamoDb | Protocol::Admin => router,
        };
        router.layer(from_fn_with_state(
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
    authority: &tls::CertificateAuthority,
    app: impl FnOnce() -> io::Result<Router> + Send + 'static,
) -> Result<oneshot::Receiver<()>, StartError> {
    server::serve(name, listener, authority.acceptor.clone(), app)
        .map_err(|error| StartError::exhausted(name, &error))
}

/// Announces the services and answers the emulator, until standard input, a signal or a service ends.
fn run_until_end(
    admin: TcpListener,
    usage: Usage,
    announcement: &str,
    [dynamodb, s3]: [oneshot::Receiver<()>; 2],
) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::exhausted("a runtime", &error))?;
    runtime.block_on(async {
        let failed = |error: io::Error| StartError::exhausted("the admin endpoint", &error);
        let listener = tokio::net::TcpListener::from_std(admin).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let parent_ended = end_of_input().map_err(failed)?;
        writeln!(io::stdout(), "{announcement}").map_err(failed)?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = parent_ended => Ok(()),
            _ = dynamodb => Err(stopped("DynamoDB")),
            _ = s3 => Err(stopped("S3")),
            ended = axum::serve(listener, admin::guarded(usage)) => ended.map_err(failed),
        }
    })
}

fn stopped(service: &str) -> StartError {
    StartError::host(
        format!("{service} stopped"),
        "the local services",
        "Read the lines above, and start again",
    )
}

/// Ends with standard input, which also ends when the parent was killed.
fn end_of_input() -> io::Result<oneshot::Receiver<()>> {
    let (open, ended) = oneshot::channel::<()>();
    thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || {
            let _open = open;
            // An error means the same as its end: the parent has ended.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        })?;
    Ok(ended)
}
