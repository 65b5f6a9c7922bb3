//! A lane of a stream and what its intake, its turning and its keeping say to each other. A lane that nothing is in
//! is asleep: a number and a name.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use standpipe_log::Log;

use crate::home::LaneHome;
use crate::keep::Keep;
use crate::keeper::KeepError;
use crate::parcel::Cut;
use crate::pool::Task;
use crate::stream::Shared;

/// Cuts that wait to be made durable. More would only take memory.
const MOST_CUTS: usize = 2;

/// One lane of a stream.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) home: LaneHome,
    stream: Weak<Shared>,
    state: Mutex<State>,
    /// It is awake now, or asleep.
    changed: Condvar,
    /// Bytes of records that were appended since it woke, and those that were read again.
    appended: AtomicU64,
    read: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// How often it was brought back from disk.
    generation: u64,
    /// Who is appending now.
    leases: usize,
    /// Nothing more will be appended.
    ended: bool,
    cuts: VecDeque<Cut>,
    /// Whatever is cut is to be sealed.
    short: bool,
    /// Nothing comes for a while: files may be closed.
    rest: bool,
    /// How turning ended, once it did.
    turned: Option<Result<(), KeepError>>,
    turn: Option<Task>,
    keep: Option<Task>,
}

#[derive(Debug, Default)]
enum Phase {
    /// Nothing of it is in memory.
    #[default]
    Asleep,
    /// It is being brought back from disk, or is to be.
    Waking,
    Awake(Log),
}

/// The right to append to a lane. While anybody has one, the lane stays as it is.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Arc<Slot>,
    pub(crate) log: Log,
    pub(crate) generation: u64,
}

/// What the keeping of a lane finds to do.
#[derive(Debug)]
pub(crate) enum Due {
    Cut(Cut),
    /// Turning has ended, and all its cuts are taken.
    Turned(Result<(), KeepError>),
    /// Nothing comes for a while.
    Rest,
    Nothing,
}

impl Slot {
    pub(crate) fn new(home: LaneHome, stream: Weak<Shared>) -> Arc<Self> {
        Arc::new(Self {
            home,
            stream,
            state: Mutex::default(),
            changed: Condvar::new(),
            appended: AtomicU64::new(0),
            read: AtomicU64::new(0),
        })
    }

    pub(crate) fn lane(&self) -> u32 {
        self.home.lane
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to bring it back from disk, if it is asleep.
    pub(crate) fn wake(self: &Arc<Self>) {
        let Some(stream) = self.stream.upgrade().filter(|stream| !stream.is_over()) else { return };
        let mut state = self.state();
        if !matches!(state.phase, Phase::Asleep) {
            return;
        }
        let task = stream.workers.keep.task();
        (state.phase, state.keep) = (Phase::Waking, Some(task.clone()));
        drop(state);
        let keep = Keep::new(Arc::clone(self), stream, task.clone());
        task.begin(Box::new(keep));
    }

    /// The right to append. None while it is brought back, which this begins; the stream's intake is woken then.
    pub(crate) fn lease(self: &Arc<Self>) -> Option<Lease> {
        self.wake();
        let mut state = self.state();
        let Phase::Awake(log) = &state.phase else { return None };
        let (log, generation) = (log.clone(), state.generation);
        state.leases += 1;
        Some(Lease { slot: Arc::clone(self), log, generation })
    }

    /// Waits for a lease at most so long.
    pub(crate) fn wait_for_lease(self: &Arc<Self>, wait: Duration) -> Option<Lease> {
        if let Some(lease) = self.lease() {
            return Some(lease);
        }
        let state = self.state();
        let waking = |state: &mut State| matches!(state.phase, Phase::Waking);
        drop(self.changed.wait_timeout_while(state, wait, waking).unwrap_or_else(PoisonError::into_inner));
        self.lease()
    }

    /// Nothing more will be appended.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        let turn = state.turn.clone();
        drop(state);
        wake(turn);
    }

    /// Whether nothing more will be appended.
    pub(crate) fn has_ended(&self) -> bool {
        let state = self.state();
        state.ended && state.leases == 0
    }

    pub(crate) fn is_asleep(&self) -> bool {
        matches!(self.state().phase, Phase::Asleep)
    }

    pub(crate) fn is_awake(&self) -> bool {
        matches!(self.state().phase, Phase::Awake(_))
    }

    /// Bytes that wait to be transformed, about.
    pub(crate) fn behind(&self) -> u64 {
        self.appended.load(Ordering::Relaxed).saturating_sub(self.read.load(Ordering::Relaxed))
    }

    /// Has everybody who works on it look again.
    pub(crate) fn look(&self) {
        let state = self.state();
        let (turn, keep) = (state.turn.clone(), state.keep.clone());
        drop(state);
        wake(turn);
        wake(keep);
        self.changed.notify_all();
    }

    // What its turning says.

    /// Whether a cut may be taken now. If not, turning is woken when it may.
    pub(crate) fn has_room(&self) -> bool {
        self.state().cuts.len() < MOST_CUTS
    }

    /// Has the lane seal whatever it cuts next: there is no room to carry it, and sealing it makes some.
    pub(crate) fn set_short(&self, short: bool) {
        self.state().short = short;
    }

    /// Whether whatever is cut is to be sealed.
    pub(crate) fn is_short(&self) -> bool {
        self.state().short
    }

    /// Whether all cuts that were handed over are taken.
    pub(crate) fn has_no_cut(&self) -> bool {
        self.state().cuts.is_empty()
    }

    /// Hands over a cut of the lane of this generation. One that comes too late is void: its records run again.
    pub(crate) fn push(&self, cut: Cut, generation: u64) {
        let mut state = self.state();
        if !state.is_current(generation) {
            return;
        }
        state.cuts.push_back(cut);
        let keep = state.keep.clone();
        drop(state);
        wake(keep);
    }

    /// Whether the lane of this generation is still the one that counts.
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.state().is_current(generation)
    }

    pub(crate) fn note_read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Nothing comes for a while.
    pub(crate) fn rest(&self) {
        let mut state = self.state();
        state.rest = true;
        let keep = state.keep.clone();
        drop(state);
        wake(keep);
    }

    pub(crate) fn turned(&self, how: Result<(), KeepError>) {
        let mut state = self.state();
        (state.turned, state.turn) = (Some(how), None);
        let keep = state.keep.clone();
        drop(state);
        wake(keep);
    }

    // What its keeping says.

    /// It is awake. Returns its generation.
    pub(crate) fn awake(&self, log: &Log, turn: &Task) -> u64 {
        self.appended.store(log.bytes(), Ordering::Relaxed);
        self.read.store(0, Ordering::Relaxed);
        let mut state = self.state();
        state.phase = Phase::Awake(log.clone());
        state.generation += 1;
        debug_assert!(state.cuts.is_empty(), "those of the generation before are void");
        (state.turned, state.turn) = (None, Some(turn.clone()));
        let generation = state.generation;
        drop(state);
        self.changed.notify_all();
        generation
    }

    pub(crate) fn due(&self) -> Due {
        let mut state = self.state();
        if let Some(cut) = state.cuts.pop_front() {
            let turn = state.turn.clone();
            drop(state);
            wake(turn);
            return Due::Cut(cut);
        }
        match state.turned.take() {
            Some(how) => Due::Turned(how),
            None if std::mem::take(&mut state.rest) => Due::Rest,
            None => Due::Nothing,
        }
    }

    /// It goes back to what is on disk. Whoever turns it or appends to it is to let go.
    pub(crate) fn fall_back(&self) {
        let mut state = self.state();
        state.phase = Phase::Waking;
        let cuts = std::mem::take(&mut state.cuts);
        let turn = state.turn.clone();
        drop((state, cuts));
        wake(turn);
    }

    /// Whether nobody turns it or appends to it any more.
    pub(crate) fn is_free(&self) -> bool {
        let state = self.state();
        state.leases == 0 && state.turn.is_none()
    }

    /// Goes to sleep, unless somebody appends.
    pub(crate) fn sleep(&self) -> bool {
        let mut state = self.state();
        if state.leases > 0 {
            return false;
        }
        (state.phase, state.turn, state.keep) = (Phase::Asleep, None, None);
        let cuts = std::mem::take(&mut state.cuts);
        state.turned = None;
        drop((state, cuts));
        self.changed.notify_all();
        true
    }
}

impl State {
    fn is_current(&self, generation: u64) -> bool {
        self.generation == generation && matches!(self.phase, Phase::Awake(_))
    }
}

impl Lease {
    /// Notes bytes of records that are durable now.
    pub(crate) fn note_appended(&self, bytes: u64) {
        self.slot.appended.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut state = self.slot.state();
        state.leases -= 1;
        let last = state.leases == 0;
        let (turn, keep) = (state.turn.clone(), state.keep.clone());
        let waits =
            last && (state.ended || !matches!(state.phase, Phase::Awake(_)) || state.turned.is_some());
        drop(state);
        if waits {
            wake(turn);
            wake(keep);
        }
    }
}

fn wake(task: Option<Task>) {
    if let Some(task) = task {
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use standpipe_log::Quota;
    use standpipe_log::testing::MemoryDisk;

    use super::*;
    use crate::home::Home;
    use crate::keeper::Keeper;
    use crate::pool::Pool;

    fn cut() -> Cut {
        Cut {
            position: standpipe_record::Position::new(1),
            next_parcel: 0,
            due: Vec::new(),
            carries: Vec::new(),
            sources: std::collections::BTreeMap::new(),
            requests: Vec::new(),
            counts: crate::Counts::default(),
            held: None,
        }
    }

    #[test]
    fn a_cut_of_a_lane_that_went_back_to_disk_is_void() {
        let home = Arc::new(Home {
            disk: Arc::new(MemoryDisk::new(1)),
            folder: "streams/s".into(),
            state: 1,
            incarnation: 2,
            share: Quota::new(1 << 20, 0).share(),
            segment_bytes: 1 << 20,
            prepared: AtomicBool::new(false),
            preparing: Mutex::default(),
        });
        let slot = Slot::new(home.lane(0), Weak::new());
        let task = Pool::new("test", 1).unwrap().task();
        let log = Keeper::recover(&slot.home).unwrap().log;
        let first = slot.awake(&log, &task);
        slot.push(cut(), first);
        assert!(matches!(slot.due(), Due::Cut(_)));
        slot.push(cut(), first);
        slot.fall_back();
        assert!(!slot.is_current(first));
        // Turning did not know yet.
        slot.push(cut(), first);
        slot.turned(Ok(()));
        assert!(slot.is_free());
        let second = slot.awake(&log, &task);
        slot.push(cut(), first);
        assert!(matches!(slot.due(), Due::Nothing));
        slot.push(cut(), second);
        assert!(matches!(slot.due(), Due::Cut(_)));
    }
}
