use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::{self as sys, AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::{Disk, File, Item, Site};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder of the machine, held by its descriptor: renaming it changes nothing for who has it open.
#[derive(Debug)]
pub struct RealDisk {
    root: OwnedFd,
}

impl RealDisk {
    /// Opens the folder at `root`, which the operator chose: links to it are followed.
    pub fn open(root: &Path) -> io::Result<Self> {
        Ok(Self { root: sys::openat(sys::CWD, root, FOLDER, Mode::empty())? })
    }

    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        Ok(sys::openat(&self.root, inside(path)?, FOLDER | OFlags::NOFOLLOW, Mode::empty())?)
    }
}

/// `path`, if every part of it leads downwards. The empty path is the root.
fn inside(path: &Path) -> io::Result<&Path> {
    if path.as_os_str().is_empty() {
        return Ok(Path::new("."));
    }
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    let message = format!("path `{}` leaves the folder it is relative to", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

impl Disk for RealDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        match sys::mkdirat(&self.root, inside(path)?, Mode::RWXU) {
            // Whatever has the name must be a folder.
            Err(Errno::EXIST) => self.folder(path).map(drop),
            made => Ok(made?),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        let folder = self.folder(folder)?;
        let mut items = Vec::new();
        for entry in sys::Dir::read_from(&folder)? {
            let entry = entry?;
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            // Names that are not UTF-8 are not ours.
            let Ok(name) = entry.file_name().to_str() else { continue };
            let stat = match sys::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => stat?,
            };
            let is_folder = sys::FileType::from_raw_mode(stat.st_mode) == sys::FileType::Directory;
            let len = u64::try_from(stat.st_size).unwrap_or_default();
            items.push(Item { name: name.to_owned(), len, is_folder });
        }
        items.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(items)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let flags = FILE | OFlags::CREATE | OFlags::EXCL;
        let file = sys::openat(&self.root, inside(path)?, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(Arc::new(RealFile(fs::File::from(file))))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let file = sys::openat(&self.root, inside(path)?, FILE, Mode::empty())?;
        Ok(Arc::new(RealFile(fs::File::from(file))))
    }

    fn system_file(&self, path: &Path) -> io::Result<Option<fs::File>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Some(fs::File::from(sys::openat(&self.root, inside(path)?, flags, Mode::empty())?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(sys::renameat(&self.root, inside(from)?, &self.root, inside(to)?)?)
    }

    fn unlink(&self, path: &Path) -> io::Result<()> {
        Ok(sys::unlinkat(&self.root, inside(path)?, AtFlags::empty())?)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Ok(sys::unlinkat(&self.root, inside(path)?, AtFlags::REMOVEDIR)?)
    }

    fn sync_folder(&self, path: &Path, _site: Site) -> io::Result<()> {
        match sys::fsync(self.folder(path)?) {
            // Some network file systems have nothing to do for a folder and say so with this.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    fn free(&self) -> io::Result<u64> {
        let stat = sys::fstatvfs(&self.root)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

#[derive(Debug)]
struct RealFile(fs::File);

impl File for RealFile {
    fn write_all_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read_at(into, at) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self, _site: Site) -> io::Result<()> {
        self.0.sync_data()
    }
}
