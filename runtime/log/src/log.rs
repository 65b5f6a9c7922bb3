//! The log of a lane: what callers see. How it writes, syncs and releases is in the modules below.

mod release;
mod state;
mod sync;
mod write;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use standpipe_record::Position;

use crate::recovery::recover;
use crate::{Append, Disk, Error, Reader, Recovery, Share, Span, Summary};
use state::State;
pub(crate) use state::Stretch;
use write::Writer;

/// What is fixed about a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A segment that would grow beyond this is followed by a new one. One frame always fits.
    pub segment_bytes: u64,
    /// The lane, as segments state it.
    pub lane: u32,
    /// The stream's incarnation, as segments state it.
    pub incarnation: u128,
}

impl Settings {
    /// The size of segments unless said otherwise: 64 MiB.
    pub const SEGMENT_BYTES: u64 = 64 << 20;
}

/// What [`Log::open`] needs.
#[derive(Debug, Clone)]
pub struct Open {
    /// Where everything is kept.
    pub disk: Arc<dyn Disk>,
    /// The log's folder. It may be absent and is made by the first append; its parent must be there by then.
    pub folder: PathBuf,
    /// What is fixed about the log.
    pub settings: Settings,
    /// Who pays for the bytes.
    pub share: Arc<Share>,
    /// Everything before this position is dealt with elsewhere, on disk.
    pub settled: Position,
}

/// How far a log has come: `written ≥ durable ≥ settled`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Positions {
    /// Behind the last record handed to the system.
    pub written: Position,
    /// Behind the last record that survives anything.
    pub durable: Position,
    /// Everything before is dealt with elsewhere.
    pub settled: Position,
}

/// The durable log of a lane. A clone is the same log.
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
}

/// Locks are taken in the order of the fields, and `state` never during a call to the disk.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) open: Open,
    /// Held while a segment is unlinked: one release at a time.
    releasing: Mutex<()>,
    /// Held while a frame is written or a segment is begun.
    writer: Mutex<Writer>,
    state: Mutex<State>,
    /// The state moved.
    moved: Condvar,
    on_durable: OnceLock<OnDurable>,
}

struct OnDurable(Box<dyn Fn(Position) + Send + Sync>);

impl fmt::Debug for OnDurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnDurable")
    }
}

impl Log {
    /// Recovers what is in the folder and calls `visit` for every frame that has a record at or behind
    /// `settled`, in order. If it fails, what was visited means nothing.
    pub fn open(open: Open, visit: &mut dyn FnMut(&Summary<'_>)) -> Result<(Self, Recovery), Error> {
        let (survey, recovery) = recover(&open, visit)?;
        open.share.found(recovery.bytes);
        let shared = Shared {
            writer: Mutex::new(Writer::after(&survey)),
            state: Mutex::new(State::after(&survey, open.settled, recovery.next)),
            open,
            releasing: Mutex::default(),
            moved: Condvar::new(),
            on_durable: OnceLock::new(),
        };
        Ok((Self { shared: Arc::new(shared) }, recovery))
    }

    /// Puts records into the segment, not yet durable. Their positions follow those written before.
    pub fn write(&self, append: &Append<'_>) -> Result<Span, Error> {
        self.shared.write(append)
    }

    /// Returns once what [`write`](Self::write) gave `span` for is durable. Many callers share one fsync;
    /// while it runs, others go on writing.
    pub fn sync(&self, span: Span) -> Result<(), Error> {
        self.shared.sync(span)
    }

    /// Writes and syncs.
    pub fn append(&self, append: &Append<'_>) -> Result<Span, Error> {
        let span = self.write(append)?;
        self.sync(span)?;
        Ok(span)
    }

    /// How far it has come.
    pub fn positions(&self) -> Positions {
        self.shared.state().positions
    }

    /// Bytes of its segments, as they count in the quota.
    pub fn bytes(&self) -> u64 {
        self.shared.state().bytes()
    }

    /// Blocks until the durable end is beyond `beyond`, somebody calls [`wake`](Self::wake), or `timeout`
    /// is over. Returns the durable end.
    pub fn wait(&self, beyond: Position, timeout: Duration) -> Position {
        let shared = &*self.shared;
        let idle = |state: &mut State| state.positions.durable <= beyond && !state.woken;
        let waited = shared.moved.wait_timeout_while(shared.state(), timeout, idle);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.woken = false;
        state.positions.durable
    }

    /// Ends the [`wait`](Self::wait) that is under way, or the next one if there is none.
    pub fn wake(&self) {
        self.shared.state().woken = true;
        self.shared.moved.notify_all();
    }

    /// Sets what is called with the durable end after it moved, outside all locks: for who has no thread to
    /// wait with. Set once; false if it was set before.
    pub fn on_durable(&self, call: impl Fn(Position) + Send + Sync + 'static) -> bool {
        self.shared.on_durable.set(OnDurable(Box::new(call))).is_ok()
    }

    /// Reads from record `from` on, which must not be released. Readers are independent of each other and
    /// of who appends.
    pub fn reader(&self, from: Position) -> Reader {
        Reader::new(Arc::clone(&self.shared), from)
    }

    /// Notes that everything before `settled` is dealt with elsewhere, on disk; unlinks every segment whose
    /// records all lie before it, and gives their bytes back to the quota. Returns how many.
    ///
    /// The segment that is written to goes too once it is worth a new one: at a sixteenth of its full size.
    pub fn release(&self, settled: Position) -> Result<u64, Error> {
        self.shared.release(settled)
    }

    /// For a lane that has nothing to do: closes the file that is written to and unlinks its segment if all in
    /// it is settled. The next append opens what it needs.
    pub fn rest(&self) -> Result<u64, Error> {
        self.shared.rest()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// No code that holds one of these locks can panic, so there is nothing half done behind a poisoned one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
