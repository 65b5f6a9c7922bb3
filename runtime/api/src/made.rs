//! The streams that the API made: what it says of each, in memory and on disk.
//!
//! A stream is in the book before it is on disk, so that nobody else takes its name, and leaves it after it is gone from
//! there. Changes of one stream come one after the other; a reload waits for all of them, and they for it.

mod definition;
mod restore;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

use standpipe_spec::Rate;

pub(crate) use definition::{Definition, Tags};
pub use restore::MadeError;
pub(crate) use restore::plan;

use crate::rate::Limiter;

/// The most streams that the API makes, as at Firehose in a large region.
pub(crate) const MOST: usize = 5_000;
/// The most bytes of all their definitions, as they are on disk.
pub(crate) const MOST_BYTES: usize = 64 << 20;
/// The most streams that are about to be gone: each has a thread.
const MOST_GOING: usize = 64;

/// The streams that the API made, by name.
#[derive(Debug, Default)]
pub struct Book {
    streams: RwLock<BTreeMap<String, Arc<Made>>>,
    still: RwLock<()>,
    going: Arc<()>,
}

/// A stream that the API made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) limiter: Limiter,
    /// One change at a time.
    change: Mutex<()>,
    now: RwLock<Arc<Definition>>,
    /// Of its definition, on disk.
    bytes: AtomicUsize,
    phase: AtomicU8,
}

/// How far a stream is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is not ready yet, and was not before.
    Creating,
    /// It takes records, or did.
    Active,
    /// It takes none any more, and is about to be gone.
    Deleting,
    /// It could not be deleted, and may be deleted again.
    DeletingFailed,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Creating, Self::Active, Self::Deleting, Self::DeletingFailed];
}

/// Nothing changes as long as it lives: a reload has the streams to itself.
#[derive(Debug)]
pub struct Still<'a>(#[expect(dead_code, reason = "to hold it is all")] RwLockWriteGuard<'a, ()>);

impl Book {
    fn streams(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Made>>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Made>>> {
        self.streams.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for changes under way, and has others wait.
    pub(crate) fn hold_still(&self) -> Still<'_> {
        Still(self.still.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// A change that a reload waits for.
    pub(crate) fn begin_change(&self) -> RwLockReadGuard<'_, ()> {
        self.still.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream of this name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Made>> {
        self.streams().get(name).cloned()
    }

    /// Room for one more stream that is about to be gone, until what this gives is dropped.
    pub(crate) fn begin_going(&self) -> Option<Arc<()>> {
        let _one = self.streams_mut();
        (Arc::strong_count(&self.going) <= MOST_GOING).then(|| Arc::clone(&self.going))
    }

    /// Whether it has no stream.
    pub fn is_empty(&self) -> bool {
        self.streams().is_empty()
    }

    /// Enters a stream that is about to be made, whose definition has so many bytes on disk.
    pub(crate) fn enter(&self, name: &str, definition: Definition, bytes: usize) -> Result<Arc<Made>, Taken> {
        let mut streams = self.streams_mut();
        if streams.contains_key(name) {
            return Err(Taken::Name);
        }
        if streams.len() >= MOST {
            return Err(Taken::Full);
        }
        if bytes_of(&streams).saturating_add(bytes) > MOST_BYTES {
            return Err(Taken::Bytes);
        }
        let made = Arc::new(Made::new(definition, bytes, Phase::Creating));
        streams.insert(name.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// Whether there is room for a definition of so many bytes in the place of a stream's own.
    pub(crate) fn has_room(&self, made: &Made, bytes: usize) -> bool {
        let own = made.bytes.load(Ordering::Relaxed);
        bytes <= own || bytes_of(&self.streams()).saturating_add(bytes - own) <= MOST_BYTES
    }

    fn restore(&self, name: String, definition: Definition, bytes: usize) {
        self.streams_mut().insert(name, Arc::new(Made::new(definition, bytes, Phase::Active)));
    }

    /// Forgets a stream that is gone.
    pub(crate) fn leave(&self, name: &str) {
        self.streams_mut().remove(name);
    }

    /// Names behind `start`, in order, at most so many of those that `wanted` wants.
    pub(crate) fn names(&self, start: &str, most: usize, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let streams = self.streams();
        let behind = streams.range::<str, _>((Bound::Excluded(start), Bound::Unbounded));
        behind.map(|(name, _)| name).filter(|name| wanted(name)).take(most).cloned().collect()
    }
}

fn bytes_of(streams: &BTreeMap<String, Arc<Made>>) -> usize {
    streams.values().map(|made| made.bytes.load(Ordering::Relaxed)).sum()
}

/// Why a stream is not entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// There is one of this name.
    Name,
    /// There are too many.
    Full,
    /// What they say is too long.
    Bytes,
}

impl Made {
    fn new(definition: Definition, bytes: usize, phase: Phase) -> Self {
        Self {
            limiter: Limiter::new(Rate::default(), Instant::now()),
            change: Mutex::default(),
            now: RwLock::new(Arc::new(definition)),
            bytes: AtomicUsize::new(bytes),
            phase: AtomicU8::new(phase as u8),
        }
    }

    /// Has no other change it.
    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Arc<Definition> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has another definition hold, which is on disk and has so many bytes there.
    pub(crate) fn set(&self, definition: Definition, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(definition);
    }

    pub(crate) fn phase(&self) -> Phase {
        let phase = usize::from(self.phase.load(Ordering::Acquire));
        Phase::ALL.get(phase).copied().unwrap_or(Phase::Active)
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// It has been ready once.
    pub(crate) fn activate(&self) {
        let (from, to) = (Phase::Creating as u8, Phase::Active as u8);
        // Otherwise it is further already.
        let _ = self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
    }
}
