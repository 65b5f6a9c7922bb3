use std::collections::{BTreeMap, VecDeque};

use crate::entry::{Answer, Carry, Counts, Entry, Group, Renamed, SealedFile, Upload};
use crate::journal::Extent;
use crate::parcel::hex;
use crate::places::{generation, node_of};

/// How long an answer is remembered, in milliseconds: as long as an AWS SDK may try again.
pub(crate) const REMEMBERED_MS: u64 = 15 * 60 * 1_000;
/// How many answers a lane remembers: 8 MiB of them.
const MOST_ANSWERS: usize = (8 << 20) / 128;

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
    /// The upload that was begun last for each of them, if any was.
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// Open parcels: what they have in all, and where it is in the journal.
    pub(crate) carried: BTreeMap<u64, (Carry, Vec<Extent>)>,
    /// Requests that were answered, oldest first.
    pub(crate) answers: VecDeque<Answer>,
}

impl Live {
    /// Follows one entry or note, whose carries are at `extents`. False if they are not as many as it says.
    pub(crate) fn apply(&mut self, entry: &Entry, extents: &[Extent]) -> bool {
        if entry.checkpoint {
            *self = Self::default();
        }
        for file in &entry.delivered {
            self.files.remove(file);
            self.uploads.remove(file);
        }
        for upload in &entry.uploads {
            // Before a file's next upload is begun, those before it were aborted.
            self.uploads.insert(upload.file.clone(), upload.clone());
        }
        for Renamed { file, key, id } in &entry.renamed {
            if let Some(file) = self.files.get_mut(file) {
                (file.key, file.id) = (key.clone(), id.clone());
            }
        }
        let is_note = entry.delivered.len() + entry.uploads.len() + entry.renamed.len() > 0;
        if is_note && !entry.checkpoint && entry.number == self.number {
            return true;
        }
        self.number = entry.number;
        self.position = entry.position;
        self.next_parcel = entry.next_parcel;
        self.counts = entry.counts;
        for (source, to) in &entry.sources {
            self.forget_older(source);
            self.sources.insert(source.clone(), *to);
        }
        for sealed in &entry.sealed {
            self.carried.remove(&sealed.parcel);
            self.files.insert(sealed.file.clone(), sealed.clone());
        }
        for (carry, extent) in entry.carries.iter().zip(extents) {
            let (all, held) = self
                .carried
                .entry(carry.parcel)
                .or_insert_with(|| (Carry { records: 0, bytes: 0, ..carry.clone() }, Vec::new()));
            all.records += carry.records;
            all.bytes += carry.bytes;
            all.oldest_ms = all.oldest_ms.min(carry.oldest_ms);
            held.push(*extent);
        }
        self.answers.extend(entry.requests.iter().cloned());
        self.forget();
        entry.carries.len() == extents.len()
    }

    /// Forgets what the inode of a source was before: it is one file at a time.
    fn forget_older(&mut self, source: &str) {
        let Some(identity) = unhex(source) else { return };
        let (Some(node), Some(newest)) = (node_of(&identity), generation(&identity)) else { return };
        let node = hex(node);
        let of_node = self.sources.range(node.clone()..).take_while(|(held, _)| held.starts_with(&node));
        let older =
            |held: &String| unhex(held).and_then(|held| generation(&held)).is_some_and(|held| held < newest);
        let gone: Vec<String> = of_node.map(|(held, _)| held).filter(|held| older(held)).cloned().collect();
        for held in gone {
            self.sources.remove(&held);
        }
    }

    /// Forgets answers that nobody asks for any more, by the time of the newest one.
    fn forget(&mut self) {
        let newest = self.answers.back().map_or(0, |answer| answer.at_ms);
        while self.answers.len() > MOST_ANSWERS
            || self.answers.front().is_some_and(|answer| answer.at_ms.saturating_add(REMEMBERED_MS) < newest)
        {
            self.answers.pop_front();
        }
    }

    /// An entry that says all of it, and where the bytes of its carries are.
    pub(crate) fn checkpoint(&self) -> (Entry, Vec<Vec<Extent>>) {
        let entry = Entry {
            number: self.number,
            position: self.position,
            next_parcel: self.next_parcel,
            checkpoint: true,
            sealed: self.files.values().cloned().collect(),
            carries: self.carried.values().map(|(carry, _)| carry.clone()).collect(),
            sources: self.sources.clone(),
            requests: self.answers.iter().cloned().collect(),
            uploads: self.uploads.values().cloned().collect(),
            renamed: Vec::new(),
            delivered: Vec::new(),
            counts: self.counts,
        };
        (entry, self.carried.values().map(|(_, extents)| extents.clone()).collect())
    }

    /// The carries were copied: in the order of a [`checkpoint`](Self::checkpoint), each is one extent now.
    pub(crate) fn moved(&mut self, extents: Vec<Extent>) {
        for ((_, held), extent) in self.carried.values_mut().zip(extents) {
            *held = vec![extent];
        }
    }

    /// Bytes that a checkpoint would have, about.
    pub(crate) fn bytes(&self) -> u64 {
        // There may be very many of them with a few bytes each: what is said of them counts, too.
        let carried = self.carried.values().map(|(carry, _)| carry.bytes + 256 + words(carry));
        let carried: u64 = carried.sum();
        let (files, sources) = (self.files.len() as u64, self.sources.len() as u64);
        carried + 512 * (1 + files + sources + self.uploads.len() as u64) + 128 * self.answers.len() as u64
    }

    /// How far sources are settled, by their identities.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (Vec<u8>, u64)> {
        self.sources.iter().filter_map(|(source, to)| Some((unhex(source)?, *to)))
    }

    /// Whether nothing waits: no open parcel, no file to deliver.
    pub(crate) fn is_empty(&self) -> bool {
        self.carried.is_empty() && self.files.is_empty()
    }
}

/// Bytes of what a carry says of its group, about.
fn words(carry: &Carry) -> u64 {
    let Some(Group { prefix, values, .. }) = &carry.group else { return 0 };
    let words = prefix.iter().chain(values).map(|text| text.len() as u64 + 8);
    words.sum()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}
