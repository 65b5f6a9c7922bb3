//! The streams of a host by name: started, replaced and ended one by one, while whoever puts records goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use standpipe_log::RequestId;
use standpipe_record::Batch;

use crate::intake::PAUSE;
use crate::put::{PATIENCE, PutError, Waiting};
use crate::record_id::RecordIds;
use crate::state::StateError;
use crate::{Accepted, Error, Plan, State, Stop, Stream, Workers};

/// How long a stream that is replaced may finish the deliveries that are under way.
const HAND_OVER: Duration = Duration::from_secs(3);

/// The streams of a host. A clone is the same.
#[derive(Clone)]
pub struct Streams {
    shared: Arc<Shared>,
}

type OnEnd = dyn Fn(&Arc<Plan>, Result<(), Error>) + Send + Sync;

struct Shared {
    state: State,
    workers: Arc<Workers>,
    stop: Stop,
    running: RwLock<BTreeMap<String, Arc<Running>>>,
    /// One change of all streams at a time, and none of one stream meanwhile.
    changing: RwLock<()>,
    on_end: Box<OnEnd>,
}

/// A stream that runs, or has ended.
struct Running {
    plan: Arc<Plan>,
    stream: Stream,
    stop: Stop,
    ending: Arc<Ending>,
}

#[derive(Default)]
struct Ending {
    state: Mutex<End>,
    moved: Condvar,
}

#[derive(Default)]
struct End {
    /// Another one is to take its place, or nobody wants it any more.
    replaced: bool,
    /// Whether it ended well.
    ended: Option<bool>,
    /// The other one has its place, or none will have it.
    passed: bool,
    /// Nothing could take its place, or it is given up.
    alone: bool,
    /// It is about to be removed.
    given_up: bool,
}

/// Records that were accepted.
#[derive(Debug, Clone, Copy)]
pub struct Put {
    /// Where they are.
    pub accepted: Accepted,
    /// What each is called.
    pub ids: RecordIds,
    /// Whether that is what another try was told.
    pub repeated: bool,
}

/// How a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It finds out what is on disk.
    Starting,
    /// It runs.
    Running,
    /// It came to its end.
    Ended,
    /// It failed.
    Failed,
}

/// What [`Streams::change`] did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Streams that are new.
    pub added: Vec<String>,
    /// Streams that run by another plan now.
    pub changed: Vec<String>,
    /// Streams that are no more.
    pub removed: Vec<String>,
}

/// Why streams stay as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// What is on disk is in the way.
    #[error(transparent)]
    State(#[from] StateError),
    /// Outputs that it may hold would have nowhere to go.
    #[error("stream `{stream}` begins or ends to discard: stop the host, and start it again")]
    Destination {
        /// The stream.
        stream: String,
    },
    /// Source records that it may hold would have nowhere to go.
    #[error("stream `{stream}` has no `backup` any more: stop the host, and start it again")]
    Backup {
        /// The stream.
        stream: String,
    },
    /// It cannot be started a second time.
    #[error(
        "stream `{stream}` reads standard input or a pipe, which cannot be begun anew: stop the host, and start it again"
    )]
    Pipe {
        /// The stream.
        stream: String,
    },
}

impl ChangeError {
    /// What to do about it.
    pub fn kind(&self) -> standpipe_record::Kind {
        standpipe_record::Kind::Invalid
    }
}

impl Streams {
    /// No streams yet. `on_end` is called for each that ends by itself, when `stop` is asked, or because it failed. It may
    /// not wait, or ask about streams.
    pub fn new(
        state: State,
        workers: Arc<Workers>,
        stop: Stop,
        on_end: impl Fn(&Arc<Plan>, Result<(), Error>) + Send + Sync + 'static,
    ) -> Self {
        let on_end = Box::new(on_end);
        let shared =
            Shared { state, workers, stop, running: RwLock::default(), changing: RwLock::default(), on_end };
        Self { shared: Arc::new(shared) }
    }

    /// The state folder.
    pub fn state(&self) -> &State {
        &self.shared.state
    }

    /// Starts a stream.
    pub fn start(&self, plan: Arc<Plan>) -> Result<(), StateError> {
        let shared = &self.shared;
        let home = shared.state.home(&plan.name)?;
        let (stop, ending) = (shared.stop.child(), Arc::new(Ending::default()));
        let on_end = {
            // Not the other way round, too: a stream that is forgotten is gone.
            let (shared, plan, ending) = (Arc::downgrade(shared), Arc::clone(&plan), Arc::clone(&ending));
            move |result: Result<(), Error>| {
                let mut end = ending.state();
                end.ended = Some(result.is_ok());
                // Whoever sees that it has ended has been told how.
                if let Some(shared) = shared.upgrade().filter(|_| !end.replaced) {
                    (shared.on_end)(&plan, result);
                }
                drop(end);
                ending.moved.notify_all();
            }
        };
        let stream = Stream::start(Arc::clone(&plan), home, &shared.workers, &stop, on_end);
        let running = Arc::new(Running { plan, stream, stop, ending });
        let name = running.plan.name.clone();
        if let Some(before) = self.book().insert(name, running) {
            before.ending.pass();
        }
        Ok(())
    }

    /// Starts what has let go, or was to come: a disk or a table of files that fails for a moment is tried again.
    fn start_again(&self, plan: &Arc<Plan>) -> Result<(), StateError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.start(Arc::clone(plan)) {
                Err(error) if Instant::now() < until => {
                    tracing::warn!(stream = %plan.name, %error, "the stream cannot be started yet, will retry");
                    std::thread::sleep(PAUSE);
                }
                started => return started,
            }
        }
    }

    fn book(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Running>>> {
        self.shared.running.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, stream: &str) -> Option<Arc<Running>> {
        self.shared.running.read().unwrap_or_else(PoisonError::into_inner).get(stream).map(Arc::clone)
    }

    fn all(&self) -> Vec<Arc<Running>> {
        self.shared.running.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The plan of a stream.
    pub fn plan(&self, stream: &str) -> Option<Arc<Plan>> {
        self.get(stream).map(|running| Arc::clone(&running.plan))
    }

    /// The plans of all streams, by name.
    pub fn plans(&self) -> Vec<Arc<Plan>> {
        self.all().iter().map(|running| Arc::clone(&running.plan)).collect()
    }

    /// How each stream is, by name.
    pub fn health(&self) -> Vec<(String, Health)> {
        self.all().iter().map(|running| (running.plan.name.clone(), running.health())).collect()
    }

    /// How a stream is. None if there is none.
    pub fn health_of(&self, stream: &str) -> Option<Health> {
        self.get(stream).map(|running| running.health())
    }

    /// What was answered to a request, if it was.
    pub fn answer(&self, stream: &str, id: RequestId) -> Option<Put> {
        let running = self.get(stream)?;
        running.stream.answer(id).map(|accepted| running.put(accepted, true))
    }

    /// Appends records as [`Stream::put`] does, to the stream that has this name by then. None if there is none.
    pub fn put(&self, stream: &str, records: &Batch, id: Option<RequestId>) -> Option<Result<Put, PutError>> {
        let until = Instant::now() + PATIENCE;
        loop {
            let running = self.get(stream)?;
            match running.stream.put_or_repeat(records, id) {
                // Another stream takes its place once this one has let go.
                Err(PutError::Ended) if running.ending.is_replaced() && Instant::now() < until => {
                    match Waiting::begin(running.stream.shared()) {
                        Ok(_waiting) => {
                            running.ending.wait_passed(until.saturating_duration_since(Instant::now()));
                        }
                        Err(error) => return Some(Err(error)),
                    }
                    let (alone, given_up) = {
                        let end = running.ending.state();
                        (end.alone, end.given_up)
                    };
                    if given_up {
                        // What has its name by now, if anything, is not the stream that was asked.
                        return None;
                    }
                    if alone && self.get(stream).is_some_and(|now| Arc::ptr_eq(&now, &running)) {
                        return Some(Err(PutError::Ended));
                    }
                }
                put => return Some(put.map(|(accepted, repeated)| running.put(accepted, repeated))),
            }
        }
    }

    /// Has these streams run, and no others. What stays as it was is not touched. Streams that are gone must hold
    /// nothing; if one does, or cannot be stopped, all goes on as before. Blocks until it is done.
    pub fn change(&self, plans: Vec<Plan>) -> Result<Changes, ChangeError> {
        let _one = self.shared.changing.write().unwrap_or_else(PoisonError::into_inner);
        let mut changes = Changes::default();
        let mut starts: Vec<(Option<Arc<Running>>, Arc<Plan>)> = Vec::new();
        let names: BTreeSet<String> = plans.iter().map(|plan| plan.name.clone()).collect();
        for plan in plans {
            match self.get(&plan.name) {
                // Whoever removes it is not to find it started again.
                Some(running) if running.is_given_up() => {}
                Some(running) if running.plan.is_like(&plan) && !running.is_down() => {}
                Some(running) if running.plan.discards() != plan.discards() => {
                    return Err(ChangeError::Destination { stream: plan.name });
                }
                Some(running) if running.plan.backs_up() && !plan.backs_up() => {
                    return Err(ChangeError::Backup { stream: plan.name });
                }
                Some(running) if running.stream.reads_apart() => {
                    return Err(ChangeError::Pipe { stream: plan.name });
                }
                running => {
                    let list = if running.is_some() { &mut changes.changed } else { &mut changes.added };
                    list.push(plan.name.clone());
                    starts.push((running, Arc::new(plan)));
                }
            }
        }
        let gone: Vec<Arc<Running>> = self
            .all()
            .into_iter()
            .filter(|running| !names.contains(&running.plan.name) && !running.is_given_up())
            .collect();
        if let Some(running) = gone.iter().find(|running| running.stream.reads_apart()) {
            return Err(ChangeError::Pipe { stream: running.plan.name.clone() });
        }
        // What discards has settled nothing yet that it ran a moment ago, and will once it lets go.
        for running in gone.iter().filter(|running| !running.plan.discards()) {
            self.shared.state.holds_nothing(&running.plan.name)?;
        }
        for running in &gone {
            running.hand_over();
        }
        // Somebody may have put something meanwhile.
        let held = gone.iter().find_map(|gone| self.shared.state.holds_nothing(&gone.plan.name).err());
        if let Some(error) = held {
            for running in &gone {
                let _ = self.start_in_place_of(running, &running.plan);
            }
            return Err(error.into());
        }
        for running in gone {
            running.ending.state().given_up = true;
            self.book().remove(&running.plan.name);
            running.ending.leave();
            changes.removed.push(running.plan.name.clone());
        }
        let mut failed = None;
        for (before, plan) in starts {
            let started = match before {
                Some(before) => {
                    before.hand_over();
                    self.start_in_place_of(&before, &plan)
                }
                None => self.start_again(&plan),
            };
            failed = started.err().or(failed);
        }
        failed.map_or(Ok(changes), |error| Err(error.into()))
    }

    fn start_in_place_of(&self, before: &Running, plan: &Arc<Plan>) -> Result<(), StateError> {
        let started = self.start_again(plan);
        if started.is_err() {
            before.ending.leave();
        }
        started
    }
}

impl Running {
    fn put(&self, accepted: Accepted, repeated: bool) -> Put {
        Put { accepted, ids: self.stream.record_ids(&accepted), repeated }
    }

    /// Whether it has failed, or nothing came in its place.
    fn is_down(&self) -> bool {
        let end = self.ending.state();
        end.alone || (end.ended == Some(false) && !end.replaced)
    }

    fn health(&self) -> Health {
        let end = self.ending.state();
        match end.ended {
            _ if end.given_up => Health::Ended,
            _ if end.alone => Health::Failed,
            // Another is about to take its place.
            Some(_) if end.replaced => Health::Starting,
            Some(true) => Health::Ended,
            Some(false) => Health::Failed,
            None if self.stream.is_ready() => Health::Running,
            None => Health::Starting,
        }
    }

    fn is_given_up(&self) -> bool {
        self.ending.state().given_up
    }

    /// Stops it at once. A delivery that is on its way may still arrive, and no other is begun.
    fn give_up(&self) {
        {
            let mut end = self.ending.state();
            (end.replaced, end.given_up) = (true, true);
        }
        self.stop.hand_over(Duration::ZERO);
    }

    /// Stops it for another to take its place, and waits until it has. Deliveries under way end; no other is begun.
    fn hand_over(&self) {
        self.ending.state().replaced = true;
        self.stop.hand_over(HAND_OVER);
        self.ending.wait_ended();
    }
}

impl Ending {
    fn state(&self) -> MutexGuard<'_, End> {
        lock(&self.state)
    }

    fn pass(&self) {
        self.state().passed = true;
        self.moved.notify_all();
    }

    fn wait_ended(&self) {
        let waited = self.moved.wait_while(self.state(), |end| end.ended.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Nothing takes its place.
    fn leave(&self) {
        self.state().alone = true;
        self.pass();
    }

    fn is_replaced(&self) -> bool {
        self.state().replaced
    }

    /// Waits at most so long until another has its place.
    fn wait_passed(&self, wait: Duration) {
        let waited = self.moved.wait_timeout_while(self.state(), wait, |end| !end.passed);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.all().iter().map(|running| running.plan.name.clone()).collect();
        f.debug_struct("Streams").field("running", &names).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

mod one;
#[cfg(test)]
mod tests;
