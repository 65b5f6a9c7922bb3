//! Reading a segment's frames one after the other and checking each.

use std::path::Path;

use standpipe_record::Position;

use crate::frame::{ALIGN, Body, HEAD, Head, Salt};
use crate::window::Window;
use crate::{Error, File, Flaw};

/// A segment to be read from the end of its header to `limit`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub(crate) file: &'a dyn File,
    pub(crate) path: &'a Path,
    pub(crate) salt: Salt,
    pub(crate) from: u64,
    pub(crate) limit: u64,
    pub(crate) first: Position,
}

/// How far the frames are good.
#[derive(Debug)]
pub(crate) struct Good {
    /// Behind the last good frame, in bytes.
    pub(crate) end: u64,
    /// Behind its last record.
    pub(crate) next: Position,
    /// The highest mark in a good frame.
    pub(crate) mark: u64,
    pub(crate) frames: u64,
    /// Why the next one is not good; `None` at the limit.
    pub(crate) flaw: Option<Flaw>,
}

impl Scan<'_> {
    /// Checks frames up to the first whose bytes are not what was written. One that was written wrong is an
    /// error at once.
    pub(crate) fn run(
        &self,
        window: &mut Window,
        visit: &mut dyn FnMut(&Head, &Body<'_>),
    ) -> Result<Good, Error> {
        let mut good = Good { end: self.from, next: self.first, mark: 0, frames: 0, flaw: None };
        window.clear();
        while good.end < self.limit {
            let at = good.end;
            let wrong = |flaw: Flaw| Error::corrupt(self.path, at, flaw);
            let bytes = self.read(window, at, HEAD)?;
            let Some(head) = Head::decode(self.salt, at, bytes) else {
                good.flaw = Some(if bytes.len() < HEAD {
                    Flaw::Short { have: self.limit, want: at + HEAD as u64 }
                } else {
                    Flaw::Checksum("a frame's head")
                });
                break;
            };
            head.check(at).map_err(wrong)?;
            if head.first != good.next {
                return Err(wrong(Flaw::Position { found: head.first, want: good.next }));
            }
            if at + head.frame_len() > self.limit {
                good.flaw = Some(Flaw::Short { have: self.limit, want: at + head.frame_len() });
                break;
            }
            let bytes = self.read(window, at + HEAD as u64, head.body_len())?;
            if !head.fits(bytes) {
                good.flaw = Some(Flaw::Checksum("a frame's body"));
                break;
            }
            let body = Body::split(&head, bytes).map_err(wrong)?;
            body.check().map_err(wrong)?;
            visit(&head, &body);
            good.end = at + head.frame_len();
            good.next = head.end();
            good.mark = good.mark.max(head.mark);
            good.frames += 1;
        }
        Ok(good)
    }

    /// The highest mark in any frame behind `from`, good or not: its head alone vouches for it.
    pub(crate) fn mark_behind(&self, window: &mut Window, from: u64) -> Result<u64, Error> {
        let mut highest = 0;
        let mut at = from + ALIGN as u64;
        while at + HEAD as u64 <= self.limit {
            let bytes = self.read(window, at, HEAD)?;
            if let Some(head) = Head::decode(self.salt, at, bytes)
                && head.check(at).is_ok()
            {
                highest = highest.max(head.mark);
            }
            at += ALIGN as u64;
        }
        Ok(highest)
    }

    fn read<'w>(&self, window: &'w mut Window, at: u64, count: usize) -> Result<&'w [u8], Error> {
        window
            .get(self.file, at, count, self.limit)
            .map_err(|cause| Error::io("read segment", self.path, cause))
    }
}
