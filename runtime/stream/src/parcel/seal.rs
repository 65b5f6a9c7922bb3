use sha2::{Digest, Sha256};
use standpipe_format::{Compression, Compressor, Naming};

use super::Parcel;
use crate::Plan;
use crate::entry::SealedFile;

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
    /// what the journal has of it; `compressor` is kept from one to the next.
    pub(crate) fn seal<E>(
        self,
        plan: &Plan,
        origin: Origin,
        entry: u64,
        ordinal: usize,
        compressor: &mut Option<Compressor>,
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
        let outlet = plan.outlet(self.of.role());
        let (compression, level) = (outlet.compression_of(&self.of), outlet.layout.level);
        let id = u128::from(random()) << 64 | u128::from(random());
        let name = Naming { stream: &plan.name, version: plan.version, oldest_ms: self.oldest_ms, id };
        let key = outlet.key(&name, &self.of, &mut random);
        let body = if compression == Compression::None && self.freed == 0 {
            self.raw.joined()
        } else {
            // Many small parcels are sealed one after the other: what compresses is made once.
            let same = compressor.take().filter(|compressor| compressor.is(compression, level));
            let compressor = compressor.insert(same.unwrap_or_else(|| Compressor::new(compression, level)));
            let mut encoder = compressor.object(id, Some(self.freed + self.raw.len()), Vec::new());
            early(&mut |piece| encoder.write(piece))?;
            for piece in self.raw.iter() {
                encoder.write(piece);
            }
            encoder.finish()
        };
        let about = SealedFile {
            file: format!("{entry:020}-{ordinal:05}"),
            parcel: self.id,
            pack: None,
            at: 0,
            role: self.of.role(),
            key,
            id: format!("{id:032x}"),
            records: self.records,
            bytes: body.len() as u64,
            sha256: hex(&Sha256::digest(&body)),
            oldest_ms: Some(self.oldest_ms).filter(|oldest| *oldest != u64::MAX),
            encoding: compression.content_encoding().map(str::to_owned),
            plugins: plan.digests.clone(),
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
