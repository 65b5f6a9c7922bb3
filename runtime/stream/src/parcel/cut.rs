use std::collections::BTreeMap;

use standpipe_record::Position;

use super::{Parcel, Pieces};
use crate::budget::Detached;
use crate::entry::{Answer, Carry, Counts};

/// What was taken out of a lane between two batches.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Every record before it is in `due`, in `carries`, in an earlier cut, or was dropped.
    pub(crate) position: Position,
    pub(crate) next_parcel: u64,
    pub(crate) due: Vec<Parcel>,
    pub(crate) carries: Vec<(Carry, Pieces)>,
    pub(crate) sources: BTreeMap<String, u64>,
    pub(crate) requests: Vec<Answer>,
    pub(crate) counts: Counts,
    /// What it holds of the memory budget, until it is durable.
    pub(crate) held: Option<Detached>,
}

impl Cut {
    /// Bytes that it takes in memory.
    pub(crate) fn memory(&self) -> u64 {
        let due: u64 = self.due.iter().map(Parcel::memory).sum();
        due + self.carries.iter().map(|(_, bytes)| bytes.memory()).sum::<u64>()
    }

    /// When the oldest record in what is due arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        self.due.iter().map(Parcel::oldest_ms).min()
    }

    /// Bytes that it may take on disk, at the most.
    pub(crate) fn disk(&self) -> u64 {
        let due: u64 = self.due.iter().map(|parcel| parcel.bytes() + parcel.bytes() / 64 + 1_024).sum();
        due + self.carries.iter().map(|(carry, _)| carry.bytes + 512).sum::<u64>() + 4_096
    }
}
