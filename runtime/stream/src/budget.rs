//! The memory that open parcels of all streams may take. Passing it seals nothing: the lane that holds most has its
//! parcels carried to its journal and freed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::pool::Task;

/// One number of bytes for the host.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    /// Open parcels and cuts that are on their way to the disk.
    used: AtomicU64,
    meters: Mutex<Vec<Weak<Meter>>>,
}

/// What one lane holds of a [`Budget`].
#[derive(Debug)]
pub(crate) struct Meter {
    budget: Arc<Budget>,
    open: AtomicU64,
    /// Somebody wants its parcels freed.
    asked: AtomicBool,
    /// Who frees them.
    task: Task,
}

/// What a cut holds. Dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Detached {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    /// `total` bytes.
    pub fn new(total: u64) -> Arc<Self> {
        Arc::new(Self { total, used: AtomicU64::new(0), meters: Mutex::default() })
    }

    pub(crate) fn meter(self: &Arc<Self>, task: Task) -> Arc<Meter> {
        let meter =
            Meter { budget: Arc::clone(self), open: AtomicU64::new(0), asked: AtomicBool::new(false), task };
        let meter = Arc::new(meter);
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        meters.retain(|meter| meter.strong_count() > 0);
        meters.push(Arc::downgrade(&meter));
        meter
    }

    /// All bytes there are.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.used() > self.total
    }

    /// Asks the lane that holds most to free it.
    fn relieve(&self) {
        let meters: Vec<_> = {
            let meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
            meters.iter().filter_map(Weak::upgrade).collect()
        };
        let most = meters.iter().max_by_key(|meter| meter.open.load(Ordering::Relaxed));
        if let Some(most) = most.filter(|meter| meter.open.load(Ordering::Relaxed) > 0)
            && !most.asked.swap(true, Ordering::AcqRel)
        {
            most.task.wake();
        }
    }
}

impl Meter {
    /// Notes what the lane's open parcels take now. True if the budget is passed.
    pub(crate) fn note(&self, bytes: u64) -> bool {
        let before = self.open.swap(bytes, Ordering::Relaxed);
        if bytes >= before {
            self.budget.used.fetch_add(bytes - before, Ordering::Relaxed);
        } else {
            self.budget.used.fetch_sub(before - bytes, Ordering::Relaxed);
        }
        let passed = self.budget.is_passed();
        if passed {
            self.budget.relieve();
        }
        passed
    }

    /// Whether this lane is to free what it holds. Asked once, it says so once.
    pub(crate) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    pub(crate) fn detach(&self, bytes: u64) -> Detached {
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
        Detached { budget: Arc::clone(&self.budget), bytes }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.open.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
