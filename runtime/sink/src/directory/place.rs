//! An object's place below its bucket, and putting it there.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::folder::{Child, Folder};
use super::key;
use super::link::{Linked, link};
use super::settled::Settled;
use super::temporary::Temporary;
use crate::{Delivered, Error, Object};

/// The folders and the file that a key stands for.
#[derive(Debug)]
pub(super) struct Place {
    folders: Vec<String>,
    file: String,
}

impl Place {
    pub(super) fn of(key: &str) -> Result<Self, Error> {
        let mut folders = key::names(key)?;
        // A key has at least one segment, and a segment at least one name.
        let file = folders.pop().ok_or_else(|| Error::Key { key: key.to_owned() })?;
        Ok(Self { folders, file })
    }

    /// Puts `object` here, below `bucket`.
    pub(super) fn deliver(
        &self,
        settled: &Settled,
        bucket: Folder,
        object: &Object,
    ) -> Result<Delivered, Error> {
        let mut folder = bucket;
        for name in &self.folders {
            folder = enter(settled, &folder, name)?;
        }

        let marked = format!("{}{}", self.file, key::FILE);
        // The marked name comes first: an object that got it stays there when the folder of its name goes.
        let names = [&*marked, &*self.file];
        if is_there(&folder, names, object)? {
            return Ok(Delivered::Already);
        }
        if let Some(file) = &object.file {
            let link = || {
                let linked = link(file, &folder, &self.file)?;
                match linked == Linked::Taken && folder.look(&self.file)? == Some(FileType::Directory) {
                    true => link(file, &folder, &marked),
                    false => Ok(linked),
                }
            };
            match link()? {
                Linked::Done => {
                    Temporary::clear(&folder, &object.id)?;
                    folder.sync()?;
                    return Ok(Delivered::Written);
                }
                Linked::Taken => return self.taken(&folder, names, object),
                Linked::Cannot => {}
            }
        }
        let mut temporary = Temporary::create(&folder, &object.id)?;
        match &object.file {
            Some(file) => temporary.copy(file)?,
            None => temporary.write(&object.body)?,
        }
        let mut published = temporary.publish(&self.file)?;
        if !published && folder.look(&self.file)? == Some(FileType::Directory) {
            published = temporary.publish(&marked)?;
        }
        // Before the fsync: where it was linked, this takes its temporary name away.
        drop(temporary);
        if published {
            folder.sync()?;
            return Ok(Delivered::Written);
        }
        self.taken(&folder, names, object)
    }

    /// Somebody was faster, or has the name for something else.
    fn taken(&self, folder: &Folder, names: [&str; 2], object: &Object) -> Result<Delivered, Error> {
        if is_there(folder, names, object)? {
            return Ok(Delivered::Already);
        }
        let [marked, _] = names;
        match folder.look(marked)? {
            Some(FileType::Directory) => Err(folder.in_the_way(marked, FileType::Directory, "file")),
            _ => Err(Error::Busy { path: folder.path_of(&self.file) }),
        }
    }
}

/// Writes and removes a file where the bucket is, or where the first missing folder would be made.
pub(super) fn probe(root: &Path, bucket: &str) -> Result<(), Error> {
    let folder = match Folder::at(root)? {
        Some(root) => match root.child(bucket)? {
            Child::Folder(bucket) => bucket,
            Child::Missing => root,
            Child::File => return Err(root.in_the_way(bucket, FileType::RegularFile, "folder")),
        },
        None => above(root)?,
    };
    if probe_unnamed(&folder)? {
        return Ok(());
    }
    let mut temporary = match Temporary::create(&folder, "probe") {
        // Another probe is writing at this very place, which is what was asked.
        Err(Error::Busy { .. }) => return Ok(()),
        created => created?,
    };
    temporary.write(b"probe\n")
}

/// Writes a file that has no name, so that nothing is left of it whenever the machine stops. False where the file system
/// has no such files.
fn probe_unnamed(folder: &Folder) -> Result<bool, Error> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let mut file = match fs::openat(folder.fd(), ".", flags, Mode::RUSR | Mode::WUSR) {
        Ok(fd) => File::from(fd),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => return Ok(false),
        Err(cause) => return Err(Error::io("create a file in", &folder.path_of("."), cause)),
    };
    let wrote = std::io::Write::write_all(&mut file, b"probe\n").and_then(|()| file.sync_all());
    wrote.map(|()| true).map_err(|cause| Error::io("write to", &folder.path_of("."), cause))
}

/// The nearest folder above `path` that exists.
fn above(path: &Path) -> Result<Folder, Error> {
    for above in path.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if let Some(folder) = Folder::at(above)? {
            return Ok(folder);
        }
    }
    Err(Error::io("open folder", path, Errno::NOENT))
}

/// Opens folder `name`, or the marked one where a file has that name.
fn enter(settled: &Settled, parent: &Folder, name: &str) -> Result<Folder, Error> {
    let taken = |name: &str| parent.in_the_way(name, FileType::RegularFile, "folder");
    // Half a segment is never an object's name, so no object of ours has it.
    if name.ends_with(key::MORE) {
        return settled.folder(parent, name)?.ok_or_else(|| taken(name));
    }
    let marked = format!("{name}{}", key::FOLDER);
    // Once there, the marked folder is the one, also when the file is gone: a key stays in one place.
    if parent.look(&marked)?.is_none()
        && let Some(folder) = settled.folder(parent, name)?
    {
        return Ok(folder);
    }
    settled.folder(parent, &marked)?.ok_or_else(|| taken(&marked))
}

/// Whether `object` is under one of `names` already, durably. Other bytes there are an error.
fn is_there(folder: &Folder, names: [&str; 2], object: &Object) -> Result<bool, Error> {
    for name in names {
        match folder.look(name)? {
            Some(FileType::RegularFile) => {}
            Some(FileType::Directory) | None => continue,
            Some(other) => return Err(folder.in_the_way(name, other, "file")),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(folder.fd(), name, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => continue,
            Err(Errno::LOOP) => return Err(folder.in_the_way(name, FileType::Symlink, "file")),
            Err(cause) => return Err(Error::io("open", &folder.path_of(name), cause)),
        };
        let path = folder.path_of(name);
        if !is_object(&file, object).map_err(|cause| Error::io("read", &path, cause))? {
            let (bucket, key) = (object.bucket.clone(), object.key.clone());
            return Err(Error::Exists { bucket, key, path: Some(path) });
        }
        // Whoever wrote it may have been stopped before this.
        file.sync_all().map_err(|cause| Error::io("fsync", &path, cause))?;
        folder.sync()?;
        return Ok(true);
    }
    Ok(false)
}

/// Whether `file` holds just the bytes of an object.
fn is_object(file: &File, object: &Object) -> std::io::Result<bool> {
    let Some(ours) = &object.file else { return equal(file, &object.body) };
    let (theirs, about) = (file.metadata()?, ours.metadata()?);
    // The same file, by a link that was made before.
    if (theirs.dev(), theirs.ino()) == (about.dev(), about.ino()) {
        return Ok(true);
    }
    let (mut at, mut piece, mut other) = (0, vec![0; 64 << 10], vec![0; 64 << 10]);
    if theirs.len() != about.len() {
        return Ok(false);
    }
    while at < about.len() {
        let read = ours.read_at(&mut piece, at)?;
        let (Some(piece), Some(other)) = (piece.get(..read), other.get_mut(..read)) else { return Ok(false) };
        if read == 0 {
            return Ok(false);
        }
        file.read_exact_at(other, at)?;
        if piece != other {
            return Ok(false);
        }
        at += read as u64;
    }
    Ok(true)
}

/// Whether `file` holds just `body`.
fn equal(mut file: &File, body: &[u8]) -> std::io::Result<bool> {
    if file.metadata()?.len() != body.len() as u64 {
        return Ok(false);
    }
    let mut buffer = vec![0; 64 * 1_024];
    let mut rest = body;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(rest.is_empty());
        };
        match rest.strip_prefix(read) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
}
