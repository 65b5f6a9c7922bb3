//! Bytes of requests under way: one number for the whole host. Whoever wants more than is left is refused, and never waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a request costs before a byte of its body is read: its head, and the task that serves it.
pub(crate) const HEAD: u64 = 16 << 10;

/// The bytes that requests may hold.
#[derive(Debug)]
pub(crate) struct Admission {
    most: u64,
    used: AtomicU64,
    refused: AtomicU64,
}

/// Bytes that a request holds. They are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    admission: Arc<Admission>,
    bytes: u64,
}

impl Admission {
    /// At most so many bytes.
    pub(crate) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, used: AtomicU64::new(0), refused: AtomicU64::new(0) })
    }

    /// Admits a request, if there is room.
    pub(crate) fn admit(self: &Arc<Self>) -> Option<Held> {
        let mut held = Held { admission: Arc::clone(self), bytes: 0 };
        held.grow(HEAD).then_some(held)
    }

    /// Bytes that are held now.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Bytes that may be held.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// How often there was no room.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Takes more, before it is used. False if there is no room for it.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: u64) -> bool {
        let most = self.admission.most;
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= most);
        let took = self.admission.used.try_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if took {
            self.bytes += bytes;
        } else {
            self.admission.refused.fetch_add(1, Ordering::Relaxed);
        }
        took
    }

    /// Gives back what is more than `bytes`.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let back = self.bytes.saturating_sub(bytes);
        self.bytes -= back;
        self.admission.used.fetch_sub(back, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.admission.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_given_back_and_what_has_no_room_is_refused() {
        let admission = Admission::new(2 * HEAD + 10);
        let mut first = admission.admit().unwrap();
        let second = admission.admit().unwrap();
        assert!(admission.admit().is_none());
        assert!(first.grow(10));
        assert!(!first.grow(1));
        assert!(!first.grow(u64::MAX));
        assert_eq!((admission.used(), admission.refused()), (2 * HEAD + 10, 3));
        drop(second);
        assert!(first.grow(1));
        first.shrink(u64::MAX);
        assert_eq!(admission.used(), HEAD + 11);
        first.shrink(7);
        assert_eq!(admission.used(), 7);
        drop(first);
        assert_eq!(admission.used(), 0);
    }
}
