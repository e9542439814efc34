//! Compiled work whose time on a Lambda vCPU is known: a chain of SHA-256 digests in software.
//!
//! For each line on stdin, which has a number of digests, there is a line on stdout: the wall time and
//! the CPU time of the chain, ms, and its last digest in hex, which proves that the work was done.
//!
//! `lambdameter-kernel program PROFILE SLOWNESS` runs a profile of `crates/bandwidth` instead, so that
//! the simulation can be compared with what happens (`program.rs`).

mod program;

use std::{
    env,
    io::{self, BufRead, Write},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::time::{ClockId, clock_gettime};
use sha2::{Digest, Sha256, digest::generic_array::GenericArray};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => chains(),
        ["program", profile, slowness] => program::run(profile, slowness),
        _ => bail!("usage: lambdameter-kernel [program PROFILE SLOWNESS]"),
    }
}

fn chains() -> Result<()> {
    for line in io::stdin().lock().lines() {
        let digests = line?.trim().parse().context("a number of digests")?;
        let (began, used) = (Instant::now(), cpu_time()?);
        let end = chain(digests);
        let wall = began.elapsed();
        let cpu = cpu_time()?.saturating_sub(used);
        let [wall_ms, cpu_ms] = [wall, cpu].map(|time| time.as_secs_f64() * 1e3);
        writeln!(io::stdout(), "{wall_ms} {cpu_ms} {end}")?;
    }
    Ok(())
}

/// The CPU time of this process so far.
fn cpu_time() -> Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

/// Hashes 32 zero bytes, then each digest again; the last digest in hex.
fn chain(digests: u32) -> String {
    let last = (0..digests).fold([0_u8; 32], |digest, _| Sha256::digest(digest).into());
    format!("{:x}", GenericArray::from(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_one_is_the_digest_of_zeros() {
        let digest = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(chain(1), digest);
    }

    #[test]
    fn each_digest_is_hashed_again() {
        let twice = "2b32db6c2c0a6235fb1397e8225ea85e0f0e6e8c7b126d0016ccbde0e667151e";
        assert_eq!(chain(2), twice);
    }
}
