//! A fixed number of threads that work on any number of tasks, a step at a time. A task that waits costs its own
//! memory and nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How long a step should take at the most.
pub(crate) const STEP: Duration = Duration::from_millis(20);

/// Something that is worked on in steps, by one thread at a time.
pub(crate) trait Work: Send {
    /// Works for about [`STEP`].
    fn step(&mut self) -> Next;
    /// Called instead of the next step when one has panicked, as the last thing.
    fn defect(&mut self);
}

/// What comes after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another step, once others had their turn.
    Again,
    /// A step when it is woken, or after this time.
    Wait(Option<Duration>),
    /// Nothing: it is dropped.
    Done,
}

/// The threads. Dropped, they end after the steps they are in; nobody waits for them, since it may be one of them
/// that drops it.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

/// A handle to one task, which may be there before its work is.
#[derive(Clone)]
pub(crate) struct Task {
    slot: Arc<Slot>,
}

struct Slot {
    pool: Weak<Shared>,
    /// Only the thread that runs the task locks it.
    work: Mutex<Option<Box<dyn Work>>>,
    /// Where it is. Locked only while the queue is.
    place: Mutex<Place>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<Arc<Slot>>,
    /// By time and by the address of the slot: one timer a task.
    timers: BTreeMap<(Instant, usize), Arc<Slot>>,
    over: bool,
}

/// Where a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Not begun, or done.
    Nowhere,
    Ready,
    Running,
    /// Running, and woken since that began.
    Woken,
    Waiting(Option<Instant>),
}

impl Pool {
    /// `threads` threads with names that begin with `name`.
    pub(crate) fn new(name: &str, threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("{name} {number}")).spawn(move || shared.run())?;
        }
        Ok(Self { shared })
    }

    /// A task whose work [begins](Task::begin) later.
    pub(crate) fn task(&self) -> Task {
        let slot = Slot {
            pool: Arc::downgrade(&self.shared),
            work: Mutex::default(),
            place: Mutex::new(Place::Nowhere),
        };
        Task { slot: Arc::new(slot) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.ready.notify_all();
        // What waits may hold handles to what else waits.
        let mut queue = self.shared.lock();
        let left = (std::mem::take(&mut queue.ready), std::mem::take(&mut queue.timers));
        drop(queue);
        drop(left);
    }
}

impl Task {
    /// Gives it its work and its first step. Only once it is done may it begin again.
    pub(crate) fn begin(&self, work: Box<dyn Work>) {
        *lock(&self.slot.work) = Some(work);
        if let Some(pool) = self.slot.pool.upgrade() {
            pool.ready(&mut pool.lock(), &self.slot);
        }
    }

    /// Whether this is a handle to the same task.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.slot, &other.slot)
    }

    /// Has it make a step, soon, even if it is in one now. Nothing if it has not begun or is done.
    pub(crate) fn wake(&self) {
        let Some(pool) = self.slot.pool.upgrade() else { return };
        let mut queue = pool.lock();
        let place = *lock(&self.slot.place);
        match place {
            Place::Waiting(at) => {
                if let Some(at) = at {
                    queue.timers.remove(&(at, self.slot.key()));
                }
                pool.ready(&mut queue, &self.slot);
            }
            Place::Running => *lock(&self.slot.place) = Place::Woken,
            Place::Ready | Place::Woken | Place::Nowhere => {}
        }
    }
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Slot {
    fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self) as usize
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    fn ready(&self, queue: &mut Queue, slot: &Arc<Slot>) {
        *lock(&slot.place) = Place::Ready;
        queue.ready.push_back(Arc::clone(slot));
        self.ready.notify_one();
    }

    fn run(&self) {
        while let Some(slot) = self.next() {
            let mut work = lock(&slot.work);
            let Some(doing) = work.as_mut() else { continue };
            let next = catch_unwind(AssertUnwindSafe(|| doing.step())).unwrap_or_else(|_| {
                // The message of the panic is on standard error.
                let _ = catch_unwind(AssertUnwindSafe(|| doing.defect()));
                Next::Done
            });
            let done = if next == Next::Done { work.take() } else { None };
            drop(work);
            self.put(slot, next);
            // It may wake others, or be the last that holds much: outside all locks.
            drop(done);
        }
    }

    /// The next task that is ready, or whose time has come. None when the pool is dropped.
    fn next(&self) -> Option<Arc<Slot>> {
        let mut queue = self.lock();
        loop {
            if queue.over {
                return None;
            }
            let now = Instant::now();
            while let Some(first) = queue.timers.first_entry().filter(|first| first.key().0 <= now) {
                let slot = first.remove();
                self.ready(&mut queue, &slot);
            }
            if let Some(slot) = queue.ready.pop_front() {
                *lock(&slot.place) = Place::Running;
                return Some(slot);
            }
            let wait = queue.timers.first_key_value().map(|((at, _), _)| at.saturating_duration_since(now));
            queue = match wait {
                Some(wait) => self.ready.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn put(&self, slot: Arc<Slot>, next: Next) {
        let mut queue = self.lock();
        let place = *lock(&slot.place);
        match next {
            Next::Done => *lock(&slot.place) = Place::Nowhere,
            Next::Wait(time) if place == Place::Running => {
                let at = time.and_then(|time| Instant::now().checked_add(time));
                *lock(&slot.place) = Place::Waiting(at);
                if let Some(at) = at {
                    // Whoever waits for the earliest time must learn of an earlier one.
                    let first = queue.timers.first_key_value().is_none_or(|((first, _), _)| at < *first);
                    queue.timers.insert((at, slot.key()), slot);
                    if first {
                        self.ready.notify_one();
                    }
                } else {
                    // Only those who may wake it keep it.
                    drop(queue);
                    drop(slot);
                }
            }
            Next::Again | Next::Wait(_) => self.ready(&mut queue, &slot),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
