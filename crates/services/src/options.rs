//! The command line.

use std::{
    collections::BTreeSet,
    fs,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
};

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{
    authority,
    faults::Rates,
    latency_model::{Mode, Model},
    start_error::StartError,
};

/// The local services over TLS, with a latency model and injected faults.
///
/// Prints one line of JSON when it is ready, and ends when its standard input does.
#[derive(Debug, Parser)]
#[command(name = "lambdameter-services", version)]
pub struct Options {
    /// Folder for the CA certificate and the objects; created if missing.
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// Service latency: "off", or a model file; the built-in model by default.
    #[arg(long, value_name = "off|FILE")]
    pub latency: Option<PathBuf>,
    /// Faults injected into the functions' requests, with their probability: unprocessed,
    /// throttle, 5xx and cut.
    #[arg(long, value_name = "KIND=P,...")]
    pub faults: Option<Rates>,
    /// Seed of the latency model and of the injected faults.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// IP address that `DynamoDB` and S3 listen on; 0.0.0.0 or :: for all addresses.
    #[arg(long, value_name = "ADDRESS", default_value_t = Ipv4Addr::LOCALHOST.into())]
    pub host: IpAddr,
    /// Another host name or IP address that clients use; repeatable.
    #[arg(long = "allow-host", value_name = "NAME", value_parser = name)]
    pub allow_hosts: Vec<String>,
    /// Port of `DynamoDB`; 0 picks a free port.
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub dynamodb_port: u16,
    /// Port of S3; 0 picks a free port.
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub s3_port: u16,
}

impl Options {
    /// Reads the command line. With `--help` or `--version` it prints that and ends.
    pub fn read() -> Result<Self, StartError> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => StartError::bad_input(
                first_paragraph(&error.to_string()),
                &option_at_fault(&error),
                "Correct this option; `lambdameter run --help` describes every option",
            ),
        })
    }

    /// The latency model and the line that names it; `None`: `--latency off`.
    pub fn latency_model(&self) -> Result<Option<(Model, String)>, StartError> {
        let (name, text) = match &self.latency {
            None => (
                "built-in latency.toml".to_owned(),
                include_str!("../latency.toml").to_owned(),
            ),
            Some(off) if off.as_os_str() == "off" => return Ok(None),
            Some(path) => (path.display().to_string(), read_model(path)?),
        };
        let model = Model::parse(&text).map_err(|cause| {
            let next_step = "Correct the file; crates/services/latency.toml shows the format";
            StartError::bad_input(
                format!("The latency model is malformed: {cause}"),
                &name,
                next_step,
            )
        })?;
        let mode = match model.mode {
            Mode::Total => "total",
            Mode::Extra => "extra",
        };
        let line = format!("{name} of {}, mode {mode}, seed {}", model.as_of, self.seed);
        Ok(Some((model, line)))
    }

    /// The hosts that a request may name, beside loopback: the allowed ones, and the own address.
    pub fn hosts(&self) -> BTreeSet<String> {
        let bound = authority::host(&self.host.to_string());
        self.allow_hosts.iter().cloned().chain(bound).collect()
    }

    /// The line that names the faults; `None`: no faults are injected.
    pub fn faults_line(&self) -> Option<String> {
        let rates = self.faults.as_ref()?;
        Some(format!("{rates}, seed {}", self.seed))
    }
}

fn name(text: &str) -> Result<String, String> {
    authority::host(text).ok_or_else(|| "not a host name or IP address".to_owned())
}

fn read_model(path: &Path) -> Result<String, StartError> {
    fs::read_to_string(path).map_err(|error| {
        StartError::bad_input(
            format!("Cannot read the latency model: {error}"),
            &path.display().to_string(),
            "Give --latency a readable model file, or off",
        )
    })
}

fn option_at_fault(error: &clap::Error) -> String {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(usage)) => usage.split(' ').next().unwrap_or(usage).to_owned(),
        _ => "the options of the local services".to_owned(),
    }
}

fn first_paragraph(message: &str) -> String {
    let paragraph = message.split("\n\n").next().unwrap_or_default();
    paragraph.trim_start_matches("error: ").to_owned()
}
