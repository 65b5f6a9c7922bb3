use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Asks streams to stop: to read no more, keep what they hold, and deliver no longer than to the deadline.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    asked: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    above: Option<Stop>,
}

impl Stop {
    /// Asks, and allows `patience` for deliveries under way.
    pub fn ask(&self, patience: Duration) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + patience);
        self.0.asked.store(true, Ordering::Release);
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire) || self.0.above.as_ref().is_some_and(Self::is_asked)
    }

    /// One that is also asked when this one is.
    pub(crate) fn child(&self) -> Self {
        Self(Arc::new(Asked { above: Some(self.clone()), ..Asked::default() }))
    }

    pub(crate) fn is_overdue(&self) -> bool {
        let deadline = *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_asked() && deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
