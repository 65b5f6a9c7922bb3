use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Rng;

/// What a disk keeps or loses as one.
const PIECE: usize = 512;

/// How many earlier states of a piece are remembered between two syncs.
const STATES: usize = 3;

/// The bytes of a file, as they are and as a power cut would leave them.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Pieces written since the last sync, with what was in them in between: the system may have written
    /// any of these states.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// Pieces that a failed sync left behind: clean for the system, unknown on the disk.
    doubtful: BTreeSet<usize>,
    len_dirty: bool,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    pub(super) fn read(&self, at: usize, into: &mut [u8]) -> usize {
        let rest = self.live.get(at..).unwrap_or_default();
        let count = rest.len().min(into.len());
        if let (Some(into), Some(from)) = (into.get_mut(..count), rest.get(..count)) {
            into.copy_from_slice(from);
        }
        count
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = at + bytes.len();
        if at > self.live.len() {
            self.set_len(at);
        }
        self.touch(at..end);
        if end > self.live.len() {
            self.live.resize(end, 0);
        }
        // A write behind the length on the disk brings the length along, also after a failed sync.
        self.len_dirty |= end > self.durable.len();
        if let Some(place) = self.live.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
    }

    /// Some of a write: nothing, a beginning, any pieces, or all.
    pub(super) fn write_partly(&mut self, at: usize, bytes: &[u8], rng: &mut Rng) {
        match rng.below(4) {
            0 => {}
            1 => self.write(at, bytes.get(..rng.below(bytes.len())).unwrap_or_default()),
            2 => self.write(at, bytes),
            _ => {
                let mut from = 0;
                while from < bytes.len() {
                    let to = (PIECE - (at + from) % PIECE + from).min(bytes.len());
                    if rng.coin() {
                        self.write(at + from, bytes.get(from..to).unwrap_or_default());
                    }
                    from = to;
                }
            }
        }
    }

    pub(super) fn set_len(&mut self, len: usize) {
        let before = self.live.len();
        if len > before {
            // What was there before the file was cut must not shine through.
            self.touch(before..len);
        }
        self.live.resize(len, 0);
        self.len_dirty |= len != before;
    }

    pub(super) fn sync(&mut self) {
        if self.len_dirty {
            self.durable.resize(self.live.len(), 0);
        }
        for piece in std::mem::take(&mut self.dirty).into_keys() {
            self.doubtful.remove(&piece);
            let from = piece * PIECE;
            let to = (from + PIECE).min(self.live.len()).min(self.durable.len());
            if let (Some(durable), Some(live)) = (self.durable.get_mut(from..to), self.live.get(from..to)) {
                durable.copy_from_slice(live);
            }
        }
        self.len_dirty = false;
    }

    pub(super) fn fail_sync(&mut self) {
        self.doubtful.extend(std::mem::take(&mut self.dirty).into_keys());
        self.len_dirty = false;
    }

    /// What a power cut leaves.
    pub(super) fn after_cut(&self, rng: &mut Rng) -> Self {
        let (low, high) = (self.live.len().min(self.durable.len()), self.live.len().max(self.durable.len()));
        let len = match rng.below(3) {
            0 => self.live.len(),
            1 => self.durable.len(),
            _ => low + rng.below(high - low + 1),
        };
        let mut kept = Vec::with_capacity(len);
        for piece in 0..len.div_ceil(PIECE) {
            kept.extend_from_slice(&self.piece_after_cut(piece, rng));
        }
        kept.truncate(len);
        Self { live: kept.clone(), durable: kept, ..Self::default() }
    }

    fn piece_after_cut(&self, piece: usize, rng: &mut Rng) -> Vec<u8> {
        let live = piece_of(&self.live, piece);
        let durable = piece_of(&self.durable, piece);
        let between = self.dirty.get(&piece).map(Vec::as_slice).unwrap_or_default();
        let unknown = self.dirty.contains_key(&piece)
            || self.doubtful.contains(&piece)
            || piece * PIECE + PIECE > self.live.len();
        if !unknown {
            return live;
        }
        match rng.below(2 + between.len()) {
            0 => live,
            1 => durable,
            other => between.get(other - 2).cloned().unwrap_or(live),
        }
    }

    fn touch(&mut self, range: Range<usize>) {
        for piece in range.start / PIECE..range.end.div_ceil(PIECE) {
            let state = piece_of(&self.live, piece);
            match self.dirty.get_mut(&piece) {
                Some(between) if between.len() < STATES => between.push(state),
                Some(_) => {}
                None => {
                    self.dirty.insert(piece, Vec::new());
                }
            }
        }
    }
}

/// A piece, filled up with zeros.
fn piece_of(bytes: &[u8], piece: usize) -> Vec<u8> {
    let rest = bytes.get(piece * PIECE..).unwrap_or_default();
    let mut state = rest.get(..PIECE.min(rest.len())).unwrap_or_default().to_vec();
    state.resize(PIECE, 0);
    state
}
