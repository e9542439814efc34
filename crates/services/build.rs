//! Tells the binary which engines it was built with, from the lock file that chose them.

use std::{env, fs, path::Path};

fn main() {
    let manifest = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    let lock = Path::new(&manifest)
        .ancestors()
        .map(|folder| folder.join("Cargo.lock"))
        .find(|path| path.exists())
        .expect("a Cargo.lock stands beside the workspace's Cargo.toml");
    println!("cargo:rerun-if-changed={}", lock.display());
    let text = fs::read_to_string(&lock).expect("Cargo.lock is readable");
    for (variable, package) in [
        ("DYNAMODB_ENGINE_VERSION", "dynoxide-rs"),
        ("S3_ENGINE_VERSION", "s3s"),
    ] {
        println!(
            "cargo:rustc-env={variable}={}",
            locked_version(&text, package)
        );
    }
}

fn locked_version<'text>(lock: &'text str, package: &str) -> &'text str {
    let name = format!("name = \"{package}\"");
    let mut versions = lock
        .split("[[package]]")
        .filter(|entry| entry.lines().any(|line| line == name))
        .filter_map(|entry| {
            entry
                .lines()
                .find_map(|line| line.strip_prefix("version = "))
        });
    match (versions.next(), versions.next()) {
        (Some(version), None) => version.trim_matches('"'),
        _ => panic!("Cargo.lock must name exactly one version of {package}"),
    }
}
