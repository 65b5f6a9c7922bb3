use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standpipe_log::{Append, SourceRange, Span};
use standpipe_record::{Batch, Column, Kind};
use standpipe_source::{Refused, Source, Step};

use crate::Error;
use crate::keeper::KeepError;
use crate::lane::REFUSED;
use crate::places::Place;
use crate::plan;
use crate::pool::{Next, Work};
use crate::slot::{Lease, Slot};
use crate::stream::Shared;
use standpipe_log::failpoint;

/// Bytes that are written before they are synced, while there is more to read.
const GROUP: usize = 8 << 20;
/// How soon after the first probe of a destination failed the next one comes.
const PROBE_PAUSE: Duration = Duration::from_secs(1);
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
    /// Read the file of this number into one lane, which is chosen when it is begun.
    File(usize, Option<Arc<Slot>>, Option<Box<Reading>>),
    /// The pipe of this number is read by its own thread.
    Pipe(usize, Ended),
    Over,
}

/// A file that is read into a lane.
#[derive(Debug)]
struct Reading {
    source: Source,
    /// The file once more, to tell it from others.
    file: File,
    place: Place,
    /// Of the lane. Another one means that some of what was written may be lost.
    generation: u64,
    /// What was read and not written, because there was no room.
    waits: Option<Step>,
}

/// How a pipe's thread came to its end, once it has.
type Ended = Arc<Mutex<Option<Result<(), Error>>>>;

/// A frame that is not durable yet, and where the file goes on behind it.
struct Written {
    span: Span,
    place: Place,
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
        if !plan.discards {
            self.stream.probe(PROBE_PAUSE);
        }
        self.phase = Phase::Lanes;
        Ok(Next::Again)
    }

    /// Opens a file where it was left. None if it is to be read by a thread of its own.
    fn open(&self, path: &Path, generation: u64) -> Result<Option<Box<Reading>>, standpipe_source::Error> {
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
        let again = file.try_clone().map_err(failed)?;
        let source = Source::resume(path, file, place.from)?;
        Ok(Some(Box::new(Reading { source, file: again, place, generation, waits: None })))
    }

    fn file(
        &mut self,
        number: usize,
        slot: Option<Arc<Slot>>,
        reading: Option<Box<Reading>>,
    ) -> Result<Next, Error> {
        let stream = Arc::clone(&self.stream);
        let failed = |source| Error::Source { stream: stream.plan.name.clone(), source };
        let path: Option<&PathBuf> = stream.plan.source.files().get(number);
        let Some(path) = path.filter(|_| !stream.stop.is_asked()) else {
            return Ok(self.end());
        };
        // One lane until it is read: what a failed sync leaves behind is void only once that lane writes again.
        let slot = slot.unwrap_or_else(|| stream.pick());
        let Some(lease) = slot.lease() else {
            // Its place is looked up again then: the lane may have found more of it than was known.
            self.phase = Phase::File(number, Some(slot), None);
            return Ok(Next::Wait(None));
        };
        // The lane may have been brought back. What was not durable is read again.
        let reading = reading.filter(|reading| reading.generation == lease.generation);
        let mut reading = match reading {
            Some(reading) => reading,
            None => match self.open(path, lease.generation).map_err(failed)? {
                Some(reading) => reading,
                None => {
                    drop(lease);
                    return self.pipe(number, path.clone());
                }
            },
        };
        let read = self.group(&slot, &mut reading, &lease);
        drop(lease);
        match read {
            Ok(Turnout::More) => {
                self.phase = Phase::File(number, Some(slot), Some(reading));
                Ok(Next::Again)
            }
            Ok(Turnout::Again) => {
                self.phase = Phase::File(number, Some(slot), None);
                Ok(Next::Wait(Some(PAUSE)))
            }
            // At once: a lane that knows its end does not wait with what it holds.
            Ok(Turnout::Ended) if number + 1 >= stream.plan.source.files().len() => Ok(self.end()),
            Ok(Turnout::Ended) => {
                self.phase = Phase::File(number + 1, None, None);
                Ok(Next::Again)
            }
            Err(IntakeError::Wait(error)) => {
                self.tell(&error);
                self.phase = Phase::File(number, Some(slot), Some(reading));
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
    fn group(&mut self, slot: &Slot, reading: &mut Reading, lease: &Lease) -> Result<Turnout, IntakeError> {
        let (mut unsynced, mut written): (usize, Vec<Written>) = (0, Vec::new());
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
                let place = reading.place.widened(&reading.file, to);
                let range = SourceRange { identity: place.identity, from: place.from, to };
                let append = Append { records: self.batch.view(), request: None, source: Some(&range) };
                failpoint("log.write.before");
                let wrote = slot.home.prepare().and_then(|()| Ok(lease.log.write(&append)?));
                match wrote {
                    Ok(span) => {
                        let place = Place { identity: range.identity.clone(), from: to };
                        reading.place = place.clone();
                        written.push(Written { span, place });
                    }
                    Err(error) => {
                        // What is written already may make room once it is durable.
                        if !self.sync(lease, &mut written, unsynced)? {
                            return Ok(Turnout::Again);
                        }
                        reading.waits = step.ok();
                        return Err(waits(error, reading.waits.is_some()));
                    }
                }
                failpoint("log.write.after");
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
                    return match self.sync(lease, &mut written, unsynced)? {
                        true => Err(error.into()),
                        false => Ok(Turnout::Again),
                    };
                }
            }
        };
        if !self.sync(lease, &mut written, unsynced)? {
            return Ok(Turnout::Again);
        }
        Ok(if ended { Turnout::Ended } else { Turnout::More })
    }

    /// Makes what was written durable. False if some of it is lost, so that it must be read again.
    fn sync(&mut self, lease: &Lease, written: &mut Vec<Written>, bytes: usize) -> Result<bool, IntakeError> {
        let Some(last) = written.last() else { return Ok(true) };
        failpoint("log.sync.before");
        let synced = lease.log.sync(last.span);
        for Written { span, place } in std::mem::take(written) {
            // Where a segment was begun in between, what came before it is durable all the same.
            if synced.is_err() && lease.log.sync(span).is_err() {
                break;
            }
            self.stream.places.note(&place.identity, place.from);
        }
        match synced {
            Ok(()) => {}
            Err(error) if error.kind() == Kind::Retry => {
                self.tell(&KeepError::Log(error));
                return Ok(false);
            }
            Err(error) => return Err(IntakeError::Keep(error.into())),
        }
        failpoint("log.sync.after");
        lease.note_appended(bytes as u64);
        Ok(true)
    }

    /// Has a thread of its own read what may block for ever, also while it is opened.
    fn pipe(&mut self, number: usize, path: PathBuf) -> Result<Next, Error> {
        self.read_apart(number, move || Source::open(&path))
    }

    fn read_apart(
        &mut self,
        number: usize,
        open: impl FnOnce() -> Result<Source, standpipe_source::Error> + Send + 'static,
    ) -> Result<Next, Error> {
        self.stream.read_apart();
        let (stream, ended) = (Arc::clone(&self.stream), Ended::default());
        let name = stream.plan.name.clone();
        let (thread, tell) = (std::thread::Builder::new().name(format!("read {name}")), Arc::clone(&ended));
        thread
            .spawn(move || {
                let how = crate::pipe::read(&stream, number as u64, open);
                *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
                stream.look_intake();
            })
            .map_err(|source| Error::Thread { stream: name, source })?;
        self.phase = Phase::Pipe(number, ended);
        Ok(Next::Wait(None))
    }

    /// Whether the pipe's thread has come to an end.
    fn await_pipe(&mut self, number: usize, ended: Ended) -> Result<Next, Error> {
        let how = ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        match how {
            None => {
                self.phase = Phase::Pipe(number, ended);
                Ok(Next::Wait(None))
            }
            Some(Err(error)) => Err(error),
            Some(Ok(())) if number + 1 >= self.stream.plan.source.files().len() => Ok(self.end()),
            Some(Ok(())) => {
                self.phase = Phase::File(number + 1, None, None);
                Ok(Next::Again)
            }
        }
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
            Phase::Lanes if self.stream.are_awake() => {
                self.stream.ready();
                match self.stream.plan.source {
                    plan::Source::Stdin => self.read_apart(0, || Ok(Source::stdin())),
                    plan::Source::Files(_) => self.file(0, None, None),
                    plan::Source::Puts if self.stream.stop.is_asked() => Ok(self.end()),
                    plan::Source::Puts => {
                        self.phase = Phase::Lanes;
                        Ok(Next::Wait(None))
                    }
                }
            }
            Phase::Lanes => {
                self.phase = Phase::Lanes;
                Ok(Next::Wait(None))
            }
            Phase::File(number, slot, reading) => self.file(number, slot, reading),
            Phase::Pipe(number, ended) => self.await_pipe(number, ended),
            Phase::Over => Ok(Next::Done),
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
