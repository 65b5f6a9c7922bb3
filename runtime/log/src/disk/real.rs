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

const NEW: OFlags = OFlags::CREATE.union(OFlags::EXCL);
const RIGHTS: Mode = Mode::RUSR.union(Mode::WUSR);
/// From this many bytes on, going around the system's cache costs less than it saves.
const LEAST_DIRECT: usize = 1 << 20;
/// What goes around the cache at a time.
const PIECE: usize = 1 << 20;
/// What buffers, offsets and lengths of such writes are multiples of: the largest block of disks that there are.
const BLOCK: usize = 4_096;

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
        let file = sys::openat(&self.root, inside(path)?, FILE | NEW, RIGHTS)?;
        Ok(Arc::new(RealFile(fs::File::from(file))))
    }

    fn write_once(&self, path: &Path, bytes: &[u8], site: Site) -> io::Result<()> {
        let file = match bytes.len() {
            0..LEAST_DIRECT => None,
            _ => match sys::openat(&self.root, inside(path)?, FILE | NEW | OFlags::DIRECT, RIGHTS) {
                Ok(file) => Some(fs::File::from(file)),
                // The file system has no such way.
                Err(Errno::INVAL | Errno::NOTSUP) => None,
                Err(cause) => return Err(cause.into()),
            },
        };
        if let Some(file) = file {
            if write_direct(&file, bytes)? {
                return file.sync_data();
            }
            drop(file);
            self.unlink(path)?;
        } else if bytes.len() >= LEAST_DIRECT {
            // A file system that refuses the way may have made the file.
            let _ = self.unlink(path);
        }
        let file = self.create(path)?;
        file.write_all_at(0, bytes)?;
        file.sync(site)
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

/// Writes all of `bytes` from the beginning on, without leaving a copy in the system's cache. False if that cannot be
/// done here, and nothing of it counts.
fn write_direct(file: &fs::File, bytes: &[u8]) -> io::Result<bool> {
    // Room for a piece that begins at a block, wherever the buffer lies.
    let mut buffer = vec![0; PIECE + BLOCK];
    let from = buffer.as_ptr().align_offset(BLOCK);
    let Some(room) = buffer.get_mut(from..from.saturating_add(PIECE)) else { return Ok(false) };
    let mut at = 0;
    for piece in bytes.chunks(PIECE) {
        let Some(filled) = room.get_mut(..piece.len()) else { return Ok(false) };
        filled.copy_from_slice(piece);
        // The end is filled up to a block, and cut off below.
        let Some(blocks) = room.get(..piece.len().next_multiple_of(BLOCK)) else { return Ok(false) };
        match file.write_all_at(blocks, at) {
            Err(cause) if cause.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => return Ok(false),
            wrote => wrote?,
        }
        at += piece.len() as u64;
    }
    file.set_len(bytes.len() as u64)?;
    Ok(true)
}
