//! The launcher's argument; `lambdameter.emulator.sandbox.launch` writes it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

/// One function process and its isolation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The emulator's process id: the process dies with it.
    pub parent: i32,
    /// The descriptor of a pipe into which the time of the start is written; `None`: it is not needed.
    pub start_note: Option<i32>,
    /// `cgroup.procs` files to join.
    pub cgroups: Vec<PathBuf>,
    /// Empty: the host's file system as it is.
    pub mounts: Vec<Mount>,
    /// `None`: the emulator's user.
    pub user: Option<User>,
    /// The CPUs that the process may run on; `None`: all.
    pub cpus: Option<Vec<usize>>,
    /// Open descriptors, at most.
    pub descriptors: u64,
    /// The working directory, as the function sees it.
    pub directory: PathBuf,
    /// The program and its arguments, as the function sees them.
    pub argv: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
}

/// A file or folder of the host (`source`) that the function sees as `target`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    pub source: PathBuf,
    pub target: PathBuf,
    /// A writable target belongs to the user.
    pub writable: bool,
}

/// The user that the function runs as.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
}

impl Spec {
    /// Reads a specification and puts outer mounts before the ones inside them.
    pub fn parse(json: &str) -> Result<Self> {
        let mut spec: Self = serde_json::from_str(json).context("cannot read the specification")?;
        spec.mounts.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::Spec;

    fn with_mounts(mounts: &str) -> String {
        format!(
            r#"{{"parent": 1, "start_note": null, "cgroups": [], "mounts": {mounts}, "user": null, "cpus": null,
                "descriptors": 1024, "directory": "/", "argv": ["/bin/true"], "environment": {{}}}}"#
        )
    }

    #[test]
    fn outer_mounts_come_first() {
        let json = with_mounts(
            r#"[{"source": "/b", "target": "/tmp/in/side", "writable": false},
                {"source": "/a", "target": "/tmp", "writable": true}]"#,
        );
        let spec = Spec::parse(&json).unwrap();
        let sources: Vec<_> = spec.mounts.iter().map(|mount| &mount.source).collect();
        assert_eq!(sources, ["/a", "/b"]);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let json = with_mounts(r#"[{"source": "/", "target": "/", "writable": true, "x": 1}]"#);
        let error = Spec::parse(&json).unwrap_err();
        assert!(format!("{error:#}").contains("unknown field `x`"));
    }
}
