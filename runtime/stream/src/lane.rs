use std::collections::BTreeMap;
use std::ops::Add;
use std::sync::Arc;
use std::time::Duration;

use standpipe_format::{Attempt, Place, write_failed};
use standpipe_log::{Frame, Reader};
use standpipe_plugin::{Chain, StartError, Step};
use standpipe_record::{Batch, Cause, Failure, MAX_RECORD_BYTES, Outcomes, Position, View};

use crate::Plan;
use crate::entry::{Answer, Counts, Role};
use crate::keeper::{KeepError, Recovered};
use crate::metrics::{Amount, add};
use crate::parcel::{Cut, Parcel, hex};

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
    open: BTreeMap<Role, Parcel>,
    full: Vec<Parcel>,
    next_parcel: u64,
    /// Every record before it is in the parcels. Some behind it may be, while `torn`.
    position: Position,
    torn: bool,
    sources: BTreeMap<String, u64>,
    requests: Vec<Answer>,
    counts: Counts,
    /// Bytes read from the log in all.
    read: u64,
    /// Bytes read since the last cut, and when the first of them were.
    unsettled: u64,
    since_ms: Option<u64>,
    settled: Position,
}

/// A frame that is under way.
#[derive(Debug, Default)]
struct Pending {
    /// Rare: its records without the beginnings of lines that are no record, and these. Those stand at its end, so
    /// the numbers of the records are the same.
    apart: Option<(Batch, Vec<Unfit>)>,
}

/// The beginning of a line that was too long to be a record.
#[derive(Debug)]
struct Unfit {
    head: Vec<u8>,
    arrival_ms: u64,
    place: Place,
}

impl<T: Transform> Lane<T> {
    pub(crate) fn new(plan: Arc<Plan>, number: u32, transform: T, recovered: &mut Recovered) -> Self {
        let open = std::mem::take(&mut recovered.open);
        Self {
            plan,
            number,
            transform,
            reader: recovered.log.reader(recovered.position),
            frame: Frame::new(),
            pending: None,
            outcomes: Outcomes::default(),
            open: open.into_iter().map(|parcel| (parcel.role, parcel)).collect(),
            full: Vec::new(),
            next_parcel: recovered.next_parcel,
            position: recovered.position,
            torn: false,
            sources: BTreeMap::new(),
            requests: Vec::new(),
            counts: recovered.counts,
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

    /// When the oldest record in open parcels, or under way, arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        let open = self.open.values().chain(&self.full).map(Parcel::oldest_ms);
        let under_way = self.pending.as_ref().and_then(|_| self.frame.batch().arrival_ms().first().copied());
        open.chain(under_way).min().filter(|oldest| *oldest != u64::MAX)
    }

    /// Open parcels, and their bytes wherever they are.
    pub(crate) fn open(&self) -> Amount {
        let open = self.open.values().chain(&self.full);
        open.map(|parcel| Amount { count: 1, bytes: parcel.bytes() }).fold(Amount::default(), Amount::add)
    }

    /// Bytes of open parcels in memory.
    pub(crate) fn memory(&self) -> u64 {
        self.open.values().chain(&self.full).map(Parcel::memory).sum()
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
            None => {
                if !self.reader.next(&mut self.frame).map_err(KeepError::Log)? {
                    return Ok(false);
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
                Pending { apart }
            }
        };
        let frame = std::mem::take(&mut self.frame);
        let batch = pending.apart.as_ref().map_or(frame.batch(), |(records, _)| records);
        let step =
            if batch.is_empty() { Ok(Step::Done) } else { self.transform.step(batch, &mut self.outcomes) };
        if let Ok(Step::Part | Step::Done) = step {
            self.gather(batch);
        }
        if let Ok(Step::Part) = step {
            let before = self.position.since(frame.first()).unwrap_or_default();
            let reached = finished(&self.outcomes, before).filter(|_| !self.torn);
            match reached.and_then(|reached| frame.first().checked_add(reached)) {
                Some(position) => self.reach(position),
                None => self.torn = true,
            }
        }
        if let Ok(Step::Part | Step::Done) = step {
            self.outcomes.clear();
        }
        self.frame = frame;
        match step {
            Ok(Step::Done) => self.finish(pending),
            other => {
                self.pending = Some(pending);
                other.map_err(AdvanceError::Plugin)?;
            }
        }
        Ok(true)
    }

    fn reach(&mut self, position: Position) {
        self.counts.records += position.since(self.position).unwrap_or_default();
        self.position = position;
    }

    /// The frame is done.
    fn finish(&mut self, pending: Pending) {
        for line in pending.apart.into_iter().flat_map(|(_, lines)| lines) {
            let failure = too_large(line.place.length);
            self.fail(&line.head, &failure, line.arrival_ms, Some(line.place));
            self.counts.failed += 1;
            add(&self.plan.metrics.failed, 1);
        }
        self.reach(self.frame.end());
        self.torn = false;
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

    /// Takes over what became of a part of the batch.
    fn gather(&mut self, batch: &Batch) {
        let Outcomes { outputs, dropped, failed, .. } = &self.outcomes;
        let bytes = outputs.payload().len() as u64;
        let (outputs, dropped, failed) = (outputs.len() as u64, dropped.len() as u64, failed.len() as u64);
        let metrics = &self.plan.metrics;
        add(&metrics.outputs, outputs);
        add(&metrics.output_bytes, bytes);
        add(&metrics.dropped, dropped);
        add(&metrics.failed, failed);
        self.counts.outputs += outputs;
        self.counts.dropped += dropped;
        self.counts.failed += failed;
        let gathered = std::mem::take(&mut self.outcomes);
        self.gather_outputs(gathered.outputs.view());
        for failure in &gathered.failed {
            let record = failure.index as usize;
            let raw = batch.get(record).unwrap_or_default();
            let arrival = batch.arrival_ms().get(record).copied().unwrap_or_default();
            self.fail(raw, failure, arrival, None);
        }
        self.outcomes = gathered;
    }

    fn gather_outputs(&mut self, outputs: View<'_>) {
        if self.plan.discards {
            return;
        }
        let (delimiter, size) = (self.plan.delimiter, self.plan.size);
        let mut from = 0;
        while from < outputs.len() {
            let rest = outputs.slice(from..outputs.len());
            from += self.parcel(Role::Destination).add(rest, delimiter, size);
            self.close_full(Role::Destination);
        }
    }

    fn fail(&mut self, raw: &[u8], failure: &Failure, arrival_ms: u64, place: Option<Place>) {
        if self.plan.discards {
            return;
        }
        let attempt = Attempt { arrival_ms, ended_ms: self.plan.clock.now_ms() };
        let parcel = self.parcel(Role::ErrorOutput);
        parcel.add_line(arrival_ms, |out| write_failed(out, raw, failure, attempt, place));
        self.close_full(Role::ErrorOutput);
    }

    fn parcel(&mut self, role: Role) -> &mut Parcel {
        let (next, clock) = (&mut self.next_parcel, &self.plan.clock);
        self.open.entry(role).or_insert_with(|| {
            *next += 1;
            Parcel::open(*next - 1, role, clock.now_ms())
        })
    }

    fn close_full(&mut self, role: Role) {
        if self.open.get(&role).is_some_and(|parcel| parcel.bytes() >= self.plan.size) {
            self.full.extend(self.open.remove(&role));
        }
    }

    /// Whether a cut is due now: a parcel is full or old, or much is unsettled, or for long.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        !self.full.is_empty() || self.unsettled >= MOST_UNSETTLED || self.due_in(now_ms) == Some(0)
    }

    /// Milliseconds until the oldest open parcel or the oldest unsettled record is due, if there is one.
    pub(crate) fn due_in(&self, now_ms: u64) -> Option<u64> {
        let opened = self.open.values().map(|parcel| parcel.opened_ms);
        opened.chain(self.since_ms).map(|since_ms| self.left(since_ms, now_ms)).min()
    }

    fn left(&self, since_ms: u64, now_ms: u64) -> u64 {
        let interval = u64::try_from(self.plan.interval.as_millis()).unwrap_or(u64::MAX);
        // A clock that was set back must not keep a parcel for ever.
        interval.saturating_sub(now_ms.abs_diff(since_ms))
    }

    /// Takes out what is due and what the others gained. None if nothing happened since the last cut, or while a
    /// part of a batch lies in the parcels that cannot be told by a position.
    pub(crate) fn cut(&mut self, what: Take, now_ms: u64) -> Option<Cut> {
        if self.torn {
            return None;
        }
        let mut due = std::mem::take(&mut self.full);
        let old = |parcel: &Parcel| match what {
            Take::All => true,
            // Those that are due soon go with the others, so that one entry does for them.
            Take::Due | Take::Freed => self.left(parcel.opened_ms, now_ms) <= TOGETHER_MS,
            Take::Nothing => false,
        };
        let roles: Vec<Role> =
            self.open.iter().filter(|(_, parcel)| old(parcel)).map(|(role, _)| *role).collect();
        due.extend(roles.iter().filter_map(|role| self.open.remove(role)));
        if due.is_empty() && self.position == self.settled {
            let gained = Cut::gains(&mut self.open, what == Take::Freed);
            debug_assert!(gained.is_empty(), "nothing was gained without a record");
            return None;
        }
        (self.unsettled, self.since_ms) = (0, None);
        self.settled = self.position;
        Some(Cut {
            position: self.position,
            next_parcel: self.next_parcel,
            due,
            carries: Cut::gains(&mut self.open, what == Take::Freed),
            sources: std::mem::take(&mut self.sources),
            requests: std::mem::take(&mut self.requests),
            counts: self.counts,
            held: None,
        })
    }
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

/// Takes lines that are no record out of a batch, if it has any.
fn set_apart(batch: &Batch) -> Option<(Batch, Vec<Unfit>)> {
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
