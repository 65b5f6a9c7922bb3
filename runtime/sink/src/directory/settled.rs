//! Folders that are made, and made durable.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{self, CWD, Mode, Stat};
use rustix::io::Errno;

use super::folder::{Child, Folder};
use crate::Error;

/// Folders for everybody that the umask allows: consumers read buckets.
const MODE: Mode = Mode::RWXU.union(Mode::RWXG).union(Mode::RWXO);

/// Beyond this many, all are forgotten. The cost is one fsync more for each.
const REMEMBERED: usize = 4_096;

/// Makes folders, and knows which ones are durable: device and file number of each.
///
/// A file is durable only if every folder above it is. That a folder exists says nothing about that: whoever
/// made it, another delivery or a process that was killed, may not have fsynced the folder it lies in. So that
/// is done for every folder once, and remembered.
#[derive(Debug, Default)]
pub(super) struct Settled {
    known: Mutex<HashSet<(u64, u64)>>,
}

impl Settled {
    /// Opens the root, made where it is missing with all above it.
    pub(super) fn root(&self, path: &Path) -> Result<Folder, Error> {
        let root = match Folder::at(path)? {
            Some(root) => root,
            None => {
                self.make_root(path)?;
                // It exists but leads nowhere: a link whose target is gone.
                Folder::at(path)?
                    .ok_or_else(|| Error::InTheWay { path: path.to_owned(), wanted: "folder" })?
            }
        };
        // Where the folder above cannot be read, it is the operator who made the root, and long ago.
        if let Some(parent) = root.parent()? {
            self.settle(&parent, &root)?;
        }
        Ok(root)
    }

    /// Opens folder `name` of `parent`, made where it is missing. `None` if a file has this name.
    pub(super) fn folder(&self, parent: &Folder, name: &str) -> Result<Option<Folder>, Error> {
        let mut child = parent.child(name)?;
        if matches!(child, Child::Missing) {
            self.make(parent, name)?;
            child = parent.child(name)?;
        }
        match child {
            Child::Folder(folder) => {
                self.settle(parent, &folder)?;
                Ok(Some(folder))
            }
            Child::File => Ok(None),
            Child::Missing => Err(Error::Busy { path: parent.path_of(name) }),
        }
    }

    fn make(&self, parent: &Folder, name: &str) -> Result<(), Error> {
        // Held until the number is forgotten: nobody may take the new folder for the one that had it before.
        let mut known = self.known();
        match fs::mkdirat(parent.fd(), name, MODE) {
            Ok(()) => {}
            Err(Errno::EXIST) => return Ok(()),
            Err(cause) => return Err(Error::io("make folder", &parent.path_of(name), cause)),
        }
        if let Some(stat) = parent.stat(name)? {
            known.remove(&number(&stat));
        }
        Ok(())
    }

    fn make_root(&self, path: &Path) -> Result<(), Error> {
        // Held so that no other delivery finds a folder above the root before it is durable.
        let _held = self.known();
        make_all(path)
    }

    fn settle(&self, parent: &Folder, child: &Folder) -> Result<(), Error> {
        let number = number(&child.own_stat()?);
        if self.known().contains(&number) {
            return Ok(());
        }
        parent.sync()?;
        let mut known = self.known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(number);
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashSet<(u64, u64)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

/// Makes `path` and what is missing above it, each durable before the next one is made in it.
fn make_all(path: &Path) -> Result<(), Error> {
    let above = match path.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => return Err(Error::io("make folder", path, Errno::NOENT)),
    };
    let mut made = fs::mkdirat(CWD, path, MODE);
    if made == Err(Errno::NOENT) {
        make_all(above)?;
        made = fs::mkdirat(CWD, path, MODE);
    }
    match made {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(()),
        Err(cause) => return Err(Error::io("make folder", path, cause)),
    }
    match Folder::at(above)? {
        Some(above) => above.sync(),
        None => Err(Error::Busy { path: path.to_owned() }),
    }
}
