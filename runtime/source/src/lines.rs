use std::io::{self, Read};

use memchr::{memchr, memchr_iter};
use standpipe_record::{Batch, Clock, MAX_RECORD_BYTES, Malformed};

use crate::Refused;

/// What a read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Step {
    /// There may be more. The batch may have got nothing: then no line was complete.
    More,
    /// The input has ended, and everything of it has been given out.
    End,
}

/// Sizes that bound the memory of [`Lines`].
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// The longest line that is a record.
    line: usize,
    /// The buffer at the beginning.
    first: usize,
    /// The buffer at its largest. Above `line`, so that there is always room to read into.
    most: usize,
}

const LIMITS: Limits = Limits { line: MAX_RECORD_BYTES, first: 64 << 10, most: 1 << 20 };

/// Cuts an input into records by line.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    /// Begins with `held` bytes of an unfinished line; the rest is room. Empty before the first read.
    buffer: Vec<u8>,
    held: usize,
    /// Where the buffer begins in the input.
    offset: u64,
    /// The line that is being skipped because it is too long. Nothing is held then.
    skipped: Option<Refused>,
    ended: bool,
    limits: Limits,
}

impl<R: Read> Lines<R> {
    /// The lines of `input`, from where it stands.
    pub fn new(input: R) -> Self {
        Self::with_limits(input, LIMITS)
    }

    /// The lines of `input`, which stands `offset` bytes behind the beginning of what it is read from.
    pub fn at(input: R, offset: u64) -> Self {
        Self { offset, ..Self::new(input) }
    }

    fn with_limits(input: R, limits: Limits) -> Self {
        Self { input, buffer: Vec::new(), held: 0, offset: 0, skipped: None, ended: false, limits }
    }

    /// How many bytes of the input were read.
    pub fn position(&self) -> u64 {
        self.offset + self.held as u64
    }

    /// How many bytes of the input were given out, as records, refused lines and newlines. Who begins there
    /// again misses nothing and repeats nothing.
    pub fn consumed(&self) -> u64 {
        self.skipped.as_ref().map_or(self.offset, |line| line.offset)
    }

    /// Reads once, and appends every line that is complete now to `batch`, or to `refused` if it is too
    /// long. After an error nothing is lost or changed, and it may be called again.
    ///
    /// A batch that has no room for another read below 4 GiB is an error: empty it in between.
    pub fn read(
        &mut self,
        batch: &mut Batch,
        refused: &mut Vec<Refused>,
        clock: &dyn Clock,
    ) -> io::Result<Step> {
        if self.ended {
            return Ok(Step::End);
        }
        let bytes = batch.payload().len() + self.limits.most;
        if u32::try_from(bytes).is_err() {
            return Err(io::Error::other(Malformed::TooLarge { bytes }));
        }
        if self.buffer.is_empty() {
            self.buffer.resize(self.limits.first, 0);
        }
        let room = self.buffer.get_mut(self.held..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?.min(room.len()),
            }
        };
        let filled = read == room.len();
        let now_ms = clock.now_ms();
        if read == 0 {
            self.end(batch, refused, now_ms)?;
            return Ok(Step::End);
        }
        self.cut(read, batch, refused, now_ms)?;
        if filled && self.buffer.len() < self.limits.most {
            self.buffer.resize((2 * self.buffer.len()).min(self.limits.most), 0);
        }
        Ok(Step::More)
    }

    /// Gives out the lines that end in the `read` bytes behind what was held.
    fn cut(
        &mut self,
        read: usize,
        batch: &mut Batch,
        refused: &mut Vec<Refused>,
        now_ms: u64,
    ) -> io::Result<()> {
        let bytes = self.buffer.get(..self.held + read).unwrap_or_default();
        let mut start = 0;
        // What was held has no newline in it.
        let mut searched = self.held;
        if let Some(mut line) = self.skipped.take() {
            let end = memchr(b'\n', bytes);
            line.length += end.unwrap_or(bytes.len()) as u64;
            let Some(end) = end else {
                self.offset += bytes.len() as u64;
                self.skipped = Some(line);
                return Ok(());
            };
            refused.push(Refused { arrival_ms: now_ms, before: batch.len(), ..line });
            start = end + 1;
            searched = start;
        }
        for newline in memchr_iter(b'\n', bytes.get(searched..).unwrap_or_default()) {
            let end = searched + newline;
            let line = bytes.get(start..end).unwrap_or_default();
            if line.len() <= self.limits.line {
                batch.push(line, now_ms).map_err(io::Error::other)?;
            } else {
                let line = too_long(line, self.offset + start as u64, self.limits.line);
                refused.push(Refused { arrival_ms: now_ms, before: batch.len(), ..line });
            }
            start = end + 1;
        }
        let tail = bytes.get(start..).unwrap_or_default();
        if tail.len() <= self.limits.line {
            self.held = tail.len();
            self.offset += start as u64;
            self.buffer.copy_within(start..start + self.held, 0);
        } else {
            self.skipped = Some(too_long(tail, self.offset + start as u64, self.limits.line));
            self.held = 0;
            self.offset += bytes.len() as u64;
        }
        Ok(())
    }

    /// Gives out a last line without newline.
    fn end(&mut self, batch: &mut Batch, refused: &mut Vec<Refused>, now_ms: u64) -> io::Result<()> {
        if let Some(line) = self.skipped.take() {
            refused.push(Refused { arrival_ms: now_ms, before: batch.len(), ..line });
        } else if let Some(line) = self.buffer.get(..self.held)
            && !line.is_empty()
        {
            batch.push(line, now_ms).map_err(io::Error::other)?;
        }
        self.offset = self.position();
        self.held = 0;
        self.buffer = Vec::new();
        self.ended = true;
        Ok(())
    }
}

/// A line at `offset` that has more than `limit` bytes.
fn too_long(line: &[u8], offset: u64, limit: usize) -> Refused {
    let head = line.get(..limit).unwrap_or(line).to_vec();
    Refused { offset, length: line.len() as u64, head, arrival_ms: 0, before: 0 }
}

#[cfg(test)]
mod tests;
