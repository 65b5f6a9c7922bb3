use std::sync::atomic::{AtomicU64, Ordering};

/// How far a stream is. Moved once a batch or an object; read by whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    pub(crate) read: AtomicU64,
    pub(crate) outputs: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) objects: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

/// A reading of [`Progress`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub read: u64,
    /// Outputs gathered for the destination.
    pub outputs: u64,
    /// Records that a plugin dropped.
    pub dropped: u64,
    /// Records gone to the error output.
    pub failed: u64,
    /// Objects delivered.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
}

impl Progress {
    /// The totals now.
    pub fn totals(&self) -> Totals {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            read: get(&self.read),
            outputs: get(&self.outputs),
            dropped: get(&self.dropped),
            failed: get(&self.failed),
            objects: get(&self.objects),
            bytes: get(&self.bytes),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}
