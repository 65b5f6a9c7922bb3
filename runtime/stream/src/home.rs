use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use standpipe_log::{Disk, Share, Site};

use crate::keeper::KeepError;
use crate::parcel::Origin;

/// Where a lane is kept and to whom it belongs. Nothing of it is on disk before [`prepare`](Self::prepare).
#[derive(Debug)]
pub struct Home {
    pub(crate) disk: Arc<dyn Disk>,
    /// The stream's folder.
    pub(crate) stream: PathBuf,
    /// The lane's folder, in the stream's.
    pub(crate) folder: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) share: Arc<Share>,
    pub(crate) segment_bytes: u64,
    pub(crate) prepared: AtomicBool,
}

impl Home {
    /// Makes the folders before the first append, and says in the stream's which incarnation it is.
    pub(crate) fn prepare(&self) -> Result<(), KeepError> {
        if self.prepared.load(Ordering::Acquire) {
            return Ok(());
        }
        let streams = self.stream.parent().unwrap_or(Path::new(""));
        self.folder(streams)?;
        self.sync(Path::new(""), Site("state.streams"))?;
        self.folder(&self.stream)?;
        self.sync(streams, Site("state.stream"))?;
        let text = format!("{:032x}\n", self.origin.incarnation);
        keep_text(self.disk.as_ref(), &self.stream, "incarnation", &text)?;
        self.folder(&self.folder)?;
        self.sync(&self.stream, Site("lane.folder"))?;
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
