//! A second name for a file that holds an object already.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;

use rustix::fs::{self, AtFlags, CWD, Mode, Stat};
use rustix::io::Errno;

use super::folder::Folder;
use super::temporary::MODE;
use crate::Error;

/// What became of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linked {
    Done,
    /// The name is taken, by whatever; nothing is replaced.
    Taken,
    /// The file is elsewhere, or its file system has no links: copy it.
    Cannot,
}

/// Gives a file, whose bytes are durable, a name in `folder`. It has the rights that a file made there would have, but
/// that nobody may write it: until its delivery is noted, it is the same file as the one that the journal names.
pub(super) fn link(file: &File, folder: &Folder, name: &str) -> Result<Linked, Error> {
    let failed = |action, cause: Errno| Error::io(action, &folder.path_of(name), cause);
    // Before it has its name: nobody sees it otherwise.
    let wanted = mode();
    let about = fs::fstat(file).map_err(|cause| failed("look at", cause))?;
    let around = folder.own_stat()?;
    if about.st_dev != around.st_dev || is_special(folder, &around, &about) {
        return Ok(Linked::Cannot);
    }
    if Mode::from_raw_mode(about.st_mode) != wanted {
        if fs::fchmod(file, wanted).is_err() {
            return Ok(Linked::Cannot);
        }
        fs::fsync(file).map_err(|cause| failed("fsync", cause))?;
    }
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    match fs::linkat(CWD, own, folder.fd(), name, AtFlags::SYMLINK_FOLLOW) {
        Ok(()) => Ok(Linked::Done),
        Err(Errno::EXIST) => Ok(Linked::Taken),
        Err(
            Errno::XDEV
            | Errno::PERM
            | Errno::NOSYS
            | Errno::NOTSUP
            | Errno::MLINK
            | Errno::NOENT
            | Errno::ACCESS,
        ) => Ok(Linked::Cannot),
        Err(cause) => Err(failed("link a file to", cause)),
    }
}

/// Whether a file that is made in the folder gets a group or rights that the folder says.
fn is_special(folder: &Folder, around: &Stat, file: &Stat) -> bool {
    let sets_group = Mode::from_raw_mode(around.st_mode).contains(Mode::SGID) && around.st_gid != file.st_gid;
    let mut none: [u8; 0] = [];
    sets_group
        || fs::fgetxattr(folder.fd(), "system.posix_acl_default", &mut none).is_ok_and(|bytes| bytes > 0)
}

/// What the umask leaves of [`MODE`]. It is the process's own and does not change.
fn mode() -> Mode {
    static KNOWN: OnceLock<Mode> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        let umask = umask.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).unwrap_or(0o077);
        MODE.difference(Mode::from_raw_mode(umask)).difference(Mode::WUSR | Mode::WGRP | Mode::WOTH)
    })
}
