use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Asks streams to stop: to read no more, keep what they hold, and deliver no longer than to the deadline.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Asked>);

#[derive(Default)]
struct Asked {
    asked: AtomicBool,
    /// Another one goes on with what is left.
    hands_over: AtomicBool,
    deadline: Mutex<Option<Instant>>,
    above: Option<Stop>,
    below: Mutex<Vec<Weak<Self>>>,
    told: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Stop {
    /// Asks, and allows `patience` for deliveries under way.
    pub fn ask(&self, patience: Duration) {
        *lock(&self.0.deadline) = Instant::now().checked_add(patience);
        self.0.asked.store(true, Ordering::Release);
        self.0.tell();
    }

    /// Asks, for another to go on: deliveries under way may take `patience`, and no other is begun.
    pub(crate) fn hand_over(&self, patience: Duration) {
        self.0.hands_over.store(true, Ordering::Release);
        self.ask(patience);
    }

    pub(crate) fn hands_over(&self) -> bool {
        self.0.hands_over.load(Ordering::Acquire) || self.0.above.as_ref().is_some_and(Self::hands_over)
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Acquire) || self.0.above.as_ref().is_some_and(Self::is_asked)
    }

    /// Has `tell` called at each [`ask`](Self::ask), and at once if that was before.
    pub(crate) fn on_ask(&self, tell: impl Fn() + Send + Sync + 'static) {
        let mut told = lock(&self.0.told);
        if self.is_asked() {
            tell();
        }
        told.push(Box::new(tell));
    }

    /// One that is also asked when this one is.
    pub(crate) fn child(&self) -> Self {
        let child = Self(Arc::new(Asked { above: Some(self.clone()), ..Asked::default() }));
        let mut below = lock(&self.0.below);
        below.retain(|child| child.strong_count() > 0);
        below.push(Arc::downgrade(&child.0));
        drop(below);
        child
    }

    /// How long deliveries may still take. None as long as nobody asked.
    pub(crate) fn left(&self) -> Option<Duration> {
        let own = lock(&self.0.deadline).filter(|_| self.0.asked.load(Ordering::Acquire));
        let own = own.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let above = self.0.above.as_ref().and_then(Self::left);
        own.into_iter().chain(above).min()
    }

    pub(crate) fn is_overdue(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }
}

impl Asked {
    fn tell(&self) {
        for tell in lock(&self.told).iter() {
            tell();
        }
        let below: Vec<_> = lock(&self.below).iter().filter_map(Weak::upgrade).collect();
        for child in below {
            child.tell();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_below_is_told() {
        let (host, told) = (Stop::default(), Arc::new(AtomicBool::new(false)));
        let below = host.child().child();
        let tell = Arc::clone(&told);
        below.on_ask(move || tell.store(true, Ordering::Relaxed));
        drop(host.child());
        host.ask(Duration::from_secs(9));
        assert!(told.load(Ordering::Relaxed) && below.is_asked() && !below.is_overdue());
    }
}
