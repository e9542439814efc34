//! For how long environments were held, and what their CPU time is worth, where the emulator can
//! read it in one call.
//!
//! Each has five signed numbers of eight bytes in a file, at 40 times its id. The lowest bit of the
//! first says whether it is held now. The rest, halved, is the time held so far, ns; of one that is
//! held, less the instant since when, so that the reader adds its own clock. The others are
//! `worth.rs`'s totals: the CPU time used as of the last look, what that is worth, how much more will
//! be at this host's own speed, and what was lost to others on the same cores.

use std::{fs::File, fs::OpenOptions, os::unix::fs::FileExt, path::Path};

use anyhow::{Context, Result};

use crate::worth::Total;

const SLOT_BYTES: usize = 40;

/// The file.
#[derive(Debug)]
pub struct HeldTimes(File);

impl HeldTimes {
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).open(path);
        file.map(Self)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    #[allow(clippy::cast_possible_wrap, reason = "centuries")]
    pub fn publish(&self, id: u32, held: HeldTime, used: Total) -> Result<()> {
        let numbers = [
            held.encoded(),
            used.used_ns as i64,
            used.worth_ns as i64,
            used.left_ns as i64,
            used.lost_ns as i64,
        ];
        let mut slot = [0; SLOT_BYTES];
        for (bytes, number) in slot.chunks_exact_mut(8).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        self.0
            .write_all_at(&slot, u64::from(id) * SLOT_BYTES as u64)
            .context("cannot tell for how long an environment was held")
    }
}

/// One environment's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldTime {
    before_ns: u64,
    since_ns: Option<u64>,
}

impl HeldTime {
    pub fn begin(&mut self, now_ns: u64) {
        self.since_ns = Some(now_ns);
    }

    pub fn end(&mut self, now_ns: u64) {
        if let Some(since_ns) = self.since_ns.take() {
            self.before_ns += now_ns.saturating_sub(since_ns);
        }
    }

    #[allow(clippy::cast_possible_wrap, reason = "centuries")]
    fn encoded(self) -> i64 {
        let before_ns = self.before_ns as i64;
        match self.since_ns {
            Some(since_ns) => (before_ns - since_ns as i64) * 2 + 1,
            None => before_ns * 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_now_is_told_as_of_any_instant() {
        let mut held = HeldTime::default();
        held.begin(1_000);
        assert_eq!(held.encoded(), -1_999);
        held.end(3_000);
        held.end(9_000);
        assert_eq!(held.encoded(), 4_000);
        held.begin(10_000);
        let encoded = held.encoded();
        // As the reader does it, at 10,500.
        assert_eq!((encoded & 1, (encoded >> 1) + 10_500), (1, 2_500));
    }
}
