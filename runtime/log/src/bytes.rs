//! Numbers out of bytes that may be anything, and back.

use crc_fast::CrcAlgorithm;

/// The CRC-32C of `bytes`.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    // The catalogue's name for it is CRC-32/ISCSI; the upper half of the answer is 0.
    let sum = crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(sum).unwrap_or_default()
}

/// Takes fields one after the other; `None` once the bytes are used up.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take(2).and_then(array).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take(4).and_then(array).map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take(8).and_then(array).map(u64::from_le_bytes)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// The first `N` bytes.
pub(crate) fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.first_chunk().copied()
}

/// Adds `numbers` to `out`.
pub(crate) fn put_u32s(out: &mut Vec<u8>, numbers: impl ExactSizeIterator<Item = u32>) {
    let start = out.len();
    out.resize(start + 4 * numbers.len(), 0);
    if let Some(place) = out.get_mut(start..) {
        for (bytes, number) in place.as_chunks_mut::<4>().0.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
    }
}

/// Adds `numbers` to `out`.
pub(crate) fn put_u64s(out: &mut Vec<u8>, numbers: &[u64]) {
    let start = out.len();
    out.resize(start + 8 * numbers.len(), 0);
    if let Some(place) = out.get_mut(start..) {
        for (bytes, number) in place.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
    }
}

/// The numbers that `bytes` hold.
pub(crate) fn u32s(bytes: &[u8]) -> impl ExactSizeIterator<Item = u32> + Clone {
    bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes))
}

/// The numbers that `bytes` hold.
pub(crate) fn u64s(bytes: &[u8]) -> impl ExactSizeIterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_catalogues_crc_32c() {
        assert_eq!(checksum(b"123456789"), 0xe306_9283);
        assert_eq!(checksum(b""), 0);
    }
}
