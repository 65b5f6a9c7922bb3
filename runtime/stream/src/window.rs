//! How many objects of a stream are delivered at a time, and when after a failure the next one is tried.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::pool::Task;

/// How soon after a failure that may pass the next try comes, at first and at the most.
const PASSING: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(10)];
/// The same where a person has to mend something.
const TO_MEND: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// The deliveries of one stream. A failure halves how many run at a time, or leaves one; each that goes well allows
/// one more. After a failure all wait, twice as long as the last time, with full jitter, so that streams that failed
/// together do not come back together.
#[derive(Debug)]
pub(crate) struct Window {
    most: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    allowed: u32,
    flying: u32,
    pause: Duration,
    next_try: Option<Instant>,
    last_failure: Option<Instant>,
    /// Since when a person has had to mend something.
    hopeless: Option<Instant>,
    waiting: Vec<Task>,
}

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Passing,
    Throttled,
    ToMend,
}

/// The right to deliver one object.
#[derive(Debug)]
pub(crate) struct Pass {
    window: Arc<Window>,
    began: Instant,
}

/// Whether a delivery may begin.
#[derive(Debug)]
pub(crate) enum Admission {
    Go(Pass),
    /// Ask again then, or when woken.
    Wait(Option<Duration>),
}

impl Window {
    /// At most `most` at a time.
    pub(crate) fn new(most: u32) -> Arc<Self> {
        let most = most.max(1);
        let state = State {
            allowed: most,
            flying: 0,
            pause: Duration::ZERO,
            next_try: None,
            last_failure: None,
            hopeless: None,
            waiting: Vec::new(),
        };
        Arc::new(Self { most, state: Mutex::new(state) })
    }

    /// Asks for a pass. Without one, `task` is woken when another is given back.
    pub(crate) fn admit(self: &Arc<Self>, task: &Task) -> Admission {
        let mut state = self.state();
        let left = state.next_try.map(|next| next.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            return Admission::Wait(Some(left));
        }
        if state.flying >= state.allowed {
            if !state.waiting.iter().any(|waiting| waiting.is(task)) {
                state.waiting.push(task.clone());
            }
            return Admission::Wait(None);
        }
        state.flying += 1;
        Admission::Go(Pass { window: Arc::clone(self), began: Instant::now() })
    }

    /// A failure before any delivery: nobody had a pass.
    pub(crate) fn failed(&self, failure: Failure) {
        self.state().failed(failure, Instant::now());
    }

    /// How long a person has had to mend something.
    pub(crate) fn hopeless_for(&self) -> Option<Duration> {
        self.state().hopeless.map(|since| since.elapsed())
    }

    /// Whether the last try failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.state().last_failure.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failed(&mut self, failure: Failure, began: Instant) {
        self.hopeless = match failure {
            Failure::ToMend => self.hopeless.or(Some(Instant::now())),
            Failure::Passing | Failure::Throttled => None,
        };
        // Of several that failed together one counts.
        if self.last_failure.is_some_and(|last| began < last) {
            return;
        }
        let [first, most] = if failure == Failure::ToMend { TO_MEND } else { PASSING };
        self.pause = (self.pause * 2).clamp(first, most);
        self.allowed = if failure == Failure::Throttled { (self.allowed / 2).max(1) } else { 1 };
        let part = u32::try_from(RandomState::new().build_hasher().finish() % 1_000).unwrap_or_default();
        let now = Instant::now();
        self.next_try = now.checked_add(self.pause * part / 1_000);
        self.last_failure = Some(now);
    }
}

impl Pass {
    /// How long it took.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn went_well(self) {
        let mut state = self.window.state();
        state.allowed = (state.allowed + 1).min(self.window.most);
        state.pause = Duration::ZERO;
        (state.next_try, state.last_failure, state.hopeless) = (None, None, None);
    }

    pub(crate) fn failed(self, failure: Failure) {
        self.window.state().failed(failure, self.began);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.window.state();
        state.flying -= 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for task in waiting {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;

    fn go(window: &Arc<Window>, task: &Task) -> Option<Pass> {
        match window.admit(task) {
            Admission::Go(pass) => Some(pass),
            Admission::Wait(_) => None,
        }
    }

    #[test]
    fn failures_leave_one_at_a_time_and_successes_allow_more() {
        let (window, pool) = (Window::new(4), Pool::new("test", 1).unwrap());
        let task = pool.task();
        let mut passes: Vec<Pass> = (0..4).map(|_| go(&window, &task).unwrap()).collect();
        assert!(go(&window, &task).is_none());
        passes.pop().unwrap().failed(Failure::Throttled);
        assert_eq!(window.state().allowed, 2);
        let look = || {
            let state = window.state();
            (state.allowed, state.flying, state.pause)
        };
        let pause = look().2;
        // They began before the failure that counts.
        passes.pop().unwrap().failed(Failure::Passing);
        assert_eq!(look(), (2, 2, pause));
        passes.pop().unwrap().went_well();
        passes.pop().unwrap().went_well();
        assert_eq!(look(), (4, 0, Duration::ZERO));
        assert!(!window.is_failing());
        go(&window, &task).unwrap().failed(Failure::Passing);
        assert_eq!(window.state().allowed, 1);
    }

    #[test]
    fn pauses_double_to_their_bound_and_end_with_a_success() {
        let window = Window::new(4);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            window.failed(Failure::Passing);
            pauses.push(window.state().pause.as_millis());
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(window.hopeless_for(), None);
        for _ in 0..3 {
            window.failed(Failure::ToMend);
        }
        assert_eq!(window.state().pause, Duration::from_secs(30));
        assert!(window.hopeless_for().is_some());
        let pass = Pass { window: Arc::clone(&window), began: Instant::now() };
        window.state().flying += 1;
        pass.went_well();
        assert_eq!((window.hopeless_for(), window.state().next_try), (None, None));
    }
}
