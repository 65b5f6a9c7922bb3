use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use standpipe_format::split::Splitter;
use standpipe_log::{Frame, Reader};
use standpipe_plugin::{Chain, StartError, Step};
use standpipe_record::{Batch, Cause, Failure, MAX_RECORD_BYTES, Outcomes, Position};

use crate::Plan;
use crate::entry::Answer;
use crate::keeper::{KeepError, Recovered};
use crate::metrics::{Amount, add};
use crate::parcel::{Cut, Parcel, hex};
use crate::parcels::Parcels;

mod gather;
mod piece;

use gather::Gather;
use piece::{Pending, Piece, Unfit, set_apart};

/// Records between two cuts at the most, in bytes of log: what a crash makes run again.
const MOST_UNSETTLED: u64 = 64 << 20;
/// Parcels that are due within this time, in milliseconds, are sealed together.
const TOGETHER_MS: u64 = 250;

/// The column of a record that is only the beginning of a line too long to be one: its value is offset and
/// length of the line, 8 bytes each, little-endian.
pub(crate) const REFUSED: &str = "standpipe:refused";

/// What runs records through plugins: the host's chain, or a stand-in in tests.
pub(crate) trait Transform {
    /// Turns to a new batch, which starts at `position` of `lane`.
    fn begin(&mut self, lane: u32, position: u64);
    /// Works on; see [`Chain::step`].
    fn step(&mut self, batch: &Batch, out: &mut Outcomes) -> Result<Step, StartError>;
    /// Nothing was given for a while.
    fn idle(&mut self) {}
    /// Says what bad records cost since `elapsed` ago, if they cost much.
    fn tell(&self, _stream: &str, _elapsed: Duration) {}
}

impl Transform for Chain {
    fn begin(&mut self, lane: u32, position: u64) {
        Chain::begin(self, lane, position);
    }

    fn step(&mut self, batch: &Batch, out: &mut Outcomes) -> Result<Step, StartError> {
        Chain::step(self, batch, out)
    }

    fn idle(&mut self) {
        Chain::idle(self);
    }

    fn tell(&self, stream: &str, elapsed: Duration) {
        for worker in self.workers() {
            if let Some(health) = worker.stats().health(elapsed) {
                tracing::warn!(stream, plugin = worker.plugin().id().name, "{health}");
            }
        }
    }
}

/// One ordered share of a stream: reads its log, runs the plugins, gathers parcels, and says when a cut is due.
/// It touches no disk but by reading the log, so whatever it holds may be thrown away.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    plan: Arc<Plan>,
    /// Its number in the stream.
    number: u32,
    pub(crate) transform: T,
    reader: Reader,
    frame: Frame,
    /// What of `frame` is not transformed yet, if anything.
    pending: Option<Pending>,
    outcomes: Outcomes,
    /// Takes records apart, if the stream does.
    splitter: Option<Splitter>,
    gather: Gather,
    /// Every record before it is in the parcels. Some behind it may be, while `torn`.
    position: Position,
    torn: bool,
    sources: BTreeMap<String, u64>,
    requests: Vec<Answer>,
    /// Bytes read from the log in all.
    read: u64,
    /// Bytes read since the last cut, and when the first of them were.
    unsettled: u64,
    since_ms: Option<u64>,
    settled: Position,
}

impl<T: Transform> Lane<T> {
    pub(crate) fn new(plan: Arc<Plan>, number: u32, transform: T, recovered: &mut Recovered) -> Self {
        let open = std::mem::take(&mut recovered.open);
        let gather = Gather::new(Arc::clone(&plan), open, recovered.next_parcel, recovered.counts);
        Self {
            splitter: plan.split.clone().map(Splitter::new),
            plan,
            number,
            transform,
            reader: recovered.log.reader(recovered.position),
            frame: Frame::new(),
            pending: None,
            outcomes: Outcomes::default(),
            gather,
            position: recovered.position,
            torn: false,
            sources: BTreeMap::new(),
            requests: Vec::new(),
            read: 0,
            unsettled: 0,
            since_ms: None,
            settled: recovered.position,
        }
    }

    /// Before the first record that is not transformed.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    fn parcels(&self) -> &Parcels {
        &self.gather.parcels
    }

    /// When the oldest record in open parcels, or under way, arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        let under_way = self.pending.as_ref().and_then(|_| self.frame.batch().arrival_ms().first().copied());
        let open = self.parcels().oldest_ms();
        open.into_iter().chain(under_way).min().filter(|oldest| *oldest != u64::MAX)
    }

    /// Open parcels, and their bytes wherever they are.
    pub(crate) fn open(&self) -> Amount {
        self.parcels().amount()
    }

    /// Bytes of open parcels in memory.
    pub(crate) fn memory(&self) -> u64 {
        self.parcels().memory()
    }

    /// Bytes read from the log so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// Closes files and gives back memory that nobody needs while nothing comes.
    pub(crate) fn rest(&mut self) {
        self.reader.rest();
        self.transform.idle();
        if self.pending.is_none() {
            (self.frame, self.outcomes) = (Frame::new(), Outcomes::default());
        }
    }

    /// Works for a moment on the next frame of the log. False if there is none that is durable.
    pub(crate) fn advance(&mut self) -> Result<bool, AdvanceError> {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => match self.next_frame()? {
                Some(pending) => pending,
                None => return Ok(false),
            },
        };
        let Pending { apart, mut piece } = pending;
        let frame = std::mem::take(&mut self.frame);
        let records = apart.as_ref().map_or(frame.batch(), |(records, _)| records);
        if let Some(splitter) = self.splitter.as_mut().filter(|_| piece.is_none()) {
            let from = done_of(&frame, self.position);
            piece = Some(Piece::of(records, from, splitter));
            let first = frame.first().checked_add(from.into()).unwrap_or(frame.first());
            self.transform.begin(self.number, first.get());
            self.outcomes.clear();
        }
        let batch = piece.as_ref().map_or(records, |piece| &piece.parts);
        let step =
            if batch.is_empty() { Ok(Step::Done) } else { self.transform.step(batch, &mut self.outcomes) };
        if let Ok(Step::Part | Step::Done) = step {
            self.gather.take(&mut self.outcomes, batch, piece.as_ref());
        }
        let mut is_over = false;
        match step {
            Ok(Step::Part) => self.part_done(&frame, records, piece.as_mut()),
            Ok(Step::Done) => {
                let end = piece.as_ref().map_or(records.len(), |piece| piece.end as usize);
                self.reach(&frame, records, u32::try_from(end).unwrap_or(u32::MAX), piece.take().as_mut());
                self.torn = false;
                is_over = end >= records.len();
            }
            _ => {}
        }
        if let Ok(Step::Part | Step::Done) = step {
            self.outcomes.clear();
        }
        self.frame = frame;
        if is_over {
            self.finish(apart);
        } else {
            self.pending = Some(Pending { apart, piece });
        }
        step.map_err(AdvanceError::Plugin)?;
        Ok(true)
    }

    /// Reads a frame, if one is durable.
    fn next_frame(&mut self) -> Result<Option<Pending>, AdvanceError> {
        if !self.reader.next(&mut self.frame).map_err(KeepError::Log)? {
            return Ok(None);
        }
        let batch = self.frame.batch();
        add(&self.plan.metrics.read, batch.len() as u64);
        add(&self.plan.metrics.read_bytes, batch.payload().len() as u64);
        self.read += batch.payload().len() as u64;
        self.unsettled += batch.payload().len() as u64;
        self.since_ms.get_or_insert_with(|| self.plan.clock.now_ms());
        self.transform.begin(self.number, self.frame.first().get());
        self.outcomes.clear();
        let apart = set_apart(batch);
        self.remember();
        Ok(Some(Pending { apart, piece: None }))
    }

    /// Some of the records that the transform was given are done. The position follows if these are all up to one.
    fn part_done(&mut self, frame: &Frame, records: &Batch, piece: Option<&mut Piece>) {
        let before = piece.as_ref().map_or_else(|| done_of(frame, self.position).into(), |piece| piece.done);
        let Some(reached) = finished(&self.outcomes, before).filter(|_| !self.torn) else {
            self.torn = true;
            return;
        };
        let Some(piece) = piece else {
            return self.reach(frame, records, u32::try_from(reached).unwrap_or(u32::MAX), None);
        };
        piece.done = reached;
        if piece.is_whole(reached) {
            self.reach(frame, records, piece.source(reached), Some(piece));
        } else {
            // A part of a source record is in the parcels, others are not.
            self.torn = true;
        }
    }

    /// Source records of the frame before number `until` are done.
    fn reach(&mut self, frame: &Frame, records: &Batch, until: u32, piece: Option<&mut Piece>) {
        let from = done_of(frame, self.position);
        self.gather.reach(records, from..until, piece);
        if let Some(position) = frame.first().checked_add(until.into()) {
            self.gather.counts.records += position.since(self.position).unwrap_or_default();
            self.position = position;
        }
    }

    /// The frame is done.
    fn finish(&mut self, apart: Option<(Batch, Vec<Unfit>)>) {
        for line in apart.into_iter().flat_map(|(_, lines)| lines) {
            let failure = too_large(line.place.length);
            self.gather.fail(&line.head, &failure, line.arrival_ms, Some(line.place));
        }
        let end = self.frame.end();
        self.gather.counts.records += end.since(self.position).unwrap_or_default();
        self.position = end;
        if let Some(source) = self.frame.source() {
            self.sources.insert(hex(&source.identity), source.to);
        }
    }

    /// Has the next entry remember the request that the frame came with. Once a part of the frame is settled, an
    /// entry does already.
    fn remember(&mut self) {
        let (frame, batch) = (&self.frame, self.frame.batch());
        if let Some(request) = frame.request().filter(|_| frame.is_whole()) {
            self.requests.push(Answer {
                id: hex(&request.0),
                at_ms: batch.arrival_ms().iter().max().copied().unwrap_or_default(),
                first: frame.first().get(),
                records: batch.len() as u64,
            });
        }
    }

    /// Whether a cut is due now: a parcel is full or old, or much is unsettled, or for long.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        self.parcels().has_full() || self.unsettled >= MOST_UNSETTLED || self.due_in(now_ms) == Some(0)
    }

    /// Milliseconds until the oldest open parcel or the oldest unsettled record is due, if there is one.
    pub(crate) fn due_in(&self, now_ms: u64) -> Option<u64> {
        let parcels = self.parcels().first_opened().map(|parcel| left(&self.plan, parcel, now_ms));
        let unsettled = self.since_ms.map(|since_ms| until(self.plan.destination.interval, since_ms, now_ms));
        parcels.chain(unsettled).min()
    }

    /// Takes out what is due and what the others gained. None if nothing happened since the last cut, or while a
    /// part of a batch lies in the parcels that cannot be told by a position.
    pub(crate) fn cut(&mut self, what: Take, now_ms: u64) -> Option<Cut> {
        if self.torn {
            return None;
        }
        let plan = &self.plan;
        let due = self.gather.parcels.take(|parcel| match what {
            Take::All => true,
            // Those that are due soon go with the others, so that one entry does for them.
            Take::Due | Take::Freed => left(plan, parcel, now_ms) <= TOGETHER_MS,
            Take::Nothing => false,
        });
        let prefix = plan.destination.prefix();
        let carries = self.gather.parcels.gains(what == Take::Freed, prefix);
        if due.is_empty() && self.position == self.settled {
            debug_assert!(carries.is_empty(), "nothing was gained without a record");
            return None;
        }
        (self.unsettled, self.since_ms) = (0, None);
        self.settled = self.position;
        Some(Cut {
            position: self.position,
            next_parcel: self.gather.parcels.next(),
            due,
            carries,
            sources: std::mem::take(&mut self.sources),
            requests: std::mem::take(&mut self.requests),
            counts: self.gather.counts,
            held: None,
        })
    }
}

/// Milliseconds until a parcel is due.
fn left(plan: &Plan, parcel: &Parcel, now_ms: u64) -> u64 {
    until(plan.outlet(parcel.of.role()).interval, parcel.opened_ms, now_ms)
}

fn until(interval: Duration, since_ms: u64, now_ms: u64) -> u64 {
    let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
    // A clock that was set back must not keep a parcel for ever.
    interval.saturating_sub(now_ms.abs_diff(since_ms))
}

/// How many records of a frame stand before `position`.
fn done_of(frame: &Frame, position: Position) -> u32 {
    position.since(frame.first()).and_then(|done| u32::try_from(done).ok()).unwrap_or_default()
}

/// What a cut takes out of a lane. Whatever else is open is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// Everything: nothing will be added.
    All,
    /// Parcels that are full or old.
    Due,
    /// The same, and the others leave the memory.
    Freed,
    /// Parcels that are full.
    Nothing,
}

/// If these are the outcomes of the records from number `before` on up to another, of all of them, that other.
fn finished(outcomes: &Outcomes, before: u64) -> Option<u64> {
    let Outcomes { origins, dropped, failed, .. } = outcomes;
    let emitted = origins.chunk_by(|one, next| one == next).count();
    let ends = [origins.last(), dropped.last(), failed.last().map(|failure| &failure.index)];
    let reached = ends.into_iter().flatten().max().map_or(before, |last| u64::from(*last) + 1);
    let count = (emitted + dropped.len() + failed.len()) as u64;
    (before.checked_add(count) == Some(reached)).then_some(reached)
}

fn too_large(length: u64) -> Failure {
    Failure {
        index: 0,
        cause: Cause::Refused,
        code: "record-too-large".to_owned(),
        message: format!("the line has {length} bytes; the limit is {MAX_RECORD_BYTES}; split it up"),
        plugin: None,
        captured: String::new(),
        backtrace: String::new(),
        attempts: 0,
    }
}

/// Why a lane does not advance.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvanceError {
    /// A plugin cannot be started. Nothing is lost: [`Lane::advance`] goes on with the same frame.
    #[error(transparent)]
    Plugin(StartError),
    /// The log cannot be read.
    #[error(transparent)]
    Keep(#[from] KeepError),
}
