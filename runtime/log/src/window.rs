use std::io;

use crate::File;

/// Bytes that are read at once. Large enough to make the calls cheap, small enough to stay in a core's cache
/// until the records are copied out.
const AHEAD: usize = 256 << 10;

/// A part of a file in memory that moves forward.
#[derive(Debug, Default)]
pub(crate) struct Window {
    buffer: Vec<u8>,
    /// How much of the buffer is of the file.
    filled: usize,
    /// Where the buffer's first byte is in the file.
    base: u64,
}

impl Window {
    /// The bytes from `at` on, `count` of them or as many as there are before `limit`. Nothing behind
    /// `limit` is looked at: it may be written at this moment.
    pub(crate) fn get(&mut self, file: &dyn File, at: u64, count: usize, limit: u64) -> io::Result<&[u8]> {
        let count = to_usize(limit.saturating_sub(at)).min(count);
        let inside = at.checked_sub(self.base).map(to_usize).filter(|&start| start <= self.filled);
        let start = match inside {
            Some(start) if start.saturating_add(count) <= self.filled => start,
            _ => {
                self.advance(at, inside.unwrap_or(self.filled));
                self.read(file, count, limit)?;
                0
            }
        };
        let end = start.saturating_add(count).min(self.filled);
        Ok(self.buffer.get(start..end).unwrap_or_default())
    }

    /// Forgets the file.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Moves what is kept from `start` on to the front, which then is at `at`.
    fn advance(&mut self, at: u64, start: usize) {
        self.buffer.copy_within(start..self.filled, 0);
        self.filled -= start;
        self.base = at;
    }

    fn read(&mut self, file: &dyn File, count: usize, limit: u64) -> io::Result<()> {
        let room = to_usize(limit - self.base.min(limit)).min(count.max(AHEAD));
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        while self.filled < count {
            let Some(into) = self.buffer.get_mut(self.filled..room) else { break };
            let read = file.read_at(self.base + self.filled as u64, into)?;
            if read == 0 {
                break;
            }
            self.filled += read.min(into.len());
        }
        Ok(())
    }
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
