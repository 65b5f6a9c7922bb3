use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use standpipe_log::{Append, SourceRange, Span};
use standpipe_record::{Batch, Column, Kind};
use standpipe_source::{Refused, Source, Step};

use crate::Error;
use crate::keeper::KeepError;
use crate::lane::REFUSED;
use crate::places::Place;
use crate::pool::{Next, Work};
use crate::slot::{Lease, Slot};
use crate::stream::Shared;
use standpipe_log::failpoint;

/// Bytes that are written before they are synced, while there is more to read.
const GROUP: usize = 8 << 20;
/// How often a full or failing disk is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// Reads the files of a stream, one after the other, each into one lane.
#[derive(Debug)]
pub(crate) struct Intake {
    stream: Arc<Shared>,
    phase: Phase,
    /// Whether it was said that it waits.
    told: bool,
    batch: Batch,
    refused: Vec<Refused>,
}

#[derive(Debug)]
enum Phase {
    /// Find out what is on disk.
    Begin,
    /// Wait until the lanes with data are awake: they know how far files were read.
    Lanes,
    /// Read the file of this number, from its beginning or where it was left.
    File(usize, Option<Box<Reading>>),
    /// A pipe is read by its own thread.
    Pipe,
    Over,
}

/// A file and the lane that it is read into.
#[derive(Debug)]
struct Reading {
    source: Source,
    place: Place,
    slot: Arc<Slot>,
    /// Of the lane. Another one means that some of what was written may be lost.
    generation: Option<u64>,
    /// What was read and not written, because there was no room.
    waits: Option<Step>,
}

/// What becomes of a file.
enum Turnout {
    /// There is more to read.
    More,
    /// All of it is durable.
    Ended,
    /// Open it again where it was left.
    Again,
}

impl Intake {
    pub(crate) fn new(stream: Arc<Shared>) -> Self {
        Self { stream, phase: Phase::Begin, told: false, batch: Batch::new(), refused: Vec::new() }
    }

    fn begin(&mut self) -> Result<Next, Error> {
        let plan = &self.stream.plan;
        match self.stream.survey() {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Retry && !self.stream.stop.is_asked() => {
                tracing::warn!(stream = %plan.name, %error, "the state cannot be read, will retry");
                return Ok(Next::Wait(Some(PAUSE)));
            }
            Err(source) => return Err(Error::Keep { stream: plan.name.clone(), source }),
        }
        self.stream.probe();
        self.phase = Phase::Lanes;
        Ok(Next::Again)
    }

    /// Opens a file where it was left. None if it is to be read by a thread of its own.
    fn open(&self, path: &Path) -> Result<Option<Box<Reading>>, standpipe_source::Error> {
        let failed = |cause| standpipe_source::Error::Open { name: path.display().to_string(), cause };
        let about = std::fs::metadata(path).map_err(failed)?;
        if !about.is_file() && !about.is_dir() {
            return Ok(None);
        }
        let file = File::open(path).map_err(failed)?;
        if about.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        let len = file.metadata().map_err(failed)?.len();
        let place = self.stream.places.find(&file, len).map_err(failed)?;
        if place.from > 0 && place.from < len {
            warn_unended(&file, path, place.from);
        }
        if place.from > 0 && place.from == len {
            tracing::info!(stream = %self.stream.plan.name, file = %path.display(), "the file was read to its end before, and nothing was added to it");
        }
        let source = Source::resume(path, file, place.from)?;
        let slot = self.stream.pick();
        Ok(Some(Box::new(Reading { source, place, slot, generation: None, waits: None })))
    }

    fn file(&mut self, number: usize, reading: Option<Box<Reading>>) -> Result<Next, Error> {
        let stream = Arc::clone(&self.stream);
        let failed = |source| Error::Source { stream: stream.plan.name.clone(), source };
        let path: Option<&PathBuf> = stream.plan.sources.get(number);
        let Some(path) = path.filter(|_| !stream.stop.is_asked()) else {
            return Ok(self.end());
        };
        let mut reading = match reading {
            Some(reading) => reading,
            None => match self.open(path).map_err(failed)? {
                Some(reading) => reading,
                None => return self.pipe(Source::open(path).map_err(failed)?),
            },
        };
        let Some(lease) = reading.slot.lease() else {
            self.phase = Phase::File(number, Some(reading));
            return Ok(Next::Wait(None));
        };
        if *reading.generation.get_or_insert(lease.generation) != lease.generation {
            // The lane was brought back. What was not durable is read again.
            self.phase = Phase::File(number, None);
            return Ok(Next::Again);
        }
        let read = self.group(&mut reading, &lease);
        drop(lease);
        match read {
            Ok(Turnout::More) => {
                self.phase = Phase::File(number, Some(reading));
                Ok(Next::Again)
            }
            Ok(Turnout::Again) => {
                self.phase = Phase::File(number, None);
                Ok(Next::Wait(Some(PAUSE)))
            }
            // At once: a lane that knows its end does not wait with what it holds.
            Ok(Turnout::Ended) if number + 1 >= stream.plan.sources.len() => Ok(self.end()),
            Ok(Turnout::Ended) => {
                self.phase = Phase::File(number + 1, None);
                Ok(Next::Again)
            }
            Err(IntakeError::Wait(error)) => {
                self.tell(&error);
                self.phase = Phase::File(number, Some(reading));
                Ok(Next::Wait(Some(PAUSE)))
            }
            Err(IntakeError::Source(source)) => Err(failed(source)),
            Err(IntakeError::Keep(source)) => Err(Error::Keep { stream: stream.plan.name.clone(), source }),
        }
    }

    fn tell(&mut self, error: &KeepError) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(stream = %self.stream.plan.name, %error, "intake waits");
        }
    }

    /// Reads and writes until a group is full or the file ends, then makes it durable.
    fn group(&mut self, reading: &mut Reading, lease: &Lease) -> Result<Turnout, IntakeError> {
        let (mut unsynced, mut last): (usize, Option<Span>) = (0, None);
        let ended = loop {
            let step = match reading.waits.take() {
                Some(step) => Ok(step),
                None => {
                    self.batch.clear();
                    self.refused.clear();
                    let clock = self.stream.plan.clock.as_ref();
                    let step = reading.source.read(&mut self.batch, &mut self.refused, clock);
                    add_refused(&mut self.batch, &self.refused);
                    step
                }
            };
            if !self.batch.is_empty() {
                let to = reading.source.consumed();
                let Place { identity, from } = &mut reading.place;
                let range = SourceRange { identity: identity.clone(), from: *from, to };
                let append = Append { records: self.batch.view(), request: None, source: Some(&range) };
                failpoint("log.write.before");
                let wrote = reading.slot.home.prepare().and_then(|()| Ok(lease.log.write(&append)?));
                match wrote {
                    Ok(span) => last = Some(span),
                    Err(error) => {
                        // What is written already may make room once it is durable.
                        if !self.sync(reading, lease, last.take(), unsynced)? {
                            return Ok(Turnout::Again);
                        }
                        reading.waits = step.ok();
                        return Err(waits(error, reading.waits.is_some()));
                    }
                }
                failpoint("log.write.after");
                *from = to;
                unsynced += self.batch.payload().len();
                if std::mem::take(&mut self.told) {
                    tracing::info!(stream = %self.stream.plan.name, "intake goes on");
                }
            }
            match step {
                Ok(Step::More) if unsynced < GROUP => {}
                Ok(step) => break step == Step::End,
                Err(error) => {
                    // What is lost is read again, and so is what cannot be read.
                    return match self.sync(reading, lease, last, unsynced)? {
                        true => Err(error.into()),
                        false => Ok(Turnout::Again),
                    };
                }
            }
        };
        if !self.sync(reading, lease, last, unsynced)? {
            return Ok(Turnout::Again);
        }
        Ok(if ended { Turnout::Ended } else { Turnout::More })
    }

    /// Makes what was written durable. False if it is lost, so that it must be read again.
    fn sync(
        &mut self,
        reading: &Reading,
        lease: &Lease,
        last: Option<Span>,
        bytes: usize,
    ) -> Result<bool, IntakeError> {
        let Some(span) = last else { return Ok(true) };
        failpoint("log.sync.before");
        match lease.log.sync(span) {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Retry => {
                self.tell(&KeepError::Log(error));
                return Ok(false);
            }
            Err(error) => return Err(IntakeError::Keep(error.into())),
        }
        failpoint("log.sync.after");
        lease.note_appended(bytes as u64);
        self.stream.places.note(&reading.place.identity, reading.place.from);
        Ok(true)
    }

    fn pipe(&mut self, source: Source) -> Result<Next, Error> {
        let stream = Arc::clone(&self.stream);
        let name = stream.plan.name.clone();
        let thread = std::thread::Builder::new().name(format!("read {name}"));
        thread
            .spawn(move || crate::pipe::read(&stream, source))
            .map_err(|source| Error::Thread { stream: name, source })?;
        self.phase = Phase::Pipe;
        Ok(Next::Done)
    }

    fn end(&mut self) -> Next {
        self.phase = Phase::Over;
        self.stream.intake_ended(None);
        Next::Done
    }
}

impl Work for Intake {
    fn step(&mut self) -> Next {
        let next = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Begin => {
                self.phase = Phase::Begin;
                self.begin()
            }
            Phase::Lanes if self.stream.are_awake() => match self.stream.plan.sources.is_empty() {
                true => self.pipe(Source::stdin()),
                false => self.file(0, None),
            },
            Phase::Lanes => {
                self.phase = Phase::Lanes;
                Ok(Next::Wait(None))
            }
            Phase::File(number, reading) => self.file(number, reading),
            Phase::Pipe | Phase::Over => Ok(Next::Done),
        };
        next.unwrap_or_else(|error| {
            self.stream.intake_ended(Some(error));
            Next::Done
        })
    }

    fn defect(&mut self) {
        self.stream.intake_ended(Some(Error::Defect { stream: self.stream.plan.name.clone() }));
    }
}

/// Why nothing more comes in now.
enum IntakeError {
    /// There is no room.
    Wait(KeepError),
    Source(standpipe_source::Error),
    Keep(KeepError),
}

impl From<standpipe_source::Error> for IntakeError {
    fn from(error: standpipe_source::Error) -> Self {
        Self::Source(error)
    }
}

/// What a refused write means; without the batch in hand there is nothing to wait with.
fn waits(error: KeepError, has_batch: bool) -> IntakeError {
    if error.kind() == Kind::Retry && has_batch { IntakeError::Wait(error) } else { IntakeError::Keep(error) }
}

/// Adds the beginnings of lines that are too long, marked by a column.
pub(crate) fn add_refused(batch: &mut Batch, refused: &[Refused]) {
    if refused.is_empty() {
        return;
    }
    let mut column = Column::new(REFUSED, batch.len());
    for line in refused {
        if batch.push(&line.head, line.arrival_ms).is_ok() {
            let mut place = line.offset.to_le_bytes().to_vec();
            place.extend(line.length.to_le_bytes());
            column.push(Some(&place));
        }
    }
    let added = batch.set_column(column);
    debug_assert!(added.is_ok(), "the column has a row for each record");
}

fn warn_unended(file: &File, path: &Path, from: u64) {
    let mut last = [0];
    if file.read_exact_at(&mut last, from - 1).is_ok() && last != [b'\n'] {
        tracing::warn!(
            file = %path.display(), offset = from,
            "the last line had no newline when it was read, so what was added to it is a record of its own"
        );
    }
}
