use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use standpipe_log::RequestId;
use standpipe_record::Kind;

use crate::deliver::failure;
use crate::entry::Answer;
use crate::home::Home;
use crate::intake::Intake;
use crate::keeper::KeepError;
use crate::live::Live;
use crate::metrics::Trouble;
use crate::places::Places;
use crate::pool::Task;
use crate::record_id::RecordIds;
use crate::repeats::{Accepted, Repeats};
use crate::slot::Slot;
use crate::state::random;
use crate::window::Window;
use crate::{Error, Plan, Stop, Workers};

/// How far behind a lane may be before the next one is used, in bytes.
const BEHIND: u64 = 1 << 20;
/// How often a destination is probed while nothing is delivered, at the most.
const LONGEST_PROBE_PAUSE: Duration = Duration::from_secs(30);
/// How long a stream that has failed may deliver what it sealed.
const PATIENCE: Duration = Duration::from_secs(25);

/// A stream that runs. Dropped, it runs on; a [`Stop`] ends it.
#[derive(Debug)]
pub struct Stream {
    shared: Arc<Shared>,
}

/// What the intake and the lanes of a stream share.
pub(crate) struct Shared {
    pub(crate) plan: Arc<Plan>,
    pub(crate) home: Arc<Home>,
    pub(crate) workers: Arc<Workers>,
    /// Asked with the host's, and when the stream has failed.
    pub(crate) stop: Stop,
    pub(crate) places: Places,
    pub(crate) repeats: Repeats,
    pub(crate) window: Arc<Window>,
    /// Requests that wait for the stream, or its disk.
    pub(crate) waiting: AtomicUsize,
    /// Random: tells this run of the stream from all others.
    pub(crate) born: u128,
    this: Weak<Self>,
    intake: Task,
    slots: Mutex<BTreeMap<u32, Arc<Slot>>>,
    state: Mutex<State>,
    /// The stream is ready.
    readied: Condvar,
}

type OnEnd = Box<dyn FnOnce(Result<(), Error>) + Send>;

#[derive(Default)]
struct State {
    /// What is on disk is known: how far files were read, and what was answered.
    ready: bool,
    /// Nothing more will be read.
    intake_ended: bool,
    /// A pipe is asked for more and may never answer.
    reads: bool,
    failed: bool,
    error: Option<Error>,
    /// Something that may never answer reads for it: nobody can take its place.
    reads_apart: bool,
    /// It has ended, and another may have its folder: nothing on disk is its own any more.
    over: bool,
    /// Taken when the stream has ended.
    on_end: Option<OnEnd>,
}

impl Stream {
    /// Begins to run a stream. `on_end` is called once, when its source has ended, or it was asked to stop, and
    /// everything that it read is delivered or kept in `home`; or when it has failed.
    pub fn start(
        plan: Arc<Plan>,
        home: Home,
        workers: &Arc<Workers>,
        stop: &Stop,
        on_end: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) -> Self {
        let partitions = plan.partitions.as_ref();
        plan.metrics.watch_partitions(partitions.map(|partitions| Arc::clone(&partitions.active)));
        let shared = Arc::new_cyclic(|this| Shared {
            home: Arc::new(home),
            window: Window::new(plan.concurrency),
            plan,
            workers: Arc::clone(workers),
            stop: stop.child(),
            places: Places::default(),
            repeats: Repeats::default(),
            waiting: AtomicUsize::new(0),
            born: random(),
            this: Weak::clone(this),
            intake: workers.keep.task(),
            slots: Mutex::default(),
            state: Mutex::new(State { on_end: Some(Box::new(on_end)), ..State::default() }),
            readied: Condvar::new(),
        });
        let this = Arc::downgrade(&shared);
        shared.stop.on_ask(move || {
            if let Some(this) = this.upgrade() {
                this.look();
            }
        });
        shared.intake.begin(Box::new(Intake::new(Arc::clone(&shared))));
        Self { shared }
    }

    /// Whether what is on disk is known, and records are taken.
    pub fn is_ready(&self) -> bool {
        self.shared.state().ready
    }

    /// Whether it has a source that can neither be ended nor begun anew: standard input, or a pipe.
    pub(crate) fn reads_apart(&self) -> bool {
        let state = self.shared.state();
        state.reads_apart && !state.intake_ended
    }

    /// What was answered to a request, if it was.
    pub fn answer(&self, id: RequestId) -> Option<Accepted> {
        self.shared.repeats.answer(id, self.shared.plan.clock.now_ms())
    }

    /// What records that were accepted are called.
    pub fn record_ids(&self, accepted: &Accepted) -> RecordIds {
        let Home { state, incarnation, .. } = *self.shared.home;
        RecordIds { state, incarnation, lane: accepted.lane, first: accepted.first }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The lane of this number.
    pub(crate) fn slot(&self, lane: u32) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Slot::new(self.home.lane(lane), Weak::clone(&self.this));
        Arc::clone(slots.entry(lane).or_insert_with(new))
    }

    /// The first lane that is not behind, or else the one that is least.
    pub(crate) fn pick(&self) -> Arc<Slot> {
        let lanes = || (0..self.plan.lanes.max(1)).map(|lane| self.slot(lane));
        let first = lanes().find(|slot| slot.behind() < BEHIND);
        first.or_else(|| lanes().min_by_key(|slot| slot.behind())).unwrap_or_else(|| self.slot(0))
    }

    /// Looks at what is on disk, changes nothing, and wakes the lanes that hold something.
    pub(crate) fn survey(&self) -> Result<(), KeepError> {
        for lane in self.home.lanes()? {
            let slot = self.slot(lane);
            let mut live = Live::default();
            let found = slot.home.journal().read()?;
            for read in &found.frames {
                let _ = live.apply(&read.entry, &read.carries);
            }
            if lane >= self.plan.lanes {
                // It was filled when there were more of them.
                slot.end();
            }
            if !live.is_empty() || !found.leftovers.is_empty() || slot.home.has_files()? {
                slot.wake();
                continue;
            }
            let sources: Vec<_> = live.sources().collect();
            self.found(lane, &sources, live.answers.make_contiguous());
        }
        Ok(())
    }

    /// Notes what a lane has of sources and requests.
    pub(crate) fn found(&self, lane: u32, sources: &[(Vec<u8>, u64)], answers: &[Answer]) {
        for (identity, to) in sources {
            self.places.note(identity, *to);
        }
        for Answer { id, at_ms, first, records } in answers {
            if let Ok(id) = u128::from_str_radix(id, 16) {
                let answer = Accepted { lane, at_ms: *at_ms, first: *first, records: *records };
                self.repeats.found(RequestId(id.to_be_bytes()), answer);
            }
        }
    }

    /// Whether no lane is being brought back.
    pub(crate) fn are_awake(&self) -> bool {
        self.slots().iter().all(|slot| slot.is_asleep() || slot.is_awake())
    }

    pub(crate) fn look_intake(&self) {
        self.intake.wake();
    }

    /// Has everybody look again.
    fn look(&self) {
        self.intake.wake();
        for slot in self.slots() {
            slot.look();
        }
        self.check_end();
    }

    /// A pipe is about to be asked for more, or has answered. False if nothing more is wanted of it.
    pub(crate) fn reads(&self, reads: bool) -> bool {
        self.state().reads = reads;
        !self.stop.is_asked()
    }

    /// Nothing more comes in, because of an error if there is one.
    pub(crate) fn intake_ended(&self, error: Option<Error>) {
        if let Some(error) = error {
            match error {
                // What was read before it goes its way.
                Error::Source { .. } => self.note(error),
                _ => self.fail(error),
            }
        }
        self.state().intake_ended = true;
        for slot in self.slots() {
            slot.end();
        }
        self.check_end();
    }

    /// What is on disk is known: requests may come.
    pub(crate) fn ready(&self) {
        self.state().ready = true;
        self.readied.notify_all();
    }

    /// Waits until requests may come, at most so long. Before that, nobody knows what was answered already.
    pub(crate) fn wait_ready(&self, wait: Duration) -> bool {
        let waiting = |state: &mut State| !state.ready;
        let waited = self.readied.wait_timeout_while(self.state(), wait, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.ready
    }

    /// Something that may never answer reads for it.
    pub(crate) fn read_apart(&self) {
        self.state().reads_apart = true;
    }

    /// Whether nothing on disk is its own any more.
    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Whether nothing that comes now is appended any more.
    pub(crate) fn takes_no_more(&self) -> bool {
        self.stop.is_asked() || self.state().intake_ended
    }

    fn note(&self, error: Error) {
        let mut state = self.state();
        state.failed = true;
        state.error.get_or_insert(error);
    }

    /// Probes the destination. The stream does not wait for it. One that fails is repeated until something is
    /// delivered: a stream that has nothing to deliver would not learn otherwise that all is well again.
    pub(crate) fn probe(&self, pause: Duration) {
        let this = Weak::clone(&self.this);
        let tell = move |probed: Result<(), standpipe_sink::Error>| {
            let Some(this) = this.upgrade() else { return };
            if this.plan.metrics.totals().objects > 0 {
                return;
            }
            match probed {
                Ok(()) => this.delivers(),
                Err(source) => match failure(&source) {
                    Some(failure) => {
                        this.window.failed(failure);
                        this.cannot_deliver(&source);
                        let again = Weak::clone(&this.this);
                        this.workers.runtime.spawn(async move {
                            tokio::time::sleep(pause).await;
                            if let Some(this) = again.upgrade().filter(|this| !this.stop.is_asked()) {
                                this.probe((pause * 2).min(LONGEST_PROBE_PAUSE));
                            }
                        });
                    }
                    None => this.fail(Error::Sink { stream: this.plan.name.clone(), source, records: 0 }),
                },
            }
        };
        self.workers.probe(&self.plan.sink, &self.plan.destination.bucket, self.plan.probe_key(), tell);
    }

    /// An object was delivered.
    pub(crate) fn delivers(&self) {
        if self.plan.metrics.is_news(None) {
            tracing::info!(stream = %self.plan.name, "delivery goes on");
        }
    }

    /// A delivery, or the probe, failed and will be tried again.
    pub(crate) fn cannot_deliver(&self, error: &standpipe_sink::Error) {
        let to_mend = error.kind() == Kind::Invalid;
        let trouble = Trouble { since_ms: self.plan.clock.now_ms(), message: error.to_string(), to_mend };
        if !self.plan.metrics.is_news(Some((&error.gist(), trouble))) {
            tracing::debug!(stream = %self.plan.name, %error, "delivery failed again");
        } else if to_mend {
            tracing::error!(stream = %self.plan.name, %error, "nothing is delivered; it goes on by itself once this is mended");
        } else {
            tracing::warn!(stream = %self.plan.name, %error, "delivery failed, will retry");
        }
    }

    /// How long a person may still take to mend what the destination refuses for, if the host does not wait for ever.
    pub(crate) fn patience_left(&self) -> Option<Duration> {
        let (since, patience) = self.window.hopeless_for().zip(self.workers.patience)?;
        Some(patience.saturating_sub(since))
    }

    /// Ends the stream. What is read is kept.
    pub(crate) fn fail(&self, error: Error) {
        self.note(error);
        self.stop.ask(PATIENCE);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// Says that the stream has ended, if it has.
    pub(crate) fn check_end(&self) {
        let mut state = self.state();
        // A pipe that is asked for more may never answer. Nothing waits for it.
        let silent = state.reads && self.stop.is_asked();
        if !(state.intake_ended || silent) || !self.slots().iter().all(|slot| slot.is_asleep()) {
            return;
        }
        let Some(on_end) = state.on_end.take() else { return };
        state.over = true;
        let result = state.error.take().map_or(Ok(()), Err);
        drop(state);
        on_end(result);
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("stream", &self.plan.name).finish_non_exhaustive()
    }
}
