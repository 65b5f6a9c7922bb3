//! The disk as a trait: everything that must survive goes through it, so that tests can take it away.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

mod real;

pub use real::RealDisk;

/// Which sync this is. Every call has a name of its own, so that a test can leave one out and see what breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Site(pub &'static str);

/// What [`Disk::list`] finds in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Bytes of a file; without meaning for a folder.
    pub len: u64,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// A folder on a disk. Paths are relative to it and may not leave it. All calls block.
///
/// Nothing is durable before it is synced: bytes and length of a file by [`File::sync`], the names in a
/// folder by [`Disk::sync_folder`]. Syncing a file says nothing about its name.
pub trait Disk: Send + Sync + Debug {
    /// Makes a folder, mode 0700, in one that exists. It is fine if it is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// What is in `folder`, sorted by name. `NotFound` if there is no such folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<Item>>;
    /// Makes a file, mode 0600. `AlreadyExists` if the name is taken.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Makes a file, as [`create`](Self::create) does, with these bytes, which are durable then. It is not written any
    /// more, and may not be read soon.
    fn write_once(&self, path: &Path, bytes: &[u8], site: Site) -> io::Result<()> {
        let file = self.create(path)?;
        file.write_all_at(0, bytes)?;
        file.sync(site)
    }
    /// Opens a file that exists, to read and write.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// The same file as the system has it, to be read, for what is no disk. None if it is no file of the system.
    fn system_file(&self, _path: &Path) -> io::Result<Option<std::fs::File>> {
        Ok(None)
    }
    /// Gives a file or folder another name. A file that has it is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn unlink(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable. The empty path is the disk's own folder.
    fn sync_folder(&self, path: &Path, site: Site) -> io::Result<()>;
    /// Bytes free for this user on the file system.
    fn free(&self) -> io::Result<u64>;
}

/// An open file.
#[allow(clippy::len_without_is_empty, reason = "the length is asked of the system and may fail")]
pub trait File: Send + Sync + Debug {
    /// Writes all of `bytes` at offset `at`. After an error any part of them may be there.
    fn write_all_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;
    /// Reads at most `into.len()` bytes from offset `at` on; 0 at the end.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Cuts it, or fills it up with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes bytes and length durable. After an error nothing is known of what was written since the last
    /// success, and a later success says nothing about it.
    fn sync(&self, site: Site) -> io::Result<()>;
}
