//! One open folder and what is done in it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::Error;

const OPEN: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A folder that is held by its descriptor: whatever happens to its path meanwhile, what is done here is
/// done in this folder. The path is for messages only.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// What a name in a folder stands for.
#[derive(Debug)]
pub(super) enum Child {
    Missing,
    File,
    Folder(Folder),
}

impl Folder {
    /// Opens the folder at `path`, which the operator chose: links are followed. `None` if it is not there.
    pub(super) fn at(path: &Path) -> Result<Option<Self>, Error> {
        match fs::openat(CWD, path, OPEN, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: path.to_owned() })),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(Error::io("open folder", path, cause)),
        }
    }

    /// The folder that this one lies in; `None` if this user may not read it.
    pub(super) fn parent(&self) -> Result<Option<Self>, Error> {
        match fs::openat(&self.fd, "..", OPEN, Mode::empty()) {
            Ok(fd) => Ok(Some(Self { fd, path: self.path.join("..") })),
            Err(Errno::ACCESS | Errno::PERM) => Ok(None),
            Err(cause) => Err(Error::io("open the folder above", &self.path, cause)),
        }
    }

    /// Opens `name` if it is a folder. A link is refused.
    pub(super) fn child(&self, name: &str) -> Result<Child, Error> {
        match fs::openat(&self.fd, name, OPEN | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => return Ok(Child::Folder(Self { fd, path: self.path_of(name) })),
            Err(Errno::NOENT) => return Ok(Child::Missing),
            // Not a folder, or a link: which of them, is looked up below.
            Err(Errno::NOTDIR | Errno::LOOP) => {}
            Err(cause) => return Err(Error::io("open folder", &self.path_of(name), cause)),
        }
        match self.look(name)? {
            Some(FileType::RegularFile) => Ok(Child::File),
            // It was something else a moment ago.
            Some(FileType::Directory) | None => Err(Error::Busy { path: self.path_of(name) }),
            Some(other) => Err(self.in_the_way(name, other, "folder")),
        }
    }

    /// What `name` is, itself; a link is a link.
    pub(super) fn look(&self, name: &str) -> Result<Option<FileType>, Error> {
        Ok(self.stat(name)?.map(|stat| FileType::from_raw_mode(stat.st_mode)))
    }

    /// The state of what `name` is, itself.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, Error> {
        match fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(Error::io("look at", &self.path_of(name), cause)),
        }
    }

    /// This folder's own state.
    pub(super) fn own_stat(&self) -> Result<Stat, Error> {
        fs::fstat(&self.fd).map_err(|cause| Error::io("look at", &self.path, cause))
    }

    /// Makes the names in this folder durable.
    pub(super) fn sync(&self) -> Result<(), Error> {
        match fs::fsync(&self.fd) {
            // Some network file systems have nothing to do for a folder and say so with this.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(cause) => Err(Error::io("fsync folder", &self.path, cause)),
        }
    }

    /// The error for a name that is taken by `found` where a `wanted` is needed.
    pub(super) fn in_the_way(&self, name: &str, found: FileType, wanted: &'static str) -> Error {
        let path = self.path_of(name);
        if found == FileType::Symlink { Error::Link { path } } else { Error::InTheWay { path, wanted } }
    }

    pub(super) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of `name` in here, for messages.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
