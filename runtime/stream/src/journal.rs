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
//!
//! Carries stay on disk: who reads a journal gets an [`Extent`] for each, with a checksum of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_log::{Disk, File, Site};

use crate::entry::Entry;
use standpipe_log::failpoint;

mod read;

const HEAD: usize = 32;
const MAGIC: &[u8; 4] = b"SPJ1";
/// Carries are read in pieces of this size.
const PIECE: usize = 256 << 10;
/// An entry is written in pieces of this size: its carries may be more than should be in memory twice.
const MOST_BUFFER: usize = 1 << 20;

/// Why a journal cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The disk refused.
    #[error("journal `{path}`: cannot {what}: {source}; {}", standpipe_log::advice(source).1)]
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

/// Bytes of a carry in the journal that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    /// Their CRC-32C.
    pub(crate) sum: u32,
}

/// A journal that is written.
#[derive(Debug)]
pub(crate) struct Journal {
    place: Place,
    number: u64,
    /// Open while there is something to do. The first one is made by the first entry, as a checkpoint.
    file: Option<Arc<dyn File>>,
    state: Condition,
    end: u64,
    buffer: Vec<u8>,
}

/// What may be done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// It was found, and is replaced by the first checkpoint.
    Found,
    Good,
    /// A write failed: nothing is appended any more.
    Failed,
}

impl Journal {
    /// A journal behind number `last`, or the first, which is not there yet.
    pub(crate) fn behind(place: Place, last: u64) -> Self {
        Self { place, number: last, file: None, state: Condition::Found, end: 0, buffer: Vec::new() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.end
    }

    /// The file in use.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.path(self.number)
    }

    /// Whether there is a file: [`append`](Self::append) needs one, [`checkpoint`](Self::checkpoint) makes it.
    pub(crate) fn has_begun(&self) -> bool {
        self.state == Condition::Good
    }

    /// Closes the file. The next call that needs it opens it.
    pub(crate) fn rest(&mut self) {
        (self.file, self.buffer) = (None, Vec::new());
    }

    /// Begins a new file with everything that holds now and unlinks the one before it, from which `carried` is
    /// copied: for each carry of `entry` the extents that it is made of. Returns where they are now. After an error
    /// nothing may be appended any more.
    pub(crate) fn checkpoint(
        &mut self,
        entry: &Entry,
        carried: &[Vec<Extent>],
    ) -> Result<Vec<Extent>, JournalError> {
        let (fresh, old) = (self.place.path(self.number + 1).with_extension("journal.new"), self.path());
        let began = self.has_begun();
        self.state = Condition::Failed;
        match self.place.disk.unlink(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove what a crash left", &fresh)(error));
            }
            _ => {}
        }
        failpoint("checkpoint.before");
        let before = match carried.iter().any(|extents| !extents.is_empty()) {
            true => Some(self.open()?),
            false => None,
        };
        let disk = Arc::clone(&self.place.disk);
        let file = disk.create(&fresh).map_err(failed("create", &fresh))?;
        let (bytes, extents) = self.copy(entry, carried, before.as_deref(), &*file, &fresh)?;
        file.sync(Site("journal.checkpoint")).map_err(failed("sync", &fresh))?;
        self.number += 1;
        let path = self.path();
        failpoint("checkpoint.rename");
        disk.rename(&fresh, &path).map_err(failed("rename", &fresh))?;
        failpoint("checkpoint.name");
        let folder = &self.place.folder;
        disk.sync_folder(folder, Site("journal.name")).map_err(failed("sync", folder))?;
        failpoint("checkpoint.after");
        (self.end, self.file, self.state) = (bytes, Some(file), Condition::Good);
        if began {
            disk.unlink(&old).map_err(failed("unlink", &old))?;
        }
        Ok(extents)
    }

    /// Writes a checkpoint piece by piece: its carries may be more than should be in memory at once.
    fn copy(
        &mut self,
        entry: &Entry,
        carried: &[Vec<Extent>],
        before: Option<&dyn File>,
        file: &dyn File,
        path: &Path,
    ) -> Result<(u64, Vec<Extent>), JournalError> {
        let bytes = carried.iter().flatten().map(|extent| extent.bytes).sum();
        let mut at = self.head(entry, 0, bytes);
        let mut sum = self.place.salted(self.number + 1, 0);
        sum.update(self.buffer.get(4..).unwrap_or_default());
        file.write_all_at(4, self.buffer.get(4..).unwrap_or_default()).map_err(failed("write", path))?;
        let mut copies = Vec::with_capacity(carried.len());
        for extents in carried {
            let (from, mut own) = (at, crc());
            for extent in extents {
                let source = before.ok_or_else(|| failed("read", path)(io::ErrorKind::NotFound.into()))?;
                self.read_extent(source, extent, &mut |piece| {
                    sum.update(piece);
                    own.update(piece);
                    file.write_all_at(at, piece).map_err(failed("write", path))?;
                    at += piece.len() as u64;
                    Ok(())
                })?;
            }
            copies.push(Extent { at: from, bytes: at - from, sum: value(&own) });
        }
        file.write_all_at(0, &value(&sum).to_le_bytes()).map_err(failed("write", path))?;
        Ok((at, copies))
    }

    /// Appends an entry or a note and fsyncs it. Returns where its carries are. After an error nothing may be
    /// appended any more.
    pub(crate) fn append(
        &mut self,
        entry: &Entry,
        carries: &[Vec<&[u8]>],
    ) -> Result<Vec<Extent>, JournalError> {
        let path = self.path();
        if !self.has_begun() {
            return Err(failed("append to", &path)(io::Error::other("it failed before")));
        }
        let file = self.open()?;
        // Until it went well: a failure is the last thing that happens to it.
        self.state = Condition::Failed;
        let bytes = carries.iter().flatten().map(|piece| piece.len() as u64).sum();
        let mut at = self.end + self.head(entry, self.end, bytes);
        let mut sum = self.place.salted(self.number, self.end);
        sum.update(self.buffer.get(4..).unwrap_or_default());
        let mut extents = Vec::with_capacity(carries.len());
        // What is in the buffer begins here. The first four bytes, without which it is no frame, come last.
        let mut from = self.end;
        for carry in carries {
            let (start, mut own) = (at, crc());
            for piece in carry {
                own.update(piece);
                sum.update(piece);
                at += piece.len() as u64;
                self.buffer.extend_from_slice(piece);
                if self.buffer.len() >= MOST_BUFFER {
                    file.write_all_at(from, &self.buffer).map_err(failed("write", &path))?;
                    from += self.buffer.len() as u64;
                    self.buffer.clear();
                }
            }
            extents.push(Extent { at: start, bytes: at - start, sum: value(&own) });
        }
        let sum = value(&sum).to_le_bytes();
        if from == self.end
            && let Some(head) = self.buffer.first_chunk_mut::<4>()
        {
            *head = sum;
            file.write_all_at(from, &self.buffer).map_err(failed("write", &path))?;
        } else {
            file.write_all_at(from, &self.buffer).map_err(failed("write", &path))?;
            file.write_all_at(self.end, &sum).map_err(failed("write", &path))?;
        }
        file.sync(Site("journal.entry")).map_err(failed("sync", &path))?;
        (self.end, self.state) = (at, Condition::Good);
        if self.buffer.capacity() > PIECE {
            self.buffer = Vec::new();
        }
        Ok(extents)
    }

    /// Gives the bytes of an extent to `take`, in pieces.
    pub(crate) fn read(&mut self, extent: &Extent, take: &mut dyn FnMut(&[u8])) -> Result<(), JournalError> {
        let file = self.open()?;
        self.read_extent(&*file, extent, &mut |piece| {
            take(piece);
            Ok(())
        })
    }

    fn read_extent(
        &self,
        file: &dyn File,
        extent: &Extent,
        take: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let path = self.path();
        let mut sum = crc();
        read::pieces(file, &path, extent.at, extent.bytes, &mut |piece| {
            sum.update(piece);
            take(piece)
        })?;
        if value(&sum) == extent.sum {
            return Ok(());
        }
        Err(JournalError::Corrupt { path, offset: extent.at, what: "a carry is not what was written" })
    }

    fn open(&mut self) -> Result<Arc<dyn File>, JournalError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let path = self.path();
        let file = self.place.disk.open(&path).map_err(failed("open", &path))?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Puts the beginning of a frame into the buffer, without its checksum. Returns its length.
    fn head(&mut self, entry: &Entry, mark: u64, carried: u64) -> u64 {
        let text = serde_json::to_vec(entry).unwrap_or_default();
        let out = &mut self.buffer;
        out.clear();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&mark.to_le_bytes());
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        out.extend_from_slice(&carried.to_le_bytes());
        out.extend_from_slice(&text);
        out.len() as u64
    }
}

impl Place {
    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.journal"))
    }

    fn salted(&self, number: u64, offset: u64) -> crc_fast::Digest {
        let mut sum = crc();
        sum.update(&self.incarnation.to_le_bytes());
        sum.update(&self.lane.to_le_bytes());
        sum.update(&number.to_le_bytes());
        sum.update(&offset.to_le_bytes());
        sum
    }
}

fn crc() -> crc_fast::Digest {
    crc_fast::Digest::new(crc_fast::CrcAlgorithm::Crc32Iscsi)
}

fn value(sum: &crc_fast::Digest) -> u32 {
    u32::try_from(sum.finalize()).unwrap_or_default()
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_path_buf();
    move |source| JournalError::Io { path, what, source }
}

#[cfg(test)]
mod tests;
