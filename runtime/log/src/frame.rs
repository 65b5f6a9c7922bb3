//! Heads of frames and what their bodies hold. The format is in the crate's documentation.

mod body;
mod encode;

pub(crate) use body::{Body, Scratch};
pub(crate) use encode::{Place, encode, size};

use standpipe_record::Position;

use crate::bytes::{Fields, checksum};
use crate::{Flaw, MAX_BODY_BYTES, MAX_IDENTITY_BYTES};

/// Bytes of a frame before its body.
pub(crate) const HEAD: usize = 48;
/// Bytes of a checksum.
const SUM: usize = 4;
/// Every frame begins at a multiple of this.
pub(crate) const ALIGN: usize = 8;

const REQUEST: u16 = 1;
const SOURCE: u16 = 2;
const ONE_ARRIVAL: u16 = 4;

/// What ties a frame to its segment: what all its frames' salts begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Salt([u8; SALT]);

/// Incarnation, lane, segment, and the frame's offset.
const SALT: usize = 16 + 4 + 8 + 8;

impl Salt {
    pub(crate) fn new(incarnation: u128, lane: u32, number: u64) -> Self {
        let parts = [&incarnation.to_le_bytes()[..], &lane.to_le_bytes(), &number.to_le_bytes()];
        let mut salt = [0; SALT];
        for (place, byte) in salt.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
        Self(salt)
    }

    /// The checksum of a head at offset `at`, given without its own checksum.
    fn sum(&self, at: u64, head: &[u8]) -> u32 {
        let mut summed = [0; SALT + HEAD - SUM];
        let (salt, rest) = summed.split_at_mut(SALT);
        salt.copy_from_slice(&self.0);
        if let Some(place) = salt.last_chunk_mut() {
            *place = at.to_le_bytes();
        }
        for (place, byte) in rest.iter_mut().zip(head) {
            *place = *byte;
        }
        checksum(&summed)
    }
}

/// The head of a frame whose checksum was right.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    body_sum: u32,
    body: u32,
    pub(crate) records: u32,
    pub(crate) first: Position,
    pub(crate) mark: u64,
    payload: u32,
    tag: u16,
    identity: u16,
    columns: u16,
    flags: u16,
    zero: u32,
}

impl Head {
    /// The head at offset `at`. `None` if these bytes are not one.
    pub(crate) fn decode(salt: Salt, at: u64, bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes.get(..HEAD)?);
        let sum = fields.u32()?;
        if salt.sum(at, fields.rest()) != sum {
            return None;
        }
        Some(Self {
            body_sum: fields.u32()?,
            body: fields.u32()?,
            records: fields.u32()?,
            first: Position::new(fields.u64()?),
            mark: fields.u64()?,
            payload: fields.u32()?,
            tag: fields.u16()?,
            identity: fields.u16()?,
            columns: fields.u16()?,
            flags: fields.u16()?,
            zero: fields.u32()?,
        })
    }

    /// Refuses what this version does not write, before anything is made of it.
    pub(crate) fn check(&self, at: u64) -> Result<(), Flaw> {
        let most = |what, found: u64, limit: u64| {
            if found > limit { Err(Flaw::Length { what, found, limit }) } else { Ok(()) }
        };
        most("the body", u64::from(self.body), MAX_BODY_BYTES as u64)?;
        most("the payload", u64::from(self.payload), u64::from(self.body))?;
        most("the records", u64::from(self.records), u64::from(self.body / 4))?;
        most("the source's identity", u64::from(self.identity), MAX_IDENTITY_BYTES as u64)?;
        most("the mark", self.mark, at)?;
        if self.records == 0 {
            return Err(Flaw::Unknown("a frame without records"));
        }
        if self.tag != 0 {
            return Err(Flaw::Unknown("a tag"));
        }
        if self.flags & !(REQUEST | SOURCE | ONE_ARRIVAL) != 0 || self.zero != 0 {
            return Err(Flaw::Unknown("a flag"));
        }
        if self.first.checked_add(u64::from(self.records)).is_none() {
            return Err(Flaw::Unknown("a position that high"));
        }
        Ok(())
    }

    /// The position behind its last record.
    pub(crate) fn end(&self) -> Position {
        self.first.checked_add(u64::from(self.records)).unwrap_or(self.first)
    }

    /// Bytes of body.
    pub(crate) fn body_len(&self) -> usize {
        self.body as usize
    }

    /// Bytes of the whole frame, padding included.
    pub(crate) fn frame_len(&self) -> u64 {
        padded(HEAD + self.body_len()) as u64
    }

    /// Whether these are the body's bytes.
    pub(crate) fn fits(&self, body: &[u8]) -> bool {
        body.len() == self.body_len() && checksum(body) == self.body_sum
    }
}

fn padded(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN)
}
