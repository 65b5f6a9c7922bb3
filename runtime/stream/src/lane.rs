use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use standpipe_format::{Attempt, Place, write_failed};
use standpipe_log::{Frame, Log, Reader};
use standpipe_plugin::{Chain, StartError, Step};
use standpipe_record::{Batch, Cause, Failure, MAX_RECORD_BYTES, Outcomes, Position, View};

use crate::Plan;
use crate::entry::{Counts, Role};
use crate::keeper::{KeepError, Recovered};
use crate::parcel::{Cut, Parcel, hex};
use crate::progress::add;

/// Records between two cuts at the most, in bytes of log: what a crash makes run again.
const MOST_UNSETTLED: u64 = 64 << 20;

/// The column of a record that is only the beginning of a line too long to be one: its value is offset and
/// length of the line, 8 bytes each, little-endian.
pub(crate) const REFUSED: &str = "standpipe:refused";

/// What runs records through plugins: the host's chain, or a stand-in in tests.
pub(crate) trait Transform {
    /// Turns to a new batch.
    fn begin(&mut self);
    /// Works on; see [`Chain::step`].
    fn step(&mut self, batch: &Batch, out: &mut Outcomes) -> Result<Step, StartError>;
    /// Nothing was given for a while.
    fn idle(&mut self) {}
    /// Says what bad records cost since `elapsed` ago, if they cost much.
    fn tell(&self, _stream: &str, _elapsed: Duration) {}
}

impl Transform for Chain {
    fn begin(&mut self) {
        Chain::begin(self);
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
    pub(crate) transform: T,
    reader: Reader,
    frame: Frame,
    /// Whether `frame` waits for a plugin that could not be started.
    pending: bool,
    outcomes: Outcomes,
    open: BTreeMap<Role, Parcel>,
    full: Vec<Parcel>,
    next_parcel: u64,
    position: Position,
    sources: BTreeMap<String, u64>,
    counts: Counts,
    /// Bytes read from the log since the last cut.
    unsettled: u64,
    settled: Position,
}

impl<T: Transform> Lane<T> {
    pub(crate) fn new(plan: Arc<Plan>, transform: T, log: &Log, recovered: &mut Recovered) -> Self {
        let open = std::mem::take(&mut recovered.open);
        Self {
            plan,
            transform,
            reader: log.reader(recovered.position),
            frame: Frame::new(),
            pending: false,
            outcomes: Outcomes::default(),
            open: open.into_iter().map(|parcel| (parcel.role, parcel)).collect(),
            full: Vec::new(),
            next_parcel: recovered.next_parcel,
            position: recovered.position,
            sources: BTreeMap::new(),
            counts: recovered.counts,
            unsettled: 0,
            settled: recovered.position,
        }
    }

    /// Behind the last record that was transformed.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// Transforms the next frame of the log. False if there is none that is durable.
    pub(crate) fn advance(&mut self) -> Result<bool, AdvanceError> {
        if !self.pending {
            if !self.reader.next(&mut self.frame).map_err(KeepError::Log)? {
                return Ok(false);
            }
            self.pending = true;
            add(&self.plan.progress.read, self.frame.batch().len());
            self.begin();
        }
        let frame = std::mem::take(&mut self.frame);
        let done = self.run(frame.batch());
        self.frame = frame;
        done?;
        self.pending = false;
        let batch = self.frame.batch();
        self.counts.records += batch.len() as u64;
        self.unsettled += batch.payload().len() as u64;
        self.position = self.frame.end();
        if let Some(source) = self.frame.source() {
            self.sources.insert(hex(&source.identity), source.to);
        }
        Ok(true)
    }

    fn begin(&mut self) {
        self.transform.begin();
        self.outcomes.clear();
    }

    fn run(&mut self, batch: &Batch) -> Result<(), AdvanceError> {
        let Some(refused) = batch.column(REFUSED) else { return self.chain(batch) };
        // Rare: records of their own batch, so that no plugin sees what is no record.
        let (mut records, mut lines) = (Batch::new(), Vec::new());
        for (number, (payload, arrival)) in batch.iter().zip(batch.arrival_ms()).enumerate() {
            match refused.get(number) {
                Some(place) => lines.push((payload, *arrival, place.to_vec())),
                // It was part of a batch, so it fits into this one.
                None => drop(records.push(payload, *arrival)),
            }
        }
        self.chain(&records)?;
        for (payload, arrival, place) in lines {
            let number = |at: usize| {
                place.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
            };
            let place = Place { offset: number(0), length: number(8) };
            let failure = too_large(place.length);
            self.fail(payload, &failure, arrival, Some(place));
            self.counts.failed += 1;
            add(&self.plan.progress.failed, 1);
        }
        Ok(())
    }

    fn chain(&mut self, batch: &Batch) -> Result<(), AdvanceError> {
        if batch.is_empty() {
            return Ok(());
        }
        loop {
            match self.transform.step(batch, &mut self.outcomes) {
                Ok(Step::More) => {}
                Ok(Step::Part) => self.gather(batch),
                Ok(Step::Done) => {
                    self.gather(batch);
                    return Ok(());
                }
                Err(error) => return Err(AdvanceError::Plugin(error)),
            }
        }
    }

    /// Takes over what became of a part of the batch.
    fn gather(&mut self, batch: &Batch) {
        let Outcomes { outputs, dropped, failed, .. } = &self.outcomes;
        let (outputs, dropped, failed) = (outputs.len(), dropped.len(), failed.len());
        let progress = &self.plan.progress;
        add(&progress.outputs, outputs);
        add(&progress.dropped, dropped);
        add(&progress.failed, failed);
        self.counts.outputs += outputs as u64;
        self.counts.dropped += dropped as u64;
        self.counts.failed += failed as u64;
        let gathered = std::mem::take(&mut self.outcomes);
        self.gather_outputs(gathered.outputs.view());
        for failure in &gathered.failed {
            let record = failure.index as usize;
            let raw = batch.get(record).unwrap_or_default();
            let arrival = batch.arrival_ms().get(record).copied().unwrap_or_default();
            self.fail(raw, failure, arrival, None);
        }
        self.outcomes = gathered;
        self.outcomes.clear();
    }

    fn gather_outputs(&mut self, outputs: View<'_>) {
        let (delimiter, size) = (self.plan.delimiter, self.plan.size);
        let mut from = 0;
        while from < outputs.len() {
            let rest = outputs.slice(from..outputs.len());
            from += self.parcel(Role::Destination).add(rest, delimiter, size);
            self.close_full(Role::Destination);
        }
    }

    fn fail(&mut self, raw: &[u8], failure: &Failure, arrival_ms: u64, place: Option<Place>) {
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

    /// Whether a cut is due now: a parcel is full or old, or much is unsettled.
    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        !self.full.is_empty() || self.unsettled >= MOST_UNSETTLED || self.due_in(now_ms) == Some(0)
    }

    /// Milliseconds until the oldest open parcel is due, if there is one.
    pub(crate) fn due_in(&self, now_ms: u64) -> Option<u64> {
        let interval = u64::try_from(self.plan.interval.as_millis()).unwrap_or(u64::MAX);
        // A clock that was set back must not keep a parcel for ever.
        self.open.values().map(|parcel| interval.saturating_sub(now_ms.abs_diff(parcel.opened_ms))).min()
    }

    /// Takes out what is due, or all of it, and what the others gained. None if nothing happened since the
    /// last cut, or in the middle of a batch.
    pub(crate) fn cut(&mut self, all: bool, now_ms: u64) -> Option<Cut> {
        // A part of the batch that waits may lie in the parcels already, and it is behind the position.
        if self.pending {
            return None;
        }
        let interval = u64::try_from(self.plan.interval.as_millis()).unwrap_or(u64::MAX);
        let mut due = std::mem::take(&mut self.full);
        let old = |parcel: &Parcel| all || now_ms.abs_diff(parcel.opened_ms) >= interval;
        let roles: Vec<Role> =
            self.open.iter().filter(|(_, parcel)| old(parcel)).map(|(role, _)| *role).collect();
        due.extend(roles.iter().filter_map(|role| self.open.remove(role)));
        if due.is_empty() && self.position == self.settled {
            return None;
        }
        self.unsettled = 0;
        self.settled = self.position;
        Some(Cut {
            position: self.position,
            next_parcel: self.next_parcel,
            due,
            carries: Cut::gains(&mut self.open),
            sources: std::mem::take(&mut self.sources),
            counts: self.counts,
        })
    }
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
