//! What is being gathered for one object, what a cut takes of it, and how it becomes a file with a key.

use std::borrow::Cow;

use standpipe_format::{Delimiter, Prefix, append_records};
use standpipe_record::View;

use crate::entry::{Carry, Group, Role};

mod cut;
mod pieces;
mod seal;

pub(crate) use cut::Cut;
pub(crate) use pieces::Pieces;
pub(crate) use seal::{Origin, Sealed, hex};

/// What is being gathered for one object: its bytes as they were written, before compression.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) id: u64,
    pub(crate) of: Of,
    /// Its bytes in the journal alone. They come before `raw`.
    pub(crate) freed: u64,
    raw: Pieces,
    records: u64,
    pub(crate) opened_ms: u64,
    oldest_ms: u64,
    /// How much of it entries keep, or will by the cuts that were taken.
    carried: u64,
    carried_records: u64,
}

/// What a parcel is for.
#[derive(Debug, Clone)]
pub(crate) enum Of {
    /// The outputs that have these values of the partition keys, in the order of the prefix's keys.
    Partition {
        values: Vec<String>,
        /// The prefix that it was opened under, if the stream's has other keys now.
        prefix: Option<Box<Prefix>>,
    },
    /// Records that failed with this error type.
    Errors(Cow<'static, str>),
    Backup,
}

impl Of {
    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Partition { .. } => Role::Destination,
            Self::Errors(_) => Role::ErrorOutput,
            Self::Backup => Role::Backup,
        }
    }

    /// What a carry says of it, under the stream's prefix.
    fn group(&self, stream: &Prefix) -> Option<Group> {
        match self {
            Self::Partition { values, prefix } => Some(Group {
                prefix: Some(prefix.as_deref().unwrap_or(stream).text().to_owned()),
                values: values.clone(),
                error_type: None,
            }),
            Self::Errors(error_type) => {
                Some(Group { error_type: Some(error_type.clone().into_owned()), ..Group::default() })
            }
            Self::Backup => None,
        }
    }
}

impl Parcel {
    pub(crate) fn open(id: u64, of: Of, now_ms: u64) -> Self {
        let (opened_ms, oldest_ms) = (now_ms, u64::MAX);
        let raw = Pieces::default();
        Self { id, of, freed: 0, raw, records: 0, opened_ms, oldest_ms, carried: 0, carried_records: 0 }
    }

    /// One that entries kept. Its bytes stay where they are.
    pub(crate) fn restore(carry: &Carry, of: Of) -> Self {
        let Carry { parcel: id, opened_ms, oldest_ms, records, bytes, .. } = *carry;
        let (raw, carried_records) = (Pieces::default(), records);
        Self { id, of, freed: bytes, raw, records, opened_ms, oldest_ms, carried: bytes, carried_records }
    }

    /// Adds outputs and returns how many of them went in before it was full. At least one goes in.
    pub(crate) fn add(&mut self, outputs: View<'_>, delimiter: Delimiter, size: u64) -> usize {
        let limit = u64::from(outputs.base()) + size.saturating_sub(self.bytes());
        let fit = outputs.ends().partition_point(|end| u64::from(*end) < limit);
        let taken = (fit + 1).min(outputs.len());
        let outputs = outputs.slice(0..taken);
        for arrival in outputs.arrival_ms() {
            self.oldest_ms = self.oldest_ms.min(*arrival);
        }
        append_records(self.raw.room(outputs.payload().len() + outputs.len()), outputs, delimiter);
        self.records += taken as u64;
        taken
    }

    /// Adds a line of the error output, written by `write`.
    pub(crate) fn add_line(&mut self, arrival_ms: u64, write: impl FnOnce(&mut Vec<u8>)) {
        write(self.raw.room(0));
        self.oldest_ms = self.oldest_ms.min(arrival_ms);
        self.records += 1;
    }

    /// When its oldest record arrived, in milliseconds since 1970.
    pub(crate) fn oldest_ms(&self) -> u64 {
        self.oldest_ms
    }

    /// Its size, wherever its bytes are.
    pub(crate) fn bytes(&self) -> u64 {
        self.freed + self.raw.len()
    }

    /// Whether no output went in. One that did may have no bytes.
    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes that it takes in memory.
    pub(crate) fn memory(&self) -> u64 {
        self.raw.memory()
    }

    /// What it gained since the last cut, if anything. With `free`, no byte of it stays in memory. `stream` is the
    /// prefix that the stream has now.
    pub(crate) fn gain(&mut self, free: bool, stream: &Prefix) -> Option<(Carry, Pieces)> {
        let (bytes, fresh) = (self.bytes(), self.carried - self.freed);
        let gained = if free {
            self.freed = bytes;
            std::mem::take(&mut self.raw).without(fresh)
        } else {
            self.raw.behind(fresh)
        };
        if gained.len() == 0 {
            return None;
        }
        let carry = Carry {
            parcel: self.id,
            role: self.of.role(),
            opened_ms: self.opened_ms,
            oldest_ms: self.oldest_ms,
            records: self.records - self.carried_records,
            bytes: gained.len(),
            group: if self.carried == 0 { self.of.group(stream) } else { None },
        };
        (self.carried, self.carried_records) = (bytes, self.records);
        Some((carry, gained))
    }
}
