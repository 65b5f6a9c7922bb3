//! The deliveries of one lane: what is under way, what has come back, and what sinks want noted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use standpipe_log::failpoint;
use standpipe_record::Kind;
use standpipe_sink::{Delivered, Error, Uploads};
use tokio::sync::oneshot;

use crate::entry::{SealedFile, Upload};
use crate::keeper::{KeepError, Keeper};
use crate::pool::Task;
use crate::stream::Shared;
use crate::window::{Admission, Failure, Pass};

/// How long a file that failed lets others go first.
const LETS_OTHERS: Duration = Duration::from_secs(1);

/// What a lane delivers.
#[derive(Debug)]
pub(crate) struct Deliveries {
    flying: Vec<Flying>,
    /// Files that failed, and until when others go first.
    later: BTreeMap<String, Instant>,
    notes: Arc<Notes>,
}

#[derive(Debug)]
struct Flying {
    about: SealedFile,
    pass: Pass,
    landed: Landed,
}

type Landed = Arc<Mutex<Option<Result<Delivered, Error>>>>;

/// A delivery that has come back.
#[derive(Debug)]
pub(crate) struct Back {
    pub(crate) about: SealedFile,
    pub(crate) pass: Pass,
    pub(crate) result: Result<Delivered, Error>,
}

/// Has a delivery come back, also one that panics.
struct Landing {
    put: Landed,
    task: Task,
    result: Option<Result<Delivered, Error>>,
}

impl Landing {
    fn land(mut self, result: Result<Delivered, Error>) {
        self.result = Some(result);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let result = self.result.take().unwrap_or(Err(Error::CutShort));
        *lock(&self.put) = Some(result);
        self.task.wake();
    }
}

/// Uploads that were begun and are to be noted in the journal.
#[derive(Debug)]
struct Notes {
    asked: Mutex<Vec<(Upload, oneshot::Sender<()>)>>,
    task: Task,
}

/// Has the uploads of one file noted, as long as the lane is there.
struct Noting {
    notes: Weak<Notes>,
    about: SealedFile,
    bucket: String,
}

#[async_trait]
impl Uploads for Noting {
    async fn begun(&self, upload: &str) -> Result<(), Error> {
        let (noted, wait) = oneshot::channel();
        let upload = Upload {
            file: self.about.file.clone(),
            bucket: self.bucket.clone(),
            key: self.about.key.clone(),
            id: upload.to_owned(),
        };
        {
            // Not held while it waits: once the lane is gone, nobody answers.
            let notes = self.notes.upgrade().ok_or(Error::NotNoted)?;
            lock(&notes.asked).push((upload, noted));
            notes.task.wake();
        }
        wait.await.map_err(|_| Error::NotNoted)
    }
}

impl Deliveries {
    /// `task` is woken when there is something to do.
    pub(crate) fn new(task: Task) -> Self {
        let notes = Arc::new(Notes { asked: Mutex::default(), task });
        Self { flying: Vec::new(), later: BTreeMap::new(), notes }
    }

    /// Notes the uploads that were begun.
    pub(crate) fn note(&mut self, keeper: &mut Keeper) -> Result<(), KeepError> {
        let asked = std::mem::take(&mut *lock(&self.notes.asked));
        for (upload, noted) in asked {
            keeper.uploading(upload)?;
            // Who does not wait any more has failed otherwise.
            let _ = noted.send(());
        }
        Ok(())
    }

    /// Whoever waits for a note will not get it.
    pub(crate) fn refuse_notes(&self) {
        lock(&self.notes.asked).clear();
    }

    /// Takes those that have come back.
    pub(crate) fn back(&mut self) -> Vec<Back> {
        let mut back = Vec::new();
        let mut still = Vec::new();
        for flying in std::mem::take(&mut self.flying) {
            let landed = lock(&flying.landed).take();
            match landed {
                Some(result) => back.push(Back { about: flying.about, pass: flying.pass, result }),
                None => still.push(flying),
            }
        }
        self.flying = still;
        back
    }

    /// Whether any is under way.
    pub(crate) fn is_flying(&self) -> bool {
        !self.flying.is_empty()
    }

    /// Has others go before a file that failed.
    pub(crate) fn put_off(&mut self, file: &str) {
        self.later.insert(file.to_owned(), Instant::now() + LETS_OTHERS);
    }

    /// Sends off what may go now, oldest first. Returns when to ask again, if nobody wakes the task before.
    pub(crate) fn send(
        &mut self,
        keeper: &Keeper,
        stream: &Shared,
        task: &Task,
    ) -> Result<Option<Duration>, KeepError> {
        self.later.retain(|_, until| *until > Instant::now());
        while let Some(about) = self.next(keeper) {
            let pass = match stream.window.admit(task) {
                Admission::Go(pass) => pass,
                Admission::Wait(wait) => {
                    // Who may not send does not stand before other streams that may.
                    stream.workers.flights.forget(task);
                    return Ok(wait);
                }
            };
            // A file that is handed over takes no memory.
            let handed_over = stream.plan.sink.takes_files() && about.pack.is_none();
            let bytes = if handed_over { 0 } else { about.bytes };
            let Some(flight) = stream.workers.flights.admit(bytes, task) else { return Ok(None) };
            let object = Arc::new(keeper.object(&about, &stream.plan)?);
            let bucket = stream.plan.outlet(about.role).bucket.clone();
            let noting = Noting { notes: Arc::downgrade(&self.notes), about: about.clone(), bucket };
            let landed = Landed::default();
            let sink = Arc::clone(&stream.plan.sink);
            let landing = Landing { put: Arc::clone(&landed), task: task.clone(), result: None };
            stream.workers.runtime.spawn(async move {
                failpoint("link.before");
                let result = sink.deliver(&object, &noting).await;
                drop((object, flight));
                landing.land(result);
            });
            self.flying.push(Flying { about, pass, landed });
        }
        stream.workers.flights.forget(task);
        Ok(None)
    }

    /// The oldest file that is not under way, those that failed a moment ago last. There may be very many.
    fn next(&self, keeper: &Keeper) -> Option<SealedFile> {
        let waits = |file: &&SealedFile| !self.flying.iter().any(|flying| flying.about.file == file.file);
        let mut files = keeper.undelivered().filter(waits);
        let first = files.find(|file| !self.later.contains_key(&file.file));
        first.or_else(|| keeper.undelivered().find(waits)).cloned()
    }
}

/// What a sink's error says about the tries that follow. None for one that no later try can mend.
pub(crate) fn failure(error: &Error) -> Option<Failure> {
    match error.kind() {
        Kind::Retry if error.is_throttled() => Some(Failure::Throttled),
        Kind::Retry => Some(Failure::Passing),
        Kind::Invalid => Some(Failure::ToMend),
        _ => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
