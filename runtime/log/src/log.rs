use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use standpipe_record::Position;

use crate::{Append, Disk, Error, Reader, Recovery, Share, Span, Summary};

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

/// How far a log has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Positions {
    /// Behind the last record handed to the system.
    pub written: Position,
    /// Behind the last record that survives anything.
    pub durable: Position,
    /// Everything before is dealt with elsewhere.
    pub settled: Position,
}

/// The durable log of a lane.
#[derive(Debug)]
pub struct Log {}

#[expect(unused_variables, reason = "the bodies come next")]
impl Log {
    /// Recovers what is in the folder and calls `visit` for every frame that has a record at or behind
    /// `settled`, in order. If it fails, what was visited means nothing.
    pub fn open(open: Open, visit: &mut dyn FnMut(&Summary<'_>)) -> Result<(Self, Recovery), Error> {
        unimplemented!()
    }

    /// Puts records into the segment, not yet durable. Their positions follow those written before.
    pub fn write(&self, append: &Append<'_>) -> Result<Span, Error> {
        unimplemented!()
    }

    /// Returns once what `write` gave `span` for is durable. Many callers share one fsync; while it runs,
    /// others go on writing.
    pub fn sync(&self, span: Span) -> Result<(), Error> {
        unimplemented!()
    }

    /// Writes and syncs.
    pub fn append(&self, append: &Append<'_>) -> Result<Span, Error> {
        unimplemented!()
    }

    /// How far it has come.
    pub fn positions(&self) -> Positions {
        unimplemented!()
    }

    /// Blocks until the durable end is beyond `beyond`, somebody calls [`wake`](Self::wake), or `timeout`
    /// is over. Returns the durable end.
    pub fn wait(&self, beyond: Position, timeout: Duration) -> Position {
        unimplemented!()
    }

    /// Ends the [`wait`](Self::wait) that is under way, or the next one if there is none.
    pub fn wake(&self) {
        unimplemented!()
    }

    /// Sets what is called, outside all locks, after the durable end moved: for who has no thread to wait
    /// with. Set once; false if it was set before.
    pub fn on_durable(&self, call: Box<dyn Fn(Position) + Send + Sync>) -> bool {
        unimplemented!()
    }

    /// Reads from record `from` on, which must not be released. Readers are independent of each
    /// other and of who appends.
    pub fn reader(&self, from: Position) -> Reader {
        unimplemented!()
    }

    /// Unlinks every segment whose records all lie before `settled`, and gives their bytes back to the quota.
    /// Returns how many.
    pub fn release(&self, settled: Position) -> Result<u64, Error> {
        unimplemented!()
    }

    /// Closes the file that is written to, if nothing in it waits for a sync. The next append opens it again.
    pub fn rest(&self) {
        unimplemented!()
    }
}
