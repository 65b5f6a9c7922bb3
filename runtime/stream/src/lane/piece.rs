//! A frame on its way through the plugins, taken apart into the records that they see.

use standpipe_format::Place;
use standpipe_format::split::{Parts, Splitter, Unsplit};
use standpipe_record::{Batch, Column};

use super::REFUSED;

/// Parts that go through the plugins at a time, in bytes, but for the last source record's.
const PIECE_BYTES: usize = 1 << 20;

/// A frame that is under way.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Rare: its records without the beginnings of lines that are no record, and these. Those stand at its end, so
    /// the numbers of the records are the same.
    pub(super) apart: Option<(Batch, Vec<Unfit>)>,
    /// Where a stream takes records apart: what some records of the frame were taken apart into.
    pub(super) piece: Option<Piece>,
}

/// The beginning of a line that was too long to be a record.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) head: Vec<u8>,
    pub(super) arrival_ms: u64,
    pub(super) place: Place,
}

/// What neighbouring source records were taken apart into. Numbers of source records count from the frame's first.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) parts: Batch,
    /// For each part, the source record that it is of.
    pub(super) sources: Vec<u32>,
    /// Behind the last source record.
    pub(super) end: u32,
    /// Source records, or parts of them, that could not be taken apart, in their order.
    pub(super) failed: Vec<(u32, Unsplit)>,
    /// Source records that hold nothing, in their order.
    pub(super) dropped: Vec<u32>,
    /// Parts that are done.
    pub(super) done: u64,
}

impl Piece {
    /// Takes records of `frame` apart, from number `from` on.
    pub(super) fn of(frame: &Batch, from: u32, splitter: &mut Splitter) -> Self {
        let mut piece = Self { end: from, ..Self::default() };
        let mut arrivals = Vec::new();
        let mut parts = Parts::default();
        let mut failures = 0;
        while let Some(record) = frame.get(piece.end as usize) {
            let source = piece.end;
            let arrival = frame.arrival_ms().get(source as usize).copied().unwrap_or_default();
            let (before, dropped) = (parts.len(), parts.dropped());
            splitter.split(record, &mut parts);
            piece.sources.resize(parts.ends().len(), source);
            arrivals.resize(parts.ends().len(), arrival);
            piece.failed.extend(parts.failed().iter().skip(failures).map(|failed| (source, failed.clone())));
            let holds_nothing = parts.len() == before && parts.failed().len() == failures;
            if parts.dropped() > dropped && holds_nothing {
                piece.dropped.push(source);
            }
            failures = parts.failed().len();
            piece.end += 1;
            if parts.payload().len() >= PIECE_BYTES {
                break;
            }
        }
        let (payload, ends, _) = parts.into_parts();
        // An empty batch in its place would lose them without a word.
        piece.parts = Batch::from_parts(payload, ends, arrivals)
            .expect("ends of parts ascend to their payload, and each has an arrival");
        for column in frame.columns() {
            let mut inherited = Column::new(column.name(), 0);
            for source in &piece.sources {
                inherited.push(column.get(*source as usize));
            }
            drop(piece.parts.set_column(inherited));
        }
        piece
    }

    /// The source record that part `part` is of, or the end behind all.
    pub(super) fn source(&self, part: u64) -> u32 {
        let source = usize::try_from(part).ok().and_then(|part| self.sources.get(part));
        source.copied().unwrap_or(self.end)
    }

    /// Whether the parts before number `part` are whole source records.
    pub(super) fn is_whole(&self, part: u64) -> bool {
        part.checked_sub(1).is_none_or(|before| self.source(before) != self.source(part))
    }
}

/// Takes lines that are no record out of a batch, if it has any.
pub(super) fn set_apart(batch: &Batch) -> Option<(Batch, Vec<Unfit>)> {
    let refused = batch.column(REFUSED)?;
    let (mut records, mut lines) = (Batch::new(), Vec::new());
    for (number, (payload, arrival)) in batch.iter().zip(batch.arrival_ms()).enumerate() {
        let Some(place) = refused.get(number) else {
            // It was part of a batch, so it fits into this one.
            drop(records.push(payload, *arrival));
            continue;
        };
        let number = |at: usize| {
            place.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        let place = Place { offset: number(0), length: number(8) };
        lines.push(Unfit { head: payload.to_vec(), arrival_ms: *arrival, place });
    }
    Some((records, lines))
}
