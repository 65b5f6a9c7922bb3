//! A second name for a file that holds an object already.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;

use rustix::fs::{self, AtFlags, CWD, Mode};
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

/// Gives a file, whose bytes are durable, a name in `folder`, and the rights that a file made there would have.
pub(super) fn link(file: &File, folder: &Folder, name: &str) -> Result<Linked, Error> {
    let failed = |action, cause: Errno| Error::io(action, &folder.path_of(name), cause);
    // Before it has its name: nobody sees it otherwise.
    let wanted = mode();
    let about = fs::fstat(file).map_err(|cause| failed("look at", cause))?;
    if Mode::from_raw_mode(about.st_mode) != wanted {
        fs::fchmod(file, wanted).map_err(|cause| failed("set the rights of", cause))?;
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

/// What the umask leaves of [`MODE`]. It is the process's own and does not change.
fn mode() -> Mode {
    static KNOWN: OnceLock<Mode> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
        let umask = umask.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok()).unwrap_or(0o077);
        MODE.difference(Mode::from_raw_mode(umask))
    })
}
