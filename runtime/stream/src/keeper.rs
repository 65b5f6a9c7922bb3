use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_format::Compressor;
use standpipe_log::{Disk, Full, Log, Reserve, Share, Site, Taken, failpoint};

use crate::Plan;
use crate::entry::Entry;
use crate::journal::{Journal, JournalError};
use crate::live::Live;
use crate::parcel::{Cut, Origin, Parcel, Sealed};

mod error;
mod files;
mod pack;
mod recover;

pub use error::KeepError;
use pack::{Packs, Writing};
pub(crate) use recover::{Recovered, holders};

/// A journal below this is not worth a checkpoint.
const LEAST_JOURNAL: u64 = 1 << 20;

/// Makes the cuts of a lane durable: files, then the entry, then the log below is released. It alone writes the
/// lane's journal and its folder of parcels.
#[derive(Debug)]
pub(crate) struct Keeper {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    origin: Origin,
    share: Arc<Share>,
    log: Log,
    journal: Journal,
    live: Live,
    /// Files that this process wrote: what is in them needs no second look.
    written: BTreeSet<String>,
    /// Files that hold several parcels.
    packs: Packs,
    /// What compressed last.
    compressor: Option<Compressor>,
    /// When the oldest record in files that wait for their delivery arrived, and how much waits.
    waits: files::Waits,
    /// Bytes of journal that count in the quota.
    counted: u64,
}

/// What a cut may need of the quota, until it is durable.
#[derive(Debug)]
pub(crate) struct Room {
    _taken: Taken,
    _reserve: Option<Reserve>,
}

impl Keeper {
    /// Seals what is due, writes the entry, and releases the log. After an error the lane must be recovered.
    pub(crate) fn commit(&mut self, cut: Cut, plan: &Plan) -> Result<(), KeepError> {
        failpoint("cut.after");
        let number = self.live.number + 1;
        if !self.journal.has_begun() {
            self.begin()?;
        }
        let mut sealed = Vec::new();
        let mut writing = Writing::new(number, cut.due.len());
        for (ordinal, parcel) in cut.due.into_iter().enumerate() {
            let mut parcel = self.seal(parcel, plan, number, ordinal)?;
            self.write_file(&mut parcel, &mut writing, plan)?;
            self.written.insert(parcel.about.file.clone());
            sealed.push(parcel.about);
        }
        self.end_pack(&mut writing)?;
        if !sealed.is_empty() {
            let folder = self.folder.join("parcels");
            self.disk
                .sync_folder(&folder, Site("parcels.name"))
                .map_err(|source| KeepError::io(&folder, "sync", source))?;
        }
        failpoint("file.after");
        let (carries, bytes): (Vec<_>, Vec<_>) = cut.carries.into_iter().unzip();
        let entry = Entry {
            number,
            position: cut.position.get(),
            next_parcel: cut.next_parcel,
            sealed,
            carries,
            sources: cut.sources,
            requests: cut.requests,
            counts: cut.counts,
            ..Entry::default()
        };
        failpoint("entry.before");
        let slices: Vec<Vec<&[u8]>> = bytes.iter().map(|pieces| pieces.iter().collect()).collect();
        let extents = self.journal.append(&entry, &slices)?;
        failpoint("entry.after");
        for file in &entry.sealed {
            self.waits.add(file);
            self.packs.add(file);
        }
        let _ = self.live.apply(&entry, &extents);
        self.count_journal();
        failpoint("release.before");
        self.log.release(cut.position)?;
        failpoint("release.after");
        self.compact()
    }

    /// Takes what the cut may need of the quota. Once nothing of the lane waits for its delivery, sealing is what
    /// makes room again, so then it may have the reserve.
    pub(crate) fn room(&self, cut: &Cut) -> Result<Room, Full> {
        let bytes = cut.disk();
        let full = match self.share.take(bytes) {
            Ok(taken) => return Ok(Room { _taken: taken, _reserve: None }),
            Err(full) => full,
        };
        let may = !cut.due.is_empty() && self.live.files.is_empty();
        let reserve = may.then(|| self.share.reserve()).flatten();
        let reserve = reserve.ok_or(full)?;
        Ok(Room { _taken: reserve.take(bytes).map_err(|_| full)?, _reserve: Some(reserve) })
    }

    fn seal(
        &mut self,
        parcel: Parcel,
        plan: &Plan,
        number: u64,
        ordinal: usize,
    ) -> Result<Sealed, KeepError> {
        let (origin, mut left) = (self.origin, parcel.freed);
        let extents = match self.live.carried.get(&parcel.id) {
            Some((_, extents)) => extents.as_slice(),
            None => &[],
        };
        let (journal, compressor) = (&mut self.journal, &mut self.compressor);
        let sealed = parcel.seal(plan, origin, number, ordinal, compressor, |take| {
            for extent in extents {
                if left == 0 {
                    break;
                }
                journal.read(extent, &mut |piece| {
                    let piece = piece.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(piece);
                    left -= piece.len() as u64;
                    take(piece);
                })?;
            }
            Ok::<(), JournalError>(())
        })?;
        if left > 0 {
            return Err(KeepError::corrupt(&self.folder, "an open parcel is longer than its carries"));
        }
        Ok(sealed)
    }

    /// Makes the folders of journal and parcels, and the first journal.
    fn begin(&mut self) -> Result<(), KeepError> {
        for folder in [self.folder.join("journal"), self.folder.join("parcels")] {
            self.disk.create_folder(&folder).map_err(|source| KeepError::io(&folder, "create", source))?;
        }
        self.disk
            .sync_folder(&self.folder, Site("lane.names"))
            .map_err(|source| KeepError::io(&self.folder, "sync", source))?;
        self.checkpoint()
    }

    fn compact(&mut self) -> Result<(), KeepError> {
        let (all, live) = (self.journal.bytes(), self.live.bytes());
        if all > LEAST_JOURNAL && all - all.min(live) > live { self.checkpoint() } else { Ok(()) }
    }

    fn checkpoint(&mut self) -> Result<(), KeepError> {
        let (entry, carries) = self.live.checkpoint();
        self.live.moved(self.journal.checkpoint(&entry, &carries)?);
        self.count_journal();
        Ok(())
    }

    fn count_journal(&mut self) {
        let bytes = self.journal.bytes();
        self.share.found(bytes.saturating_sub(self.counted));
        self.share.give_back(self.counted.saturating_sub(bytes));
        self.counted = bytes;
    }

    /// Closes files that nobody needs now.
    pub(crate) fn rest(&mut self) -> Result<(), KeepError> {
        self.journal.rest();
        self.compressor = None;
        self.log.rest()?;
        Ok(())
    }
}

fn unlink(disk: &dyn Disk, path: &Path) -> Result<(), KeepError> {
    match disk.unlink(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeepError::io(path, "unlink", error)),
        _ => Ok(()),
    }
}
