//! A file before it has its name.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::folder::Folder;
use crate::Error;

/// Begins the name of every temporary file. No key is kept under such a name.
pub(super) const PREFIX: &str = ".standpipe-tmp-";

/// Files for everybody that the umask allows.
pub(super) const MODE: Mode =
    Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP).union(Mode::WGRP).union(Mode::ROTH).union(Mode::WOTH);

/// How often a leftover is cleared away before it is taken for somebody at work.
const TRIES: usize = 4;

/// A file under a temporary name, removed when dropped unless it was published.
///
/// It is locked for as long as it is open. Who finds one of the same name and can lock it knows that its
/// writer is gone; who cannot leaves it alone. So two hosts that deliver the same object at once never
/// publish each other's half-written file.
#[derive(Debug)]
pub(super) struct Temporary<'a> {
    folder: &'a Folder,
    name: String,
    file: File,
    published: bool,
}

impl<'a> Temporary<'a> {
    /// Makes the temporary file of object `id` in `folder`, in the place of one that was left there.
    pub(super) fn create(folder: &'a Folder, id: &str) -> Result<Self, Error> {
        let name = format!("{PREFIX}{id}");
        for _ in 0..TRIES {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            match fs::openat(folder.fd(), &name, flags, MODE) {
                Ok(fd) => {
                    let file = File::from(fd);
                    if lock(folder, &name, &file)? {
                        return Ok(Self { folder, name, file, published: false });
                    }
                }
                Err(Errno::EXIST) => clear_away(folder, &name)?,
                Err(cause) => return Err(Error::io("create", &folder.path_of(&name), cause)),
            }
        }
        Err(Error::Busy { path: folder.path_of(&name) })
    }

    /// Writes `body` and makes it durable.
    pub(super) fn write(&mut self, body: &[u8]) -> Result<(), Error> {
        let path = || self.folder.path_of(&self.name);
        self.file.write_all(body).map_err(|cause| Error::io("write", &path(), cause))?;
        self.file.sync_all().map_err(|cause| Error::io("fsync", &path(), cause))
    }

    /// Writes what is in another file and makes it durable.
    pub(super) fn copy(&mut self, from: &File) -> Result<(), Error> {
        let failed = |cause| Error::io("write", &self.folder.path_of(&self.name), cause);
        let (mut at, mut piece) = (0, vec![0; 256 << 10]);
        loop {
            let read = from.read_at(&mut piece, at).map_err(failed)?;
            let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
            self.file.write_all(piece).map_err(failed)?;
            at += read as u64;
        }
        self.file.sync_all().map_err(|cause| Error::io("fsync", &self.folder.path_of(&self.name), cause))
    }

    /// Removes what a broken try of object `id` left.
    pub(super) fn clear(folder: &Folder, id: &str) -> Result<(), Error> {
        clear_away(folder, &format!("{PREFIX}{id}"))
    }

    /// Gives the file its name. `false` if that is taken, by whatever; nothing is replaced.
    pub(super) fn publish(&mut self, name: &str) -> Result<bool, Error> {
        let fd = self.folder.fd();
        let flags = fs::RenameFlags::NOREPLACE;
        match fs::renameat_with(fd, &*self.name, fd, name, flags) {
            Ok(()) => {
                self.published = true;
                Ok(true)
            }
            Err(Errno::EXIST) => Ok(false),
            // This file system replaces or nothing. A link never replaces; dropping removes the other name.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.link(name),
            Err(cause) => Err(Error::io("rename a file to", &self.folder.path_of(name), cause)),
        }
    }

    fn link(&self, name: &str) -> Result<bool, Error> {
        let fd = self.folder.fd();
        match fs::linkat(fd, &*self.name, fd, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(Errno::PERM | Errno::NOSYS | Errno::NOTSUP) => {
                Err(Error::NoLinks { path: self.folder.path().to_owned() })
            }
            Err(cause) => Err(Error::io("link a file to", &self.folder.path_of(name), cause)),
        }
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.published {
            // Nothing to tell: a file that stays is cleared away by the next try.
            let _removed = fs::unlinkat(self.folder.fd(), &*self.name, AtFlags::empty());
        }
    }
}

/// Locks `file`, unless somebody else has. `true` if it then still is what `name` stands for: its owner may
/// have published it, or removed it as a leftover, just before.
fn lock(folder: &Folder, name: &str, file: &File) -> Result<bool, Error> {
    match fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(Error::Busy { path: folder.path_of(name) }),
        Err(cause) => return Err(Error::io("lock", &folder.path_of(name), cause)),
    }
    let ours = fs::fstat(file).map_err(|cause| Error::io("look at", &folder.path_of(name), cause))?;
    Ok(folder.stat(name)?.is_some_and(|named| (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)))
}

/// Removes what a broken try left under `name`.
fn clear_away(folder: &Folder, name: &str) -> Result<(), Error> {
    match folder.look(name)? {
        Some(FileType::RegularFile) => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = match fs::openat(folder.fd(), name, flags, Mode::empty()) {
                Ok(fd) => File::from(fd),
                Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
                Err(cause) => return Err(Error::io("open", &folder.path_of(name), cause)),
            };
            if lock(folder, name, &file)? { remove(folder, name) } else { Ok(()) }
        }
        Some(FileType::Directory) => Err(Error::InTheWay { path: folder.path_of(name), wanted: "file" }),
        // Not made by us, and no file to lock: a link, say. Only itself is removed.
        Some(_) => remove(folder, name),
        None => Ok(()),
    }
}

fn remove(folder: &Folder, name: &str) -> Result<(), Error> {
    match fs::unlinkat(folder.fd(), name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(cause) => Err(Error::io("remove", &folder.path_of(name), cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Publish = fn(&mut Temporary<'_>, &str) -> Result<bool, Error>;

    #[test]
    fn renamed_or_linked_a_file_gets_its_name_once_and_nothing_else_stays() {
        let ways: [Publish; 2] = [|file, name| file.publish(name), |file, name| file.link(name)];
        for publish in ways {
            let root = tempfile::tempdir().unwrap();
            let folder = Folder::at(root.path()).unwrap().unwrap();
            for (body, free) in [(b"first", true), (b"other", false)] {
                let mut file = Temporary::create(&folder, "1").unwrap();
                file.write(body).unwrap();
                assert_eq!(publish(&mut file, "name").unwrap(), free);
            }
            assert_eq!(std::fs::read(root.path().join("name")).unwrap(), b"first");
            assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }
}
