use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use standpipe_record::Position;

use super::{Positions, Shared};
use crate::segment::path_of;
use crate::survey::Survey;
use crate::{Error, File, Span};

/// How many failed syncs are remembered for those who have yet to ask. Who asks later is told that his records
/// are lost, which can only make him append them again.
const ERAS: usize = 1024;

/// What is known of a log at one moment.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) positions: Positions,
    /// The segments in order.
    pub(crate) segments: VecDeque<Segment>,
    /// The last segment, if it is one that can be appended to.
    pub(super) tail: Option<Tail>,
    /// Whether somebody is in fsync.
    pub(super) syncing: bool,
    /// How many syncs have failed. A position means a record only together with its era.
    pub(super) era: u64,
    ended: VecDeque<Ended>,
    pub(super) woken: bool,
    /// Segments that hold nothing and could not be unlinked.
    pub(super) discarded: Vec<u64>,
}

/// A segment as far as it is durable.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    pub(crate) first: Position,
    /// Behind its last durable record.
    pub(crate) next: Position,
    /// Where its frames begin.
    pub(crate) from: u64,
    /// Behind its last durable frame.
    pub(crate) end: u64,
    /// Whether the file may have bytes behind that.
    pub(crate) is_void_behind: bool,
}

/// The segment that is appended to.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    /// Closed while the log rests.
    pub(super) file: Option<Arc<dyn File>>,
    pub(super) number: u64,
    /// Behind the last frame that was handed to the system whole.
    pub(super) written: u64,
    /// A write failed: nothing is to be appended any more.
    pub(super) spoiled: bool,
}

/// How an era ended.
#[derive(Debug)]
struct Ended {
    era: u64,
    durable: Position,
    cause: String,
}

/// What became of a span.
#[derive(Debug)]
pub(super) enum Fate {
    Durable,
    Written,
    Lost(String),
}

impl State {
    pub(super) fn after(survey: &Survey, settled: Position, next: Position) -> Self {
        let segments = survey.chain.iter().map(|found| Segment {
            number: found.header.number,
            first: found.header.first,
            next: found.next,
            from: found.from,
            end: found.end,
            // What was torn is cut.
            is_void_behind: false,
        });
        let positions = Positions { written: next, durable: next, settled };
        Self { positions, segments: segments.collect(), ..Self::default() }
    }

    /// Bytes that count in the quota.
    pub(super) fn bytes(&self) -> u64 {
        let durable: u64 = self.segments.iter().map(|segment| segment.end).sum();
        durable + self.pending()
    }

    /// Bytes of the tail that are not durable.
    fn pending(&self) -> u64 {
        let durable = self.segments.back().map_or(0, |last| last.end);
        self.tail.as_ref().map_or(0, |tail| tail.written.saturating_sub(durable))
    }

    pub(super) fn fate(&self, span: Span) -> Fate {
        if span.era == self.era {
            return match span.end {
                end if end <= self.positions.durable => Fate::Durable,
                end if end <= self.positions.written => Fate::Written,
                _ => Fate::Lost("the log never gave out this span".into()),
            };
        }
        match self.ended.iter().rev().find(|ended| ended.era == span.era) {
            Some(ended) if span.end <= ended.durable => Fate::Durable,
            Some(ended) => Fate::Lost(ended.cause.clone()),
            None => Fate::Lost("a sync failed long ago".into()),
        }
    }

    /// Segment `number` is durable to `end`, where `next` would begin.
    pub(super) fn advance(&mut self, number: u64, end: u64, next: Position) {
        if let Some(segment) = self.segments.iter_mut().rev().find(|segment| segment.number == number) {
            segment.end = segment.end.max(end);
            segment.next = segment.next.max(next);
            self.positions.durable = self.positions.durable.max(next);
        }
    }

    /// Nothing is appended to the tail again.
    pub(super) fn spoil(&mut self) {
        if let Some(tail) = &mut self.tail {
            tail.spoiled = true;
            if let Some(last) = self.segments.back_mut() {
                last.is_void_behind = true;
            }
        }
    }

    /// What is written and not durable is lost, and the tail is not appended to again. Returns the bytes that
    /// no longer count.
    pub(super) fn lose(&mut self, cause: String) -> u64 {
        let bytes = self.pending();
        self.spoil();
        self.tail = None;
        self.ended.push_back(Ended { era: self.era, durable: self.positions.durable, cause });
        if self.ended.len() > ERAS {
            self.ended.pop_front();
        }
        self.era += 1;
        self.positions.written = self.positions.durable;
        bytes
    }
}

/// Where a reader finds durable frames.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) first: Position,
    pub(crate) from: u64,
    pub(crate) end: u64,
}

impl Shared {
    /// The segment that record `position` is in. `None` if it is not durable yet.
    pub(crate) fn stretch(&self, position: Position) -> Result<Option<Stretch>, Error> {
        let state = self.state();
        let folder = &self.open.folder;
        let end = state.positions.durable;
        if position >= end {
            return Ok(None);
        }
        let place = state.segments.partition_point(|segment| segment.next <= position);
        match state.segments.get(place).filter(|segment| segment.first <= position) {
            Some(&Segment { number, first, from, end, .. }) => {
                Ok(Some(Stretch { number, path: path_of(folder, number), first, from, end }))
            }
            None => {
                let first = state.segments.front().map_or(end, |front| front.first);
                Err(Error::Absent { folder: folder.clone(), position, first, end })
            }
        }
    }
}
