//! Names and headers of segments.

use std::path::{Path, PathBuf};

use standpipe_record::Position;

use crate::bytes::{Fields, array, checksum};
use crate::{Error, FORMAT_VERSION, Flaw};

const MAGIC: &[u8; 8] = b"STNDPLOG";
/// Where the length of the cipher block stands.
const CIPHER_AT: usize = 64;
/// Everything before the cipher block.
const FIXED: usize = CIPHER_AT + 4;
/// A header without a cipher block and without padding.
const SMALLEST: usize = FIXED + 4;
/// The longest cipher block that is read.
const MAX_CIPHER: usize = 4096;
/// Enough bytes of a segment to read any header.
pub(crate) const MAX_HEADER: usize = (SMALLEST + MAX_CIPHER).next_multiple_of(8);

/// What a segment's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) lane: u32,
    pub(crate) incarnation: u128,
    pub(crate) number: u64,
    pub(crate) first: Position,
    pub(crate) predecessor: Option<Predecessor>,
}

/// The segment before, and how much of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Predecessor {
    pub(crate) number: u64,
    pub(crate) end: u64,
}

impl Header {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (before, end) = self.predecessor.map_or((0, 0), |before| (before.number, before.end));
        let mut out = Vec::with_capacity(SMALLEST.next_multiple_of(8));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.lane.to_le_bytes());
        out.extend_from_slice(&self.incarnation.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.first.get().to_le_bytes());
        out.extend_from_slice(&before.to_le_bytes());
        out.extend_from_slice(&end.to_le_bytes());
        // The cipher block is empty.
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out.resize(out.len().next_multiple_of(8), 0);
        out
    }

    /// Reads the header at the beginning of `bytes`, and its length with padding.
    pub(crate) fn decode(path: &Path, bytes: &[u8]) -> Result<(Self, usize), Error> {
        let corrupt = |at: usize, flaw: Flaw| Error::corrupt(path, at as u64, flaw);
        if bytes.len() < 12 {
            return Err(corrupt(bytes.len(), Flaw::Header));
        }
        let mut fields = Fields::new(bytes);
        if fields.take(8) != Some(MAGIC) {
            return Err(corrupt(0, Flaw::Magic));
        }
        // A later format may lay out everything else differently.
        let found = fields.u32().unwrap_or_default();
        if found > FORMAT_VERSION {
            return Err(Error::Version { path: path.to_owned(), found });
        }
        let cipher = bytes.get(CIPHER_AT..).and_then(array).map(u32::from_le_bytes);
        let cipher = cipher.ok_or_else(|| corrupt(bytes.len(), Flaw::Header))? as usize;
        if cipher > MAX_CIPHER {
            let flaw =
                Flaw::Length { what: "the cipher block", found: cipher as u64, limit: MAX_CIPHER as u64 };
            return Err(corrupt(CIPHER_AT, flaw));
        }
        let sum_at = FIXED + cipher;
        let length = (sum_at + 4).next_multiple_of(8);
        let (Some(summed), Some(sum), Some(_)) =
            (bytes.get(..sum_at), bytes.get(sum_at..).and_then(array), bytes.get(..length))
        else {
            return Err(corrupt(bytes.len(), Flaw::Header));
        };
        if checksum(summed) != u32::from_le_bytes(sum) {
            return Err(corrupt(0, Flaw::Checksum("its header")));
        }
        if found == 0 {
            return Err(corrupt(8, Flaw::Unknown("format version 0")));
        }
        if cipher > 0 {
            return Err(corrupt(CIPHER_AT, Flaw::Unknown("a cipher block")));
        }
        let header = Self::fields(&mut fields).ok_or_else(|| corrupt(bytes.len(), Flaw::Header))?;
        Ok((header, length))
    }

    fn fields(fields: &mut Fields<'_>) -> Option<Self> {
        let lane = fields.u32()?;
        let incarnation = u128::from_le_bytes(array(fields.take(16)?)?);
        let number = fields.u64()?;
        let first = Position::new(fields.u64()?);
        let before = Predecessor { number: fields.u64()?, end: fields.u64()? };
        let predecessor = (before.number != 0).then_some(before);
        Some(Self { lane, incarnation, number, first, predecessor })
    }
}

/// Whether these bytes, all of a segment, are what an interrupted creation can leave: a beginning of a
/// header and otherwise zeros. No frame is written before the header is durable.
pub(crate) fn is_unfinished(bytes: &[u8]) -> bool {
    let written = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let start = bytes.get(..written.min(MAGIC.len())).unwrap_or_default();
    written < SMALLEST && MAGIC.starts_with(start)
}

/// The file of segment `number`.
pub(crate) fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:020}.log"))
}

/// The number of the segment named `name`. `None` if it is not a segment's name.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&number| plain && number > 0)
}
