use std::fmt;

/// The least and the most bytes of a piece, unless what goes in is larger.
const PIECE: std::ops::RangeInclusive<usize> = 512..=256 << 10;

/// Bytes in pieces: growing moves none of them, and takes at most half as much again. There are many parcels, and each
/// grows a little at a time.
#[derive(Default)]
pub(crate) struct Pieces {
    full: Vec<Vec<u8>>,
    /// Bytes in `full`, and what these take in memory.
    before: u64,
    taken: u64,
    last: Vec<u8>,
}

impl Pieces {
    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        self.before + self.last.len() as u64
    }

    /// Bytes that they take in memory.
    pub(crate) fn memory(&self) -> u64 {
        self.taken + self.last.capacity() as u64
    }

    /// A piece with room for so many bytes more: append to it.
    pub(crate) fn room(&mut self, more: usize) -> &mut Vec<u8> {
        if self.last.capacity() - self.last.len() < more {
            let half = usize::try_from(self.len() / 2).unwrap_or(usize::MAX);
            let fresh = Vec::with_capacity(more.max(half.clamp(*PIECE.start(), *PIECE.end())));
            let full = std::mem::replace(&mut self.last, fresh);
            if !full.is_empty() {
                self.before += full.len() as u64;
                self.taken += full.capacity() as u64;
                self.full.push(full);
            }
        }
        &mut self.last
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.full.iter().chain([&self.last]).map(Vec::as_slice)
    }

    /// What is behind the first `skip` bytes, copied.
    pub(crate) fn behind(&self, skip: u64) -> Self {
        let (mut skip, mut copy) = (skip, Self::default());
        copy.last.reserve_exact(usize::try_from(self.len().saturating_sub(skip)).unwrap_or_default());
        for piece in self.iter() {
            let from = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            skip -= from as u64;
            copy.last.extend_from_slice(piece.get(from..).unwrap_or_default());
        }
        copy
    }

    /// The same without the first `skip` bytes, not copied as far as they are whole pieces.
    pub(crate) fn without(self, skip: u64) -> Self {
        let (mut skip, mut rest) = (skip, Self::default());
        for mut piece in self.full.into_iter().chain([self.last]) {
            let from = usize::try_from(skip).unwrap_or(usize::MAX).min(piece.len());
            skip -= from as u64;
            if from < piece.len() {
                piece.drain(..from);
                rest.before += piece.len() as u64;
                rest.taken += piece.capacity() as u64;
                rest.full.push(piece);
            }
        }
        rest
    }

    /// All of them in one.
    pub(crate) fn joined(mut self) -> Vec<u8> {
        if self.full.is_empty() {
            return self.last;
        }
        if self.full.len() == 1 && self.last.is_empty() {
            return self.full.pop().unwrap_or_default();
        }
        self.behind(0).last
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("bytes", &self.len()).field("memory", &self.memory()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_what_was_put_in(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 0..12), skip in 0usize..6_000) {
            let mut pieces = Pieces::default();
            for part in &parts {
                pieces.room(part.len()).extend_from_slice(part);
            }
            let all = parts.concat();
            let skip = skip.min(all.len());
            prop_assert_eq!(pieces.len(), all.len() as u64);
            prop_assert!(pieces.memory() >= pieces.len());
            prop_assert_eq!(pieces.iter().collect::<Vec<_>>().concat(), all.clone());
            let copy = pieces.behind(skip as u64);
            prop_assert_eq!(copy.iter().collect::<Vec<_>>().concat(), &all[skip..]);
            let rest = pieces.without(skip as u64);
            prop_assert_eq!(rest.len(), (all.len() - skip) as u64);
            prop_assert!(rest.memory() >= rest.len());
            prop_assert_eq!(rest.joined(), &all[skip..]);
        }
    }
}
