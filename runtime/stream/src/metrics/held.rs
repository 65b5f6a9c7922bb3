//! What lanes hold that is not delivered yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::get;
use super::reading::Amount;

/// No record waits.
const NONE: u64 = u64::MAX;

/// What a lane holds that is not delivered yet, by where it is.
#[derive(Debug)]
pub(crate) struct Held {
    /// Open parcels. The oldest record may also be read and under way.
    pub(crate) open: Part,
    /// When the oldest record arrived that is in a cut and not on disk yet, in milliseconds since 1970.
    pub(crate) cut: AtomicU64,
    /// Sealed files.
    pub(crate) sealed: Part,
}

#[derive(Debug)]
pub(crate) struct Part {
    oldest: AtomicU64,
    count: AtomicU64,
    bytes: AtomicU64,
}

impl Held {
    /// When the oldest record arrived, in milliseconds since 1970.
    pub(super) fn oldest_ms(&self) -> Option<u64> {
        let oldest = get(&self.open.oldest).min(get(&self.cut)).min(get(&self.sealed.oldest));
        (oldest != NONE).then_some(oldest)
    }

    /// Open parcels and sealed files of several lanes.
    pub(super) fn sum<'a>(lanes: impl Iterator<Item = &'a Arc<Self>>) -> (Amount, Amount) {
        lanes.fold(Default::default(), |(open, sealed): (Amount, Amount), lane| {
            (open + lane.open.amount(), sealed + lane.sealed.amount())
        })
    }

    /// Nothing of the lane is in memory any more.
    pub(crate) fn forget_memory(&self) {
        self.open.note(None, Amount::default());
        set(&self.cut, None);
    }
}

impl Part {
    /// Notes what is in it now.
    pub(crate) fn note(&self, oldest_ms: Option<u64>, amount: Amount) {
        set(&self.oldest, oldest_ms);
        self.count.store(amount.count, Ordering::Relaxed);
        self.bytes.store(amount.bytes, Ordering::Relaxed);
    }

    fn amount(&self) -> Amount {
        Amount { count: get(&self.count), bytes: get(&self.bytes) }
    }
}

impl Default for Held {
    fn default() -> Self {
        let part =
            || Part { oldest: AtomicU64::new(NONE), count: AtomicU64::new(0), bytes: AtomicU64::new(0) };
        Self { open: part(), cut: AtomicU64::new(NONE), sealed: part() }
    }
}

pub(crate) fn set(oldest: &AtomicU64, ms: Option<u64>) {
    oldest.store(ms.unwrap_or(NONE), Ordering::Relaxed);
}
