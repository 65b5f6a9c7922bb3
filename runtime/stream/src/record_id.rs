//! What a producer is told of each record: opaque to it, and for an operator its place.
//!
//! Behind base64, 33 bytes: a version, the stream's incarnation, the lane, the record's position, and a CRC-32C over
//! the state folder's id and all of these, so that an id of another host, or one that was mistyped, is told apart.

use base64_simd::STANDARD;
use crc_fast::{CrcAlgorithm, checksum as crc};

/// The version of the layout.
const VERSION: u8 = 1;
const BYTES: usize = 33;
/// The length of an id, in characters.
pub const RECORD_ID_LEN: usize = 44;

/// The ids of records that were accepted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordIds {
    /// Of the state folder.
    pub(crate) state: u128,
    pub(crate) incarnation: u128,
    pub(crate) lane: u32,
    /// The position of the first record.
    pub(crate) first: u64,
}

/// Where a record is, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// The incarnation of the stream that has it.
    pub incarnation: u128,
    /// The lane.
    pub lane: u32,
    /// Its position.
    pub position: u64,
}

impl RecordIds {
    /// Appends the id of the record `number`, from 0, to a text.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        let place = RecordPlace {
            incarnation: self.incarnation,
            lane: self.lane,
            position: self.first.saturating_add(number),
        };
        STANDARD.encode_append(&place.bytes(self.state)[..], out);
    }

    /// The id of the record `number`, from 0.
    pub fn id(&self, number: u64) -> String {
        let mut out = Vec::with_capacity(RECORD_ID_LEN);
        self.write(number, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl RecordPlace {
    /// Reads an id that the host with this state folder has given out. None if it has not.
    pub(crate) fn read(id: &str, state: u128) -> Option<Self> {
        if id.len() != RECORD_ID_LEN {
            return None;
        }
        let bytes: [u8; BYTES] = STANDARD.decode_to_vec(id).ok()?.try_into().ok()?;
        let place = Self {
            incarnation: u128::from_be_bytes(bytes.get(1..17)?.try_into().ok()?),
            lane: u32::from_be_bytes(bytes.get(17..21)?.try_into().ok()?),
            position: u64::from_be_bytes(bytes.get(21..29)?.try_into().ok()?),
        };
        (place.bytes(state) == bytes).then_some(place)
    }

    fn bytes(&self, state: u128) -> [u8; BYTES] {
        let mut covered = [0; 16 + BYTES - 4];
        let (id, rest) = covered.split_at_mut(16);
        id.copy_from_slice(&state.to_be_bytes());
        let (version, rest) = rest.split_at_mut(1);
        version.fill(VERSION);
        let (incarnation, rest) = rest.split_at_mut(16);
        incarnation.copy_from_slice(&self.incarnation.to_be_bytes());
        let (lane, position) = rest.split_at_mut(4);
        lane.copy_from_slice(&self.lane.to_be_bytes());
        position.copy_from_slice(&self.position.to_be_bytes());
        let sum = u32::try_from(crc(CrcAlgorithm::Crc32Iscsi, &covered)).unwrap_or_default();
        let mut bytes = [0; BYTES];
        let (place, end) = bytes.split_at_mut(BYTES - 4);
        place.copy_from_slice(covered.split_at(16).1);
        end.copy_from_slice(&sum.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: RecordIds = RecordIds { state: 7, incarnation: 8, lane: 3, first: 1_000 };

    #[test]
    fn an_id_is_its_place_and_nothing_else_is() {
        let id = IDS.id(5);
        assert_eq!(id.len(), RECORD_ID_LEN);
        let place = RecordPlace { incarnation: 8, lane: 3, position: 1_005 };
        assert_eq!(RecordPlace::read(&id, 7), Some(place));
        assert_eq!(RecordPlace::read(&id, 8), None);
        for at in 0..id.len() {
            let mut other = id.clone().into_bytes();
            other[at] = if other[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(RecordPlace::read(&String::from_utf8(other).unwrap(), 7), None);
        }
        for wrong in ["", "AAAA", id.get(1..).unwrap(), &format!("{id}="), &"é".repeat(22)] {
            assert_eq!(RecordPlace::read(wrong, 7), None);
        }
    }

    #[test]
    fn ids_of_a_batch_differ_by_their_positions() {
        assert_ne!(IDS.id(0), IDS.id(1));
        assert_eq!(IDS.id(1), RecordIds { first: 1_001, ..IDS }.id(0));
    }
}
