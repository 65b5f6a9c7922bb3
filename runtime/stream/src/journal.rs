//! A lane's journal: entries and notes, appended and fsynced one by one.
//!
//! # On disk
//!
//! A folder of files `NUMBER.journal` with 20 decimal digits. One is in use; the next one begins as
//! `NUMBER.journal.new` with a checkpoint, is fsynced, renamed, the folder fsynced, and only then is the one
//! before it unlinked. Who opens a lane begins a new journal, so no torn tail is ever appended to.
//!
//! A journal is a row of frames. Numbers are little-endian:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | CRC-32C of the salt and everything behind this field |
//! | 4 | 4 | `SPJ1` |
//! | 8 | 8 | mark: bytes of this journal that were durable when the frame was written |
//! | 16 | 8 | bytes of text, t |
//! | 24 | 8 | bytes of carries, c |
//! | 32 | t | an [`Entry`], JSON |
//! | 32 + t | c | carries |
//!
//! The salt is incarnation (16 bytes), lane (4), number of the journal (8) and the frame's offset (8). A frame
//! that fails its checks below the highest mark is corruption; above, it is a torn tail that nothing relied on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_log::{Disk, File, Site};

use crate::entry::Entry;
use crate::failpoint::failpoint;

const HEAD: usize = 32;
const MAGIC: &[u8; 4] = b"SPJ1";
/// A journal is read whole; one frame holds at most the carries of a lane.
const MAX_TEXT: u64 = 64 << 20;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk refused.
    #[error("journal `{path}`: cannot {what}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes that were durable have changed.
    #[error("journal `{path}` is corrupt at byte {offset}: {what}; restore the state folder from a copy")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// Whose journal it is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) incarnation: u128,
    pub(crate) lane: u32,
}

/// A journal that is written.
#[derive(Debug)]
pub(crate) struct Journal {
    place: Place,
    number: u64,
    /// The file is made by the first entry, as a checkpoint.
    file: Option<Arc<dyn File>>,
    path: PathBuf,
    end: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// A journal behind number `last`, or the first, which is not there yet.
    pub(crate) fn behind(place: Place, last: u64) -> Self {
        Self { place, number: last, file: None, path: PathBuf::new(), end: 0, buffer: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// Begins a new file with everything that holds now, and unlinks the one before it.
    pub(crate) fn checkpoint(&mut self, entry: &Entry, carries: &[&[u8]]) -> Result<(), JournalError> {
        let number = self.number + 1;
        let disk = Arc::clone(&self.place.disk);
        let path = self.place.path(number);
        let fresh = path.with_extension("journal.new");
        let failed = |what, path: &Path| {
            let path = path.to_path_buf();
            move |source| JournalError::Io { path, what, source }
        };
        match disk.unlink(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove what a crash left", &fresh)(error));
            }
            _ => {}
        }
        failpoint("checkpoint.before");
        let file = disk.create(&fresh).map_err(failed("create", &fresh))?;
        let before = (self.number, self.file.take());
        (self.number, self.end) = (number, 0);
        self.encode(entry, carries);
        file.write_all_at(0, &self.buffer).map_err(failed("write", &fresh))?;
        file.sync(Site("journal.checkpoint")).map_err(failed("sync", &fresh))?;
        disk.rename(&fresh, &path).map_err(failed("rename", &fresh))?;
        disk.sync_folder(&self.place.folder, Site("journal.name"))
            .map_err(failed("sync", &self.place.folder))?;
        failpoint("checkpoint.after");
        self.end = self.buffer.len() as u64;
        (self.file, self.path) = (Some(file), path);
        if before.1.is_some() {
            let old = self.place.path(before.0);
            disk.unlink(&old).map_err(failed("unlink", &old))?;
        }
        Ok(())
    }

    /// Whether there is a file: [`append`](Self::append) needs one, [`checkpoint`](Self::checkpoint) makes it.
    pub(crate) fn has_begun(&self) -> bool {
        self.file.is_some()
    }

    /// Appends an entry or a note and fsyncs it. After an error nothing may be appended any more.
    pub(crate) fn append(&mut self, entry: &Entry, carries: &[&[u8]]) -> Result<(), JournalError> {
        self.encode(entry, carries);
        // Taken out until it went well, so that a failure is the last thing that happens to it.
        let Some(file) = self.file.take() else {
            return self.failed("append", io::Error::other("it failed before"));
        };
        if let Err(source) = file.write_all_at(self.end, &self.buffer) {
            return self.failed("write", source);
        }
        if let Err(source) = file.sync(Site("journal.entry")) {
            return self.failed("sync", source);
        }
        self.end += self.buffer.len() as u64;
        self.file = Some(file);
        Ok(())
    }

    fn failed(&self, what: &'static str, source: io::Error) -> Result<(), JournalError> {
        Err(JournalError::Io { path: self.path.clone(), what, source })
    }

    fn encode(&mut self, entry: &Entry, carries: &[&[u8]]) {
        let text = serde_json::to_vec(entry).unwrap_or_default();
        let carried: usize = carries.iter().map(|carry| carry.len()).sum();
        let out = &mut self.buffer;
        out.clear();
        out.reserve(HEAD + text.len() + carried);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.end.to_le_bytes());
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        out.extend_from_slice(&(carried as u64).to_le_bytes());
        out.extend_from_slice(&text);
        for carry in carries {
            out.extend_from_slice(carry);
        }
        let sum = self.place.checksum(self.number, self.end, out.get(4..).unwrap_or_default());
        if let Some(head) = out.first_chunk_mut::<4>() {
            *head = sum.to_le_bytes();
        }
    }
}

/// One frame as it was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) entry: Entry,
    pub(crate) carries: Vec<u8>,
}

/// What the journals in a folder say.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) frames: Vec<Read>,
    /// The number of the newest journal; 0 if there is none.
    pub(crate) number: u64,
    /// Bytes of a torn tail.
    pub(crate) torn: u64,
    /// Files that the next checkpoint replaces.
    pub(crate) leftovers: Vec<PathBuf>,
}

impl Place {
    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.journal"))
    }

    fn checksum(&self, number: u64, offset: u64, bytes: &[u8]) -> u32 {
        let mut sum = crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi);
        sum.update(&self.incarnation.to_le_bytes());
        sum.update(&self.lane.to_le_bytes());
        sum.update(&number.to_le_bytes());
        sum.update(&offset.to_le_bytes());
        sum.update(bytes);
        u32::try_from(sum.finalize()).unwrap_or_default()
    }

    /// Reads the newest journal. Changes nothing.
    pub(crate) fn read(&self) -> Result<Found, JournalError> {
        let mut found = Found::default();
        let items = match self.disk.list(&self.folder) {
            Ok(items) => items,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(source) => {
                return Err(JournalError::Io { path: self.folder.clone(), what: "list", source });
            }
        };
        for item in items {
            if item.is_folder {
                continue;
            }
            let number = item.name.strip_suffix(".journal").and_then(|number| number.parse::<u64>().ok());
            if let Some(number) = number {
                if found.number > 0 {
                    found.leftovers.push(self.path(found.number));
                }
                // Sorted by name, and names have one length: the last is the newest.
                found.number = number;
            } else if item.name.ends_with(".journal.new") {
                found.leftovers.push(self.folder.join(item.name));
            }
        }
        if found.number > 0 {
            self.read_file(&mut found)?;
        }
        Ok(found)
    }

    fn read_file(&self, found: &mut Found) -> Result<(), JournalError> {
        let path = self.path(found.number);
        let failed = |what| {
            let path = path.clone();
            move |source| JournalError::Io { path, what, source }
        };
        let file = self.disk.open(&path).map_err(failed("open"))?;
        let len = file.len().map_err(failed("read"))?;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match file.read_at(filled as u64, room).map_err(failed("read"))? {
                0 => break,
                read => filled += read,
            }
        }
        bytes.truncate(filled);
        let (mut at, mut mark) = (0, 0);
        while at < bytes.len() {
            let frame = bytes.get(at..).and_then(|rest| self.frame(found.number, at as u64, rest));
            let Some((read, used, marked)) = frame else { break };
            mark = mark.max(marked);
            found.frames.push(read);
            at += used;
        }
        // A frame is appended only behind a durable one, so whatever stands behind a bad frame is its own rest.
        if found.frames.first().is_none_or(|first| !first.entry.checkpoint) {
            let what = "it does not begin with a checkpoint";
            return Err(JournalError::Corrupt { path, offset: 0, what });
        }
        found.torn = (bytes.len() - at) as u64;
        if let Some(later) = bytes.get(at..).filter(|tail| !tail.is_empty())
            && self.marked_beyond(found.number, at, later)
        {
            let what = "a frame that was durable fails its checks";
            return Err(JournalError::Corrupt { path, offset: at as u64, what });
        }
        debug_assert!(mark <= at as u64, "a mark states what was read before");
        Ok(())
    }

    /// Whether a good frame stands behind the bad bytes at `at`, whose mark says that these were durable.
    fn marked_beyond(&self, number: u64, at: usize, tail: &[u8]) -> bool {
        let mut from = 5;
        while let Some(place) = memchr::memmem::find(tail.get(from..).unwrap_or_default(), MAGIC) {
            let start = from + place - 4;
            let offset = (at + start) as u64;
            if let Some(rest) = tail.get(start..)
                && let Some((_, _, mark)) = self.frame(number, offset, rest)
                && mark > at as u64
            {
                return true;
            }
            from += place + 1;
        }
        false
    }

    /// The frame at the beginning of `rest`, its length and its mark, if it is one.
    fn frame(&self, number: u64, offset: u64, rest: &[u8]) -> Option<(Read, usize, u64)> {
        let number_at = |at: usize| Some(u64::from_le_bytes(rest.get(at..at + 8)?.try_into().ok()?));
        if rest.get(4..8)? != MAGIC {
            return None;
        }
        let (mark, text, carried) = (number_at(8)?, number_at(16)?, number_at(24)?);
        if text > MAX_TEXT || mark > offset {
            return None;
        }
        let text_end = HEAD.checked_add(usize::try_from(text).ok()?)?;
        let end = text_end.checked_add(usize::try_from(carried).ok()?)?;
        let sum = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
        if sum != self.checksum(number, offset, rest.get(4..end)?) {
            return None;
        }
        let entry = serde_json::from_slice(rest.get(HEAD..text_end)?).ok()?;
        Some((Read { entry, carries: rest.get(text_end..end)?.to_vec() }, end, mark))
    }
}

#[cfg(test)]
mod tests;
