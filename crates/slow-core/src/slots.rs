//! The totals of all environments in a file, where the emulator reads them in one call.
//!
//! Each environment has a slot of five signed numbers of eight bytes, at 40 times its id. The first
//! number is twice the time for which it was held, ns. While it is held, the number is odd, and the
//! instant at which the hold began has been subtracted, so that the reader adds its own clock. The
//! other four numbers are the `Totals` of `conversion.rs`.

use std::{fs::File, fs::OpenOptions, os::unix::fs::FileExt, path::Path};

use anyhow::{Context, Result};

use crate::conversion::Totals;

const SLOT_BYTES: usize = 40;

/// The file with the slots.
#[derive(Debug)]
pub struct Slots(File);

impl Slots {
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).open(path);
        file.map(Self)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    #[allow(clippy::cast_possible_wrap, reason = "centuries")]
    pub fn publish(&self, id: u32, held: HoldTime, totals: Totals) -> Result<()> {
        let numbers = [
            held.encoded(),
            totals.used_ns as i64,
            totals.converted_ns as i64,
            totals.cold_ns as i64,
            totals.lost_ns as i64,
        ];
        let mut slot = [0; SLOT_BYTES];
        for (bytes, number) in slot.chunks_exact_mut(8).zip(numbers) {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        self.0
            .write_all_at(&slot, u64::from(id) * SLOT_BYTES as u64)
            .context("cannot write the totals of an environment")
    }
}

/// For how long an environment was held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldTime {
    ended_ns: u64,
    since_ns: Option<u64>,
}

impl HoldTime {
    pub fn begin(&mut self, now_ns: u64) {
        self.since_ns = Some(now_ns);
    }

    pub fn end(&mut self, now_ns: u64) {
        if let Some(since_ns) = self.since_ns.take() {
            self.ended_ns += now_ns.saturating_sub(since_ns);
        }
    }

    #[allow(clippy::cast_possible_wrap, reason = "centuries")]
    fn encoded(self) -> i64 {
        let ended_ns = self.ended_ns as i64;
        match self.since_ns {
            Some(since_ns) => (ended_ns - since_ns as i64) * 2 + 1,
            None => ended_ns * 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_hold_can_be_read_at_any_instant() {
        let mut held = HoldTime::default();
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
