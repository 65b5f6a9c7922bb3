use std::io;
use std::path::{Path, PathBuf};

use standpipe_log::File;

use super::{Extent, HEAD, JournalError, MAGIC, PIECE, Place, crc, failed, value};
use crate::entry::Entry;

/// One frame as it was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) entry: Entry,
    /// Where its carries are, in their order.
    pub(crate) carries: Vec<Extent>,
}

/// What the journals in a folder say.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) frames: Vec<Read>,
    /// The number of the newest journal; 0 if there is none.
    pub(crate) number: u64,
    /// Bytes of it that are good.
    pub(crate) bytes: u64,
    /// Bytes of a torn tail.
    pub(crate) torn: u64,
    /// Files that the next checkpoint replaces.
    pub(crate) leftovers: Vec<PathBuf>,
}

impl Place {
    /// Reads the newest journal. Changes nothing.
    pub(crate) fn read(&self) -> Result<Found, JournalError> {
        let mut found = Found::default();
        let items = match self.disk.list(&self.folder) {
            Ok(items) => items,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(failed("list", &self.folder)(error)),
        };
        for item in items.into_iter().filter(|item| !item.is_folder) {
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
        let file = self.disk.open(&path).map_err(failed("open", &path))?;
        let len = file.len().map_err(failed("read", &path))?;
        let corrupt = |offset, what| JournalError::Corrupt { path: path.clone(), offset, what };
        let mut at = 0;
        while at < len {
            let Some((read, used, mark)) = self.frame(&*file, found.number, at, len)? else { break };
            debug_assert!(mark <= at, "a mark states what was durable before");
            found.frames.push(read);
            at += used;
        }
        // A frame is appended only behind a durable one, so whatever stands behind a bad frame is its own rest.
        if found.frames.first().is_none_or(|first| !first.entry.checkpoint) {
            return Err(corrupt(0, "it does not begin with a checkpoint"));
        }
        if self.marked_beyond(&*file, found.number, at, len)? {
            return Err(corrupt(at, "a frame that was durable fails its checks"));
        }
        (found.bytes, found.torn) = (at, len - at);
        Ok(())
    }

    /// Whether a good frame stands behind the bad bytes at `at`, whose mark says that these were durable.
    fn marked_beyond(&self, file: &dyn File, number: u64, bad: u64, len: u64) -> Result<bool, JournalError> {
        let path = self.path(number);
        let mut at = bad + 1;
        let mut piece = vec![0; PIECE];
        while at < len {
            let filled = read_some(file, &path, at, &mut piece)?;
            let bytes = piece.get(..filled).unwrap_or_default();
            for place in memchr::memmem::find_iter(bytes, MAGIC) {
                let Some(start) = (at + place as u64).checked_sub(4).filter(|start| *start > bad) else {
                    continue;
                };
                if let Some((_, _, mark)) = self.frame(file, number, start, len)?
                    && mark > bad
                {
                    return Ok(true);
                }
            }
            // The next piece begins where this one may end in the middle of the word.
            match filled.saturating_sub(MAGIC.len() - 1) {
                0 => break,
                step => at += step as u64,
            }
        }
        Ok(false)
    }

    /// The frame at `at`, its length and its mark, if it is one.
    fn frame(
        &self,
        file: &dyn File,
        number: u64,
        at: u64,
        len: u64,
    ) -> Result<Option<(Read, u64, u64)>, JournalError> {
        let path = self.path(number);
        let mut head = [0; HEAD];
        if read_some(file, &path, at, &mut head)? < HEAD || head.get(4..8) != Some(MAGIC) {
            return Ok(None);
        }
        let number_at = |from: usize| {
            let bytes = head.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(u64::MAX, u64::from_le_bytes)
        };
        let (mark, text_bytes, carried) = (number_at(8), number_at(16), number_at(24));
        let left = len - at - HEAD as u64;
        let fits = text_bytes.checked_add(carried).is_some_and(|bytes| bytes <= left);
        if mark > at || !fits {
            return Ok(None);
        }
        let mut sum = self.salted(number, at);
        sum.update(head.get(4..).unwrap_or_default());
        let text_at = at + HEAD as u64;
        let mut text = Vec::new();
        pieces(file, &path, text_at, text_bytes, &mut |piece| {
            sum.update(piece);
            text.extend_from_slice(piece);
            Ok(())
        })?;
        // Read before its checksum is known, and thrown away if that is wrong.
        let entry = serde_json::from_slice::<Entry>(&text).ok();
        let carries_at = text_at + text_bytes;
        let mut carries = Vec::new();
        let mut from = carries_at;
        for carry in entry.iter().flat_map(|entry| &entry.carries) {
            if carry.bytes > carries_at + carried - from {
                return Ok(None);
            }
            let mut own = crc();
            pieces(file, &path, from, carry.bytes, &mut |piece| {
                sum.update(piece);
                own.update(piece);
                Ok(())
            })?;
            carries.push(Extent { at: from, bytes: carry.bytes, sum: value(&own) });
            from += carry.bytes;
        }
        let stated = head.first_chunk().copied().map_or(0, u32::from_le_bytes);
        match entry {
            Some(entry) if from == carries_at + carried && value(&sum) == stated => {
                Ok(Some((Read { entry, carries }, HEAD as u64 + text_bytes + carried, mark)))
            }
            _ => Ok(None),
        }
    }
}

/// Gives `bytes` bytes from `at` on to `take`, piece by piece. Fewer are an error: the length was looked at.
pub(super) fn pieces(
    file: &dyn File,
    path: &Path,
    at: u64,
    bytes: u64,
    take: &mut dyn FnMut(&[u8]) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let mut buffer = vec![0; usize::try_from(bytes).unwrap_or(PIECE).min(PIECE)];
    let end = at + bytes;
    let mut at = at;
    while at < end {
        let want = usize::try_from(end - at).unwrap_or(PIECE).min(buffer.len());
        let Some(room) = buffer.get_mut(..want) else { break };
        if read_some(file, path, at, room)? < want {
            let what = "it ends before a carry does";
            return Err(JournalError::Corrupt { path: path.to_path_buf(), offset: at, what });
        }
        take(room)?;
        at += want as u64;
    }
    Ok(())
}

/// Fills `into` as far as the file goes.
fn read_some(file: &dyn File, path: &Path, at: u64, into: &mut [u8]) -> Result<usize, JournalError> {
    let mut filled = 0;
    while let Some(room) = into.get_mut(filled..).filter(|room| !room.is_empty()) {
        match file.read_at(at + filled as u64, room).map_err(failed("read", path))? {
            0 => break,
            read => filled += read.min(room.len()),
        }
    }
    Ok(filled)
}
