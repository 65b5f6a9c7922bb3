use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::Engine;

/// How often the epoch moves on while a plugin runs: how finely time limits are kept.
pub(crate) const TICK: Duration = Duration::from_millis(1);
/// Ticks without a running plugin after which the thread sleeps until one runs again.
const IDLE_TICKS: u32 = 50;

/// The thread that moves an engine's epoch on. It sleeps while nothing runs, so an idle host does not wake.
#[derive(Debug)]
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    parked: AtomicBool,
    stopped: AtomicBool,
}

/// While it lives, the epoch moves.
#[derive(Debug)]
pub(crate) struct Running<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let weak = engine.weak();
        let theirs = Arc::clone(&shared);
        let handle = thread::Builder::new().name("epoch".into()).stack_size(64 << 10).spawn(move || {
            let mut idle = 0;
            while !theirs.stopped.load(Ordering::Acquire) {
                idle = if theirs.running.load(Ordering::Acquire) == 0 { idle + 1 } else { 0 };
                if idle > IDLE_TICKS {
                    // `begin` first counts itself, then looks at `parked`; here it is the other way round,
                    // so one of the two always sees the other.
                    theirs.parked.store(true, Ordering::SeqCst);
                    while theirs.running.load(Ordering::SeqCst) == 0 && !theirs.stopped.load(Ordering::SeqCst)
                    {
                        thread::park();
                    }
                    theirs.parked.store(false, Ordering::SeqCst);
                    idle = 0;
                }
                thread::sleep(TICK);
                match weak.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Says that a plugin runs until the guard is dropped.
    pub(crate) fn begin(&self) -> Running<'_> {
        self.shared.running.fetch_add(1, Ordering::SeqCst);
        if self.shared.parked.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(&self.shared)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}
