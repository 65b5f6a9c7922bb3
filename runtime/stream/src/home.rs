use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use standpipe_log::{Disk, Quota, Share, Site};

use crate::journal::Place;
use crate::keeper::KeepError;
use crate::parcel::Origin;

/// What the names of the folders of lanes begin with.
const LANE: &str = "lane-";

/// Where a stream is kept and to whom it belongs. Of a stream of the config nothing is on disk before the first record.
#[derive(Debug)]
pub struct Home {
    pub(crate) disk: Arc<dyn Disk>,
    /// The stream's folder.
    pub(crate) folder: PathBuf,
    /// 128 random bits of the state folder.
    pub(crate) state: u128,
    pub(crate) incarnation: u128,
    pub(crate) share: Arc<Share>,
    pub(crate) segment_bytes: u64,
    pub(crate) prepared: AtomicBool,
    pub(crate) preparing: Mutex<()>,
}

/// Where one lane of it is kept.
#[derive(Debug)]
pub(crate) struct LaneHome {
    pub(crate) home: Arc<Home>,
    pub(crate) lane: u32,
    prepared: AtomicBool,
}

impl Home {
    /// One that is only looked at.
    pub(crate) fn known(disk: Arc<dyn Disk>, folder: PathBuf, incarnation: u128) -> Self {
        Self {
            disk,
            folder,
            state: 0,
            incarnation,
            share: Quota::new(0, 0).share(),
            segment_bytes: standpipe_log::Settings::SEGMENT_BYTES,
            prepared: AtomicBool::new(true),
            preparing: Mutex::default(),
        }
    }

    /// The lanes that are on disk, with or without data.
    pub(crate) fn lanes(&self) -> Result<Vec<u32>, KeepError> {
        let items = match self.disk.list(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            items => items.map_err(|source| KeepError::io(&self.folder, "list", source))?,
        };
        let number = |item: standpipe_log::Item| item.name.strip_prefix(LANE)?.parse().ok();
        let mut lanes: Vec<u32> =
            items.into_iter().filter(|item| item.is_folder).filter_map(number).collect();
        lanes.sort_unstable();
        Ok(lanes)
    }

    pub(crate) fn lane(self: &Arc<Self>, lane: u32) -> LaneHome {
        LaneHome { home: Arc::clone(self), lane, prepared: AtomicBool::new(false) }
    }

    /// Makes the stream's folder and says in it which incarnation it is.
    fn prepare(&self) -> Result<(), KeepError> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        // The first records of a stream come together.
        let _one = self.preparing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        let streams = self.folder.parent().unwrap_or(Path::new(""));
        self.folder(streams)?;
        self.sync(Path::new(""), Site("state.streams"))?;
        self.folder(&self.folder)?;
        self.sync(streams, Site("state.stream"))?;
        let text = format!("{:032x}\n", self.incarnation);
        keep_text(self.disk.as_ref(), &self.folder, "incarnation", &text)?;
        // Its name is synced with that of the lane.
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    fn folder(&self, path: &Path) -> Result<(), KeepError> {
        self.disk.create_folder(path).map_err(|source| KeepError::io(path, "create", source))
    }

    fn sync(&self, path: &Path, site: Site) -> Result<(), KeepError> {
        self.disk.sync_folder(path, site).map_err(|source| KeepError::io(path, "sync", source))
    }
}

impl LaneHome {
    /// The lane's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.folder.join(format!("{LANE}{}", self.lane))
    }

    pub(crate) fn origin(&self) -> Origin {
        let Home { state, incarnation, .. } = *self.home;
        Origin { state, incarnation, lane: self.lane }
    }

    /// Makes the folders before the first append.
    pub(crate) fn prepare(&self) -> Result<(), KeepError> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        self.home.prepare()?;
        self.home.folder(&self.folder())?;
        self.home.sync(&self.home.folder, Site("lane.folder"))?;
        self.prepared.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether there are segments of its log or files of parcels, named by an entry or left by a crash.
    pub(crate) fn has_files(&self) -> Result<bool, KeepError> {
        for folder in ["log", "parcels"] {
            let folder = self.folder().join(folder);
            match self.home.disk.list(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(KeepError::io(&folder, "list", source)),
                Ok(items) if items.is_empty() => {}
                Ok(_) => return Ok(true),
            }
        }
        Ok(false)
    }

    pub(crate) fn journal(&self) -> Place {
        Place {
            disk: Arc::clone(&self.home.disk),
            folder: self.folder().join("journal"),
            incarnation: self.home.incarnation,
            lane: self.lane,
        }
    }
}

/// Writes a short file, whole or not at all. The caller syncs the folder.
pub(crate) fn keep_text(disk: &dyn Disk, folder: &Path, name: &str, text: &str) -> Result<(), KeepError> {
    let (path, fresh) = (folder.join(name), folder.join(format!("{name}.new")));
    match disk.unlink(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(KeepError::io(&fresh, "unlink", error));
        }
        _ => {}
    }
    let file = disk.create(&fresh).map_err(|source| KeepError::io(&fresh, "create", source))?;
    file.write_all_at(0, text.as_bytes()).map_err(|source| KeepError::io(&fresh, "write", source))?;
    file.sync(Site("state.text")).map_err(|source| KeepError::io(&fresh, "sync", source))?;
    disk.rename(&fresh, &path).map_err(|source| KeepError::io(&path, "rename", source))
}

/// Reads a short file; none if it is not there.
pub(crate) fn read_text(disk: &dyn Disk, path: &Path) -> Result<Option<String>, KeepError> {
    let file = match disk.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeepError::io(path, "open", source)),
    };
    let mut text = vec![0; 256];
    let read = file.read_at(0, &mut text).map_err(|source| KeepError::io(path, "read", source))?;
    text.truncate(read);
    Ok(String::from_utf8(text).ok())
}
