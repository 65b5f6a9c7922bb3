use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use standpipe_format::{
    Compression, Delimiter, Encoder, Level, Moment, ObjectName, PROCESSING_FAILED, append_records,
};
use standpipe_record::{Position, View};

use crate::Plan;
use crate::budget::Detached;
use crate::entry::{Answer, Carry, Counts, Role, SealedFile};

/// By how much an open parcel grows at a time, in bytes, at the most.
const MOST_STEP: usize = 1 << 20;

/// What is being gathered for one object: its bytes as they were written, before compression.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) id: u64,
    pub(crate) role: Role,
    /// Its bytes in the journal alone. They come before `raw`.
    pub(crate) freed: u64,
    raw: Vec<u8>,
    records: u64,
    pub(crate) opened_ms: u64,
    oldest_ms: u64,
    /// How much of it entries keep, or will by the cuts that were taken.
    carried: u64,
    carried_records: u64,
}

impl Parcel {
    pub(crate) fn open(id: u64, role: Role, now_ms: u64) -> Self {
        let (opened_ms, oldest_ms) = (now_ms, u64::MAX);
        let raw = Vec::new();
        Self { id, role, freed: 0, raw, records: 0, opened_ms, oldest_ms, carried: 0, carried_records: 0 }
    }

    /// One that entries kept. Its bytes stay where they are.
    pub(crate) fn restore(carry: &Carry) -> Self {
        let Carry { parcel: id, role, opened_ms, oldest_ms, records, bytes } = *carry;
        let (raw, carried_records) = (Vec::new(), records);
        Self { id, role, freed: bytes, raw, records, opened_ms, oldest_ms, carried: bytes, carried_records }
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
        let more = outputs.payload().len() + outputs.len();
        if self.raw.capacity() - self.raw.len() < more {
            // Large ones grow by steps: doubling would take memory that is never used.
            self.raw.reserve_exact(more.max(self.raw.capacity().min(MOST_STEP)));
        }
        append_records(&mut self.raw, outputs, delimiter);
        self.records += taken as u64;
        taken
    }

    /// Adds a line of the error output, written by `write`.
    pub(crate) fn add_line(&mut self, arrival_ms: u64, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.raw);
        self.oldest_ms = self.oldest_ms.min(arrival_ms);
        self.records += 1;
    }

    /// When its oldest record arrived, in milliseconds since 1970.
    pub(crate) fn oldest_ms(&self) -> u64 {
        self.oldest_ms
    }

    /// Its size, wherever its bytes are.
    pub(crate) fn bytes(&self) -> u64 {
        self.freed + self.raw.len() as u64
    }

    /// Bytes that it takes in memory.
    pub(crate) fn memory(&self) -> u64 {
        self.raw.capacity() as u64
    }

    /// What it gained since the last cut, if anything. With `free`, no byte of it stays in memory.
    fn gain(&mut self, free: bool) -> Option<(Carry, Vec<u8>)> {
        let (bytes, fresh) = (self.bytes(), usize::try_from(self.carried - self.freed).unwrap_or(usize::MAX));
        let gained = if free {
            self.freed = bytes;
            let mut raw = std::mem::take(&mut self.raw);
            raw.drain(..fresh.min(raw.len()));
            raw
        } else {
            self.raw.get(fresh..).unwrap_or_default().to_vec()
        };
        if gained.is_empty() {
            return None;
        }
        let carry = Carry {
            parcel: self.id,
            role: self.role,
            opened_ms: self.opened_ms,
            oldest_ms: self.oldest_ms,
            records: self.records - self.carried_records,
            bytes: gained.len() as u64,
        };
        (self.carried, self.carried_records) = (bytes, self.records);
        Some((carry, gained))
    }
}

/// What was taken out of a lane between two batches.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Every record before it is in `due`, in `carries`, in an earlier cut, or was dropped.
    pub(crate) position: Position,
    pub(crate) next_parcel: u64,
    pub(crate) due: Vec<Parcel>,
    pub(crate) carries: Vec<(Carry, Vec<u8>)>,
    pub(crate) sources: BTreeMap<String, u64>,
    pub(crate) requests: Vec<Answer>,
    pub(crate) counts: Counts,
    /// What it holds of the memory budget, until it is durable.
    pub(crate) held: Option<Detached>,
}

impl Cut {
    pub(crate) fn gains(open: &mut BTreeMap<Role, Parcel>, free: bool) -> Vec<(Carry, Vec<u8>)> {
        open.values_mut().filter_map(|parcel| parcel.gain(free)).collect()
    }

    /// Bytes that it takes in memory.
    pub(crate) fn memory(&self) -> u64 {
        let due: u64 = self.due.iter().map(Parcel::memory).sum();
        due + self.carries.iter().map(|(_, bytes)| bytes.capacity() as u64).sum::<u64>()
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

/// What object names are made of besides the stream and the time: 128 random bits of the state folder and of
/// the incarnation, and where the file stands in the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) state: u128,
    pub(crate) incarnation: u128,
    pub(crate) lane: u32,
}

/// A sealed parcel whose file is not written yet.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) about: SealedFile,
    pub(crate) body: Vec<u8>,
}

impl Parcel {
    /// Compresses it and fixes its key. The same parcel, number and ordinal give the same object. `early` gives
    /// what the journal has of it.
    pub(crate) fn seal<E>(
        self,
        plan: &Plan,
        origin: Origin,
        entry: u64,
        ordinal: usize,
        early: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), E>,
    ) -> Result<Sealed, E> {
        let mut drawn = 0u64;
        let mut random = || {
            let mut hash = Sha256::new();
            hash.update(origin.state.to_le_bytes());
            hash.update(origin.incarnation.to_le_bytes());
            hash.update(origin.lane.to_le_bytes());
            hash.update(entry.to_le_bytes());
            hash.update((ordinal as u64).to_le_bytes());
            hash.update(drawn.to_le_bytes());
            drawn += 1;
            hash.finalize().first_chunk().copied().map_or(0, u64::from_le_bytes)
        };
        let moment = Moment::utc(self.oldest_ms);
        let (prefix, error_type, compression) = match self.role {
            Role::Destination => (plan.prefixes.destination(), None, plan.compression),
            // Firehose's error output is never compressed.
            Role::ErrorOutput => (plan.prefixes.error_output(), Some(PROCESSING_FAILED), Compression::None),
        };
        let id = u128::from(random()) << 64 | u128::from(random());
        let name = ObjectName {
            stream: &plan.name,
            version: 1,
            moment: &moment,
            id,
            extension: compression.extension(),
        };
        let key = name.key(&prefix.evaluate(&moment, error_type, &mut random));
        let body = if compression == Compression::None && self.freed == 0 {
            self.raw
        } else {
            let mut encoder = Encoder::new(compression, Level::default(), Vec::new());
            early(&mut |piece| encoder.write(piece))?;
            encoder.write(&self.raw);
            encoder.finish()
        };
        let about = SealedFile {
            file: format!("{entry:020}-{ordinal:05}"),
            parcel: self.id,
            role: self.role,
            key,
            id: format!("{id:032x}"),
            records: self.records,
            bytes: body.len() as u64,
            sha256: hex(&Sha256::digest(&body)),
            oldest_ms: Some(self.oldest_ms).filter(|oldest| *oldest != u64::MAX),
            encoding: compression.content_encoding().map(str::to_owned),
            plugins: plan.plugins.iter().map(|plugin| plugin.id().digest.clone()).collect(),
        };
        Ok(Sealed { about, body })
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
