//! How sealed parcels are written: a large one as a file of its own, small ones of one entry together, since each file
//! costs an fsync.

use std::collections::BTreeMap;
use std::sync::Arc;

use standpipe_log::{File, Site};

use super::{KeepError, Keeper, unlink};
use crate::Plan;
use crate::entry::SealedFile;
use crate::parcel::Sealed;

/// A sealed parcel from so many bytes on has a file of its own.
const LARGE: usize = 1 << 20;
/// A pack that has so many bytes is followed by the next. It stays until the last of its parcels is delivered.
const MOST_PACK: u64 = 16 << 20;

/// The files of an entry while they are written.
#[derive(Debug)]
pub(super) struct Writing {
    entry: u64,
    /// Parcels that the entry seals.
    parcels: usize,
    packs: usize,
    pack: Option<Pack>,
}

#[derive(Debug)]
struct Pack {
    name: String,
    file: Arc<dyn File>,
    bytes: u64,
}

impl Writing {
    pub(super) fn new(entry: u64, parcels: usize) -> Self {
        Self { entry, parcels, packs: 0, pack: None }
    }
}

impl Keeper {
    /// Writes a sealed parcel. It is durable once the pack is [ended](Self::end_pack) and the folder synced.
    pub(super) fn write_file(
        &self,
        sealed: &mut Sealed,
        writing: &mut Writing,
        plan: &Plan,
    ) -> Result<(), KeepError> {
        self.share.found(sealed.about.bytes);
        if writing.parcels > 1 && sealed.body.len() < LARGE {
            return self.pack(sealed, writing);
        }
        let path = self.folder.join("parcels").join(&sealed.about.file);
        let failed = |what| {
            let path = path.clone();
            move |source| KeepError::io(&path, what, source)
        };
        if plan.sink.takes_files() {
            // Nobody reads it soon: it is handed over as it is.
            let wrote = self.disk.write_once(&path, &sealed.body, Site("parcels.file"));
            return wrote.map_err(failed("write"));
        }
        let file = self.disk.create(&path).map_err(failed("create"))?;
        file.write_all_at(0, &sealed.body).map_err(failed("write"))?;
        file.sync(Site("parcels.file")).map_err(failed("sync"))
    }

    fn pack(&self, sealed: &mut Sealed, writing: &mut Writing) -> Result<(), KeepError> {
        let folder = self.folder.join("parcels");
        if writing.pack.as_ref().is_some_and(|pack| pack.bytes >= MOST_PACK) {
            self.end_pack(writing)?;
        }
        let pack = match &mut writing.pack {
            Some(pack) => pack,
            none => {
                let name = format!("{:020}-pack-{:05}", writing.entry, writing.packs);
                writing.packs += 1;
                let path = folder.join(&name);
                let file =
                    self.disk.create(&path).map_err(|source| KeepError::io(&path, "create", source))?;
                none.insert(Pack { name, file, bytes: 0 })
            }
        };
        let path = folder.join(&pack.name);
        let wrote = pack.file.write_all_at(pack.bytes, &sealed.body);
        wrote.map_err(|source| KeepError::io(&path, "write", source))?;
        (sealed.about.pack, sealed.about.at) = (Some(pack.name.clone()), pack.bytes);
        pack.bytes += sealed.about.bytes;
        // Its bytes are not needed while the others are sealed.
        sealed.body = Vec::new();
        Ok(())
    }

    /// Makes the pack durable that is being written, if one is.
    pub(super) fn end_pack(&self, writing: &mut Writing) -> Result<(), KeepError> {
        let Some(pack) = writing.pack.take() else { return Ok(()) };
        let path = self.folder.join("parcels").join(&pack.name);
        pack.file.sync(Site("parcels.pack")).map_err(|source| KeepError::io(&path, "sync", source))
    }

    /// Unlinks the file of a delivered parcel, or the pack once it was the last in it.
    pub(super) fn forget_file(&mut self, file: &SealedFile) -> Result<(), KeepError> {
        self.written.remove(&file.file);
        let Some(bytes) = self.packs.remove(file) else { return Ok(()) };
        unlink(self.disk.as_ref(), &self.folder.join("parcels").join(file.holder()))?;
        self.share.give_back(bytes);
        Ok(())
    }
}

/// How many parcels that wait for their delivery each pack holds, and its bytes on disk.
#[derive(Debug, Default)]
pub(super) struct Packs(BTreeMap<String, (usize, u64)>);

impl Packs {
    pub(super) fn add(&mut self, file: &SealedFile) {
        if let Some(pack) = &file.pack {
            let (parcels, bytes) = self.0.entry(pack.clone()).or_default();
            *parcels += 1;
            *bytes = (*bytes).max(file.at + file.bytes);
        }
    }

    /// A parcel is delivered. If its file can go: the bytes of that.
    fn remove(&mut self, file: &SealedFile) -> Option<u64> {
        let Some(pack) = &file.pack else { return Some(file.bytes) };
        let (parcels, bytes) = self.0.get_mut(pack)?;
        *parcels = parcels.saturating_sub(1);
        if *parcels > 0 {
            return None;
        }
        let bytes = *bytes;
        self.0.remove(pack);
        Some(bytes)
    }
}
