//! An environment's control files. They stay open, since they are used thousands of times a second.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
};

use anyhow::{Context, Result, bail};
use nix::errno::Errno;

use crate::order::{Counts, Limit};

/// A number of 15 digits for each of 512 CPUs: weeks of CPU time.
const ENOUGH_BYTES: usize = 8_192;

/// The file that counts an environment's CPU time.
#[derive(Debug)]
pub struct Usage {
    file: File,
    path: PathBuf,
    counts: Counts,
    cpus: Vec<usize>,
}

impl Usage {
    pub fn open(limit: &Limit, cpus: &[usize]) -> Result<Self> {
        let path = limit.usage.clone();
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self {
            file,
            path,
            counts: limit.counts,
            cpus: cpus.to_vec(),
        })
    }

    /// How many CPU queues the file counts separately.
    pub fn queues(&self) -> usize {
        match self.counts {
            Counts::NsPerCpu => self.cpus.len(),
            Counts::CpuStat => 1,
        }
    }

    /// The CPU time so far, ns, queue by queue; `None`: the group has been removed.
    pub fn read(&self) -> Result<Option<Vec<u64>>> {
        let mut text = [0; ENOUGH_BYTES];
        let read = match self.file.read_at(&mut text, 0) {
            Ok(read) => read,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error).with_context(|| self.path.display().to_string()),
        };
        let used = match self.counts {
            Counts::NsPerCpu => per_cpu(&text[..read], &self.cpus),
            Counts::CpuStat => total(&text[..read]).map(|used| vec![used]),
        };
        match used {
            Some(used) => Ok(Some(used)),
            None => bail!("{} has an unknown format", self.path.display()),
        }
    }
}

fn per_cpu(text: &[u8], cpus: &[usize]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(text).ok()?;
    let all: Option<Vec<u64>> = text
        .split_ascii_whitespace()
        .map(|number| number.parse().ok())
        .collect();
    let all = all?;
    cpus.iter().map(|cpu| all.get(*cpu).copied()).collect()
}

fn total(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let usec = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))?;
    usec.parse::<u64>().ok()?.checked_mul(1_000)
}

/// The freezer of the group that has an environment's processes; it holds them.
#[derive(Debug)]
pub struct Hold {
    file: File,
    path: PathBuf,
    freeze: String,
    thaw: String,
}

impl Hold {
    pub fn open(limit: &Limit) -> Result<Self> {
        let path = limit.hold.clone();
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self {
            file,
            path,
            freeze: limit.freeze.clone(),
            thaw: limit.thaw.clone(),
        })
    }

    /// False: the group has been removed.
    pub fn freeze(&self) -> Result<bool> {
        self.write(&self.freeze)
    }

    pub fn thaw(&self) -> Result<bool> {
        self.write(&self.thaw)
    }

    fn write(&self, word: &str) -> Result<bool> {
        match self.file.write_all_at(word.as_bytes(), 0) {
            Ok(()) => Ok(true),
            Err(error) if is_gone(&error) => Ok(false),
            Err(error) => Err(error).with_context(|| self.path.display().to_string()),
        }
    }
}

/// An environment may be destroyed before it is closed.
fn is_gone(error: &io::Error) -> bool {
    [Errno::ENODEV, Errno::ENOENT]
        .map(|errno| Some(errno as i32))
        .contains(&error.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_cgroup_v1_each_cpu_is_read() {
        let text = b"10 20 30 40 \n";
        assert_eq!(per_cpu(text, &[3, 1]), Some(vec![40, 20]));
        assert_eq!(per_cpu(text, &[4]), None);
        assert_eq!(per_cpu(b"10 x", &[0]), None);
    }

    #[test]
    fn of_cgroup_v2_the_total_is_read() {
        let text = b"usage_usec 1234\nuser_usec 1000\nsystem_usec 234\n";
        assert_eq!(total(text), Some(1_234_000));
        assert_eq!(total(b"user_usec 1\n"), None);
    }

    #[test]
    fn a_removed_group_is_not_an_error() {
        assert!(is_gone(&io::Error::from_raw_os_error(Errno::ENODEV as i32)));
        assert!(!is_gone(&io::Error::from_raw_os_error(Errno::EPERM as i32)));
    }
}
