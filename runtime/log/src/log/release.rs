use std::io;

use standpipe_record::Position;

use super::{Shared, lock};
use crate::recovery::sync_folder;
use crate::segment::path_of;
use crate::{Error, Site};

/// The tail is given up for a new segment once it is at least this part of a full one.
const WORTH: u64 = 16;

impl Shared {
    pub(super) fn release(&self, settled: Position) -> Result<u64, Error> {
        let one_at_a_time = lock(&self.releasing);
        {
            let mut state = self.state();
            let durable = state.positions.durable;
            if settled > durable {
                return Err(Error::Beyond { folder: self.open.folder.clone(), settled, durable });
            }
            state.positions.settled = state.positions.settled.max(settled);
        }
        let mut freed = 0;
        while let Some(number) = self.front(false) {
            freed += self.unlink(number)?;
        }
        let worth = self.open.settings.segment_bytes / WORTH;
        freed += self.release_tail(worth)?;
        drop(one_at_a_time);
        Ok(freed)
    }

    pub(super) fn rest(&self) -> Result<u64, Error> {
        let _one_at_a_time = lock(&self.releasing);
        let freed = self.release_tail(0)?;
        let Ok(_writer) = self.writer.try_lock() else { return Ok(freed) };
        let mut state = self.state();
        let durable = state.segments.back().map_or(0, |last| last.end);
        if let Some(tail) = state.tail.as_mut().filter(|tail| tail.written == durable) {
            tail.file = None;
        }
        Ok(freed)
    }

    /// Unlinks the tail if it is the only segment, has `worth` bytes and all in it is settled. Somebody who is
    /// writing at this moment is not waited for: then it is not idle, and the next release comes.
    fn release_tail(&self, worth: u64) -> Result<u64, Error> {
        let Ok(_writer) = self.writer.try_lock() else { return Ok(0) };
        let Some(number) = self.front(true) else { return Ok(0) };
        {
            let mut state = self.state();
            let durable = state.segments.back().map_or(0, |last| last.end);
            let idle = state.tail.as_ref().is_some_and(|tail| tail.written == durable);
            if durable < worth || !idle {
                return Ok(0);
            }
            // From here on it is a segment like the others: if the unlink fails, the next release tries again.
            state.tail = None;
        }
        self.unlink(number)
    }

    /// The number of the first segment, if all its records are settled and it is, or is not, the tail.
    fn front(&self, tail: bool) -> Option<u64> {
        let state = self.state();
        let front = state.segments.front()?;
        let is_tail = state.tail.as_ref().is_some_and(|tail| tail.number == front.number);
        let done = front.next <= state.positions.settled;
        (done && is_tail == tail).then_some(front.number)
    }

    /// Unlinks the first segment. No sync follows: if it comes back, recovery unlinks it again, because a
    /// later one begins at or before what is settled, or nothing in it is behind that. But one with a void end
    /// must not come back alone: only the header of the next one says that its bytes are void, not corrupt.
    fn unlink(&self, number: u64) -> Result<u64, Error> {
        let discarded = self.state().discarded.clone();
        for unused in &discarded {
            self.remove(*unused)?;
        }
        self.remove(number)?;
        let is_void_behind =
            self.state().segments.front().is_some_and(|front| front.number == number && front.is_void_behind);
        if is_void_behind || !discarded.is_empty() {
            sync_folder(&*self.open.disk, &self.open.folder, Site("log.void"))?;
        }
        let mut state = self.state();
        state.discarded.retain(|unused| !discarded.contains(unused));
        // The writer may have discarded it meanwhile, if it was empty.
        let front = state.segments.front().is_some_and(|front| front.number == number);
        let Some(gone) = front.then(|| state.segments.pop_front()).flatten() else { return Ok(0) };
        self.open.share.give_back(gone.end);
        Ok(gone.end)
    }
    fn remove(&self, number: u64) -> Result<(), Error> {
        let path = path_of(&self.open.folder, number);
        match self.open.disk.unlink(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Error::io("unlink", &path, cause)),
            _ => Ok(()),
        }
    }
}
