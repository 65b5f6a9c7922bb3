//! A log with a model beside it: what was acknowledged, what may have happened, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use standpipe_log::testing::{Call, Loss, MemoryDisk, Rng};
use standpipe_log::{Append, Error, Frame, Log, RequestId, Share, Site, SourceRange, Span};
use standpipe_record::{Batch, Column, Position};

use crate::support::{new_disk, opening, share};

/// One step of a run.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Write { records: usize, bytes: usize, request: bool, source: bool, column: bool, each_arrival: bool },
    Sync,
    Read { from: u8 },
    Release { part: u8 },
    Rest,
    Reopen,
    Crash(Loss),
}

impl Action {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        match rng.below(16) {
            0..=6 => Self::Write {
                records: 1 + rng.below(4),
                bytes: if rng.below(8) == 0 { 1500 } else { rng.below(300) },
                request: rng.coin(),
                source: rng.coin(),
                column: rng.coin(),
                each_arrival: rng.coin(),
            },
            7..=11 => Self::Sync,
            12 => Self::Read { from: rng.below(256) as u8 },
            13 => Self::Release { part: rng.below(256) as u8 },
            14 => Self::Rest,
            _ => Self::Reopen,
        }
    }
}

/// What an append was.
#[derive(Debug, Clone, PartialEq)]
struct Made {
    batch: Batch,
    request: Option<RequestId>,
    source: Option<SourceRange>,
}

impl Made {
    fn new(id: u64, action: &Action) -> Self {
        let &Action::Write { records, bytes, request, source, column, each_arrival } = action else {
            unreachable!("only writes make something")
        };
        let mut batch = Batch::new();
        let mut key = Column::new("key", 0);
        for record in 0..records as u64 {
            let filler = (0..bytes).map(|at| (id as usize * 31 + at) as u8).collect::<Vec<_>>();
            let text = [&id.to_le_bytes()[..], &record.to_le_bytes(), &filler].concat();
            batch.push(&text, if each_arrival { 1_000 + record } else { 1_000 }).unwrap();
            let value = format!("{}", id + record / 2);
            key.push((record != 1).then_some(value.as_bytes()));
        }
        if column {
            batch.set_column(key).unwrap();
        }
        let mut name = [0; 16];
        name[..8].copy_from_slice(&id.to_le_bytes());
        let range = SourceRange { identity: format!("file {}", id % 3).into(), from: id, to: id + 10 };
        Self { batch, request: request.then_some(RequestId(name)), source: source.then_some(range) }
    }

    fn append(&self) -> Append<'_> {
        Append { records: self.batch.view(), request: self.request, source: self.source.as_ref() }
    }

    fn len(&self) -> u64 {
        self.batch.len() as u64
    }
}

/// The log, and what must be true of it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) disk: MemoryDisk,
    pub(crate) share: Arc<Share>,
    log: Option<Log>,
    segment_bytes: u64,
    /// Every append that was ever tried, by id.
    tried: Vec<Made>,
    /// Appends that are durable, by first position: the id.
    kept: BTreeMap<u64, u64>,
    durable: u64,
    settled: u64,
    /// Appends that are written, with their spans.
    pending: Vec<(Span, u64)>,
    /// Appends that failed or were written when the process died: they may come back, or not.
    unsure: BTreeSet<u64>,
    pub(crate) syncs_skipped: Option<&'static str>,
}

pub(crate) type Check = Result<(), String>;

macro_rules! ensure {
    ($truth:expr, $($text:tt)*) => {
        if !$truth {
            return Err(format!($($text)*));
        }
    };
}

impl World {
    pub(crate) fn new(seed: u64, segment_bytes: u64) -> Self {
        Self {
            disk: new_disk(seed),
            share: share(),
            log: None,
            segment_bytes,
            tried: Vec::new(),
            kept: BTreeMap::new(),
            durable: 0,
            settled: 0,
            pending: Vec::new(),
            unsure: BTreeSet::new(),
            syncs_skipped: None,
        }
    }

    pub(crate) fn log(&self) -> &Log {
        self.log.as_ref().expect("the log is open")
    }

    /// Opens the log and holds what it found against the model.
    pub(crate) fn open(&mut self) -> Result<Check, Error> {
        if let Some(site) = self.syncs_skipped {
            self.disk.skip_syncs(move |call: &Call| call.site == Some(Site(site)));
        }
        self.share = share();
        let open = opening(&self.disk, &self.share, self.settled, self.segment_bytes);
        let mut found = Vec::new();
        let (log, recovery) = Log::open(open, &mut |summary| {
            found.push((
                summary.first,
                summary.end,
                summary.newest_ms,
                summary.request,
                summary.source.cloned(),
            ));
        })?;
        let mut check = || {
            let next = recovery.next.get();
            ensure!(next >= self.durable, "durable to {}, but the next is {next}", self.durable);
            let mut reader = log.reader(Position::new(self.settled));
            let mut frame = Frame::new();
            let mut position = self.settled;
            let mut last = None;
            let mut visits = found.iter();
            while reader.next(&mut frame).map_err(|error| error.to_string())? {
                ensure!(frame.first().get() == position, "{} follows {position}", frame.first());
                let (first, id) = match self.kept.range(..=position).next_back() {
                    Some((&first, &id)) if position < first + self.tried[id as usize].len() => (first, id),
                    _ => {
                        ensure!(position >= self.durable, "nothing was kept at {position}");
                        let text = frame.batch().get(0).and_then(|text| text.first_chunk().copied());
                        let id = u64::from_le_bytes(text.unwrap_or_default());
                        ensure!(self.unsure.contains(&id), "append {id} at {position} is invented or old");
                        ensure!(
                            last.is_none_or(|last| last < id),
                            "append {id} at {position} is out of order"
                        );
                        last = Some(id);
                        self.kept.insert(position, id);
                        (position, id)
                    }
                };
                self.unsure.remove(&id);
                same(&self.tried[id as usize], first, &frame)?;
                let made = &self.tried[id as usize];
                let newest = made.batch.arrival_ms().iter().max().copied().unwrap_or_default();
                let visit = (Position::new(first), frame.end(), newest, made.request, made.source.clone());
                ensure!(visits.next() == Some(&visit), "recovery said otherwise of {first}");
                position = frame.end().get();
            }
            ensure!(visits.next().is_none(), "recovery saw more than a reader");
            ensure!(position == next, "frames go to {position}, the next is {next}");
            ensure!(recovery.records == next - self.settled, "{} records", recovery.records);
            self.durable = next;
            Ok(())
        };
        let checked = check();
        self.log = Some(log);
        Ok(checked.and_then(|()| self.quota()))
    }

    /// Does one step. An error is a broken promise; a disk that fails is not.
    pub(crate) fn act(&mut self, action: &Action, rng: &mut Rng) -> Check {
        match action {
            Action::Write { .. } => {
                let id = self.tried.len() as u64;
                let made = Made::new(id, action);
                let written = self.log().write(&made.append());
                let len = made.len();
                self.tried.push(made);
                self.catch_up()?;
                match written {
                    Ok(span) => {
                        let expected = self.pending.last().map_or(self.durable, |(span, _)| span.end.get());
                        ensure!(span.first.get() == expected, "written at {}, not {expected}", span.first);
                        ensure!(span.end.get() == expected + len, "{span:?} for {len} records");
                        self.pending.push((span, id));
                    }
                    Err(_) => {
                        self.unsure.insert(id);
                    }
                }
            }
            Action::Sync => {
                if let Some((span, _)) = self.pending.get(rng.below(self.pending.len())).copied() {
                    let synced = self.log().sync(span).is_ok();
                    let durable = self.log().positions().durable >= span.end;
                    ensure!(durable == synced, "synced {synced}, durable {durable}: {span:?}");
                    self.catch_up()?;
                }
            }
            Action::Read { from } => {
                let from = self.settled + (self.durable - self.settled) * u64::from(*from) / 256;
                match self.read(from) {
                    Err(text) => return Err(text),
                    Ok(Err(error)) => ensure!(self.disk_failed(), "reading from {from}: {error}"),
                    Ok(Ok(())) => {}
                }
            }
            Action::Release { part } => {
                self.settled += (self.durable - self.settled) * (u64::from(*part) + 1) / 256;
                let before = self.log().bytes();
                match self.log().release(Position::new(self.settled)) {
                    Ok(freed) => ensure!(self.log().bytes() + freed == before, "freed {freed} of {before}"),
                    Err(error) => ensure!(self.disk_failed(), "release: {error}"),
                }
            }
            Action::Rest => ensure!(self.log().rest().is_ok() || self.disk_failed(), "rest"),
            Action::Reopen => self.crash(rng, Loss::Nothing)?,
            Action::Crash(loss) => self.crash(rng, *loss)?,
        }
        self.quota()
    }

    /// Ends the process and, if told so, the power; then opens the log again.
    pub(crate) fn crash(&mut self, rng: &mut Rng, loss: Loss) -> Check {
        self.die(rng, loss);
        self.open().map_err(|error| error.to_string())?
    }

    /// Ends the process and, if told so, the power.
    pub(crate) fn die(&mut self, rng: &mut Rng, loss: Loss) {
        self.log = None;
        self.unsure.extend(self.pending.drain(..).map(|(_, id)| id));
        self.disk = self.disk.crash(rng, loss);
    }

    fn disk_failed(&self) -> bool {
        self.disk.trace().is_empty() || FAULTY.with(std::cell::Cell::get)
    }

    /// Sorts the pending appends by what the log says became of them.
    fn catch_up(&mut self) -> Check {
        let positions = self.log().positions();
        ensure!(positions.written >= positions.durable, "{positions:?}");
        ensure!(positions.durable >= positions.settled, "{positions:?}");
        ensure!(positions.durable.get() >= self.durable, "durable went back: {positions:?}");
        for (span, id) in std::mem::take(&mut self.pending) {
            if span.end <= positions.durable {
                self.kept.insert(span.first.get(), id);
                self.durable = span.end.get();
            } else if span.end <= positions.written && self.log_agrees(span) {
                self.pending.push((span, id));
            } else {
                self.unsure.insert(id);
            }
        }
        Ok(())
    }

    /// After a failed sync positions are used again, so a pending span counts only if nothing was lost.
    fn log_agrees(&self, span: Span) -> bool {
        span.first.get() == self.pending.last().map_or(self.durable, |(span, _)| span.end.get())
    }

    /// What counts in the quota is what the log says it has.
    fn quota(&self) -> Check {
        let (held, bytes) = (self.share.held(), self.log().bytes());
        ensure!(held == bytes, "{held} bytes are held, the log has {bytes}");
        Ok(())
    }

    fn read(&self, from: u64) -> Result<Result<(), Error>, String> {
        let mut reader = self.log().reader(Position::new(from));
        let mut frame = Frame::new();
        let mut position = from;
        loop {
            match reader.next(&mut frame) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Ok(Err(error)),
            }
            ensure!(frame.first().get() == position, "{} follows {position}", frame.first());
            let Some((&first, &id)) = self.kept.range(..=position).next_back() else {
                return Err(format!("nothing was kept at {position}"));
            };
            same(&self.tried[id as usize], first, &frame)?;
            position = frame.end().get();
        }
        ensure!(position == self.durable, "read to {position} of {}", self.durable);
        Ok(Ok(()))
    }
}

thread_local! {
    /// Whether this test's disk fails now and then.
    pub(crate) static FAULTY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether `frame` is the rest of what was appended at `first`.
fn same(made: &Made, first: u64, frame: &Frame) -> Check {
    let skip = (frame.first().get() - first) as usize;
    let view = made.batch.view().slice(skip..made.batch.len());
    let batch = frame.batch();
    ensure!(view.payload() == batch.payload(), "other bytes at {}", frame.first());
    ensure!(view.len() == batch.len() && view.arrival_ms() == batch.arrival_ms(), "other records at {first}");
    ensure!((0..view.len()).all(|record| view.get(record) == batch.get(record)), "other ends at {first}");
    let columns: Vec<_> = view.columns().iter().filter_map(|column| view.column(column.name())).collect();
    ensure!(columns == batch.columns(), "other columns at {first}: {columns:?} {:?}", batch.columns());
    ensure!(made.request == frame.request(), "another request at {first}");
    ensure!(made.source.as_ref() == frame.source(), "another source at {first}");
    Ok(())
}
