//! What an object holds, whichever format it has.

use serde::Serialize;

use crate::record::{Broken, Flaw, Registration};

const NAMED_FLAWS: usize = 100;

/// The records that are not written: how many, and the first of them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Invalid {
    pub count: usize,
    pub first: Vec<Flaw>,
}

impl Invalid {
    /// Count a record, by its index, and name it if it is one of the first.
    pub fn note(&mut self, record: usize, (field, reason): Broken) {
        self.count += 1;
        if self.first.len() < NAMED_FLAWS {
            self.first.push(Flaw {
                record,
                field,
                reason,
            });
        }
    }
}

/// What an object holds; `records` counts the sound and the others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub records: usize,
    pub registrations: Vec<Registration>,
    pub invalid: Invalid,
}

impl Document {
    pub(crate) fn add(&mut self, record: Result<Registration, Broken>) {
        match record {
            Ok(registration) => self.registrations.push(registration),
            Err(broken) => self.invalid.note(self.records, broken),
        }
        self.records += 1;
    }
}
