use std::collections::BTreeMap;

use crate::entry::{Carry, Counts, Entry, SealedFile};

/// What holds now, by a lane's journal.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) number: u64,
    pub(crate) position: u64,
    pub(crate) next_parcel: u64,
    pub(crate) sources: BTreeMap<String, u64>,
    pub(crate) counts: Counts,
    /// Sealed and not delivered, in the order of their names.
    pub(crate) files: BTreeMap<String, SealedFile>,
    /// Open parcels: what they have in all, and their bytes.
    pub(crate) carried: BTreeMap<u64, (Carry, Vec<u8>)>,
}

impl Live {
    /// Follows one entry or note. False if its carries are shorter than it says.
    pub(crate) fn apply(&mut self, entry: &Entry, mut carries: &[u8]) -> bool {
        if entry.checkpoint {
            *self = Self::default();
        }
        for file in &entry.delivered {
            self.files.remove(file);
        }
        if !entry.delivered.is_empty() && entry.number == self.number {
            return true;
        }
        self.number = entry.number;
        self.position = entry.position;
        self.next_parcel = entry.next_parcel;
        self.counts = entry.counts;
        for (source, to) in &entry.sources {
            self.sources.insert(source.clone(), *to);
        }
        for sealed in &entry.sealed {
            self.carried.remove(&sealed.parcel);
            self.files.insert(sealed.file.clone(), sealed.clone());
        }
        for carry in &entry.carries {
            let Some((bytes, rest)) =
                usize::try_from(carry.bytes).ok().and_then(|bytes| carries.split_at_checked(bytes))
            else {
                return false;
            };
            carries = rest;
            let (all, held) = self
                .carried
                .entry(carry.parcel)
                .or_insert_with(|| (Carry { records: 0, bytes: 0, ..carry.clone() }, Vec::new()));
            all.records += carry.records;
            all.bytes += carry.bytes;
            all.oldest_ms = all.oldest_ms.min(carry.oldest_ms);
            held.extend_from_slice(bytes);
        }
        true
    }

    /// An entry that says all of it, and the bytes of its carries.
    pub(crate) fn checkpoint(&self) -> (Entry, Vec<&[u8]>) {
        let entry = Entry {
            number: self.number,
            position: self.position,
            next_parcel: self.next_parcel,
            checkpoint: true,
            sealed: self.files.values().cloned().collect(),
            carries: self.carried.values().map(|(carry, _)| carry.clone()).collect(),
            sources: self.sources.clone(),
            delivered: Vec::new(),
            counts: self.counts,
        };
        (entry, self.carried.values().map(|(_, bytes)| bytes.as_slice()).collect())
    }

    /// Bytes that a checkpoint would have, about.
    pub(crate) fn bytes(&self) -> u64 {
        let carried: u64 = self.carried.values().map(|(carry, _)| carry.bytes).sum();
        carried + 512 * (1 + self.files.len() as u64 + self.sources.len() as u64)
    }
}
