use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use standpipe_record::Kind;

use crate::{Class, MAX_KEY_BYTES, Refusal};

/// Why an object was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A bucket cannot have this name.
    #[error("bucket name `{}` {why}; choose another name", .bucket.escape_debug())]
    Bucket {
        /// The name.
        bucket: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An object cannot have this key.
    #[error("key `{}` has {} bytes, an object's has 1 to {MAX_KEY_BYTES}; change the prefix", .key.escape_debug(), .key.len())]
    Key {
        /// The key.
        key: String,
    },
    /// An object's id would not do as part of a file name.
    #[error("object id `{}` is not 1 to 128 letters, digits, `-`, `_` or `.`; please report this", .id.escape_debug())]
    Id {
        /// The id.
        id: String,
    },
    /// The key is taken by other bytes.
    #[error(
        "object `{}` of bucket `{}` exists with other bytes; move {} away, or give this one a new key by `standpipe retry STREAM --new-key`",
        .key.escape_debug(), .bucket.escape_debug(),
        .path.as_ref().map_or("it".into(), |path| format!("`{}`", path.display()))
    )]
    Exists {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The file that is in the way, if objects are files.
        path: Option<PathBuf>,
    },
    /// A symbolic link stands in the way.
    #[error("`{}` is a symbolic link, which is not followed in a bucket; put a folder in its place", .path.display())]
    Link {
        /// Where.
        path: PathBuf,
    },
    /// Something that is neither a file nor a folder, or not the one that is needed, stands in the way.
    #[error("`{}` is not a {wanted}; move it away", .path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What should be there.
        wanted: &'static str,
    },
    /// Somebody else changes the same place at this moment.
    #[error("`{}` is being changed by another delivery; try again", .path.display())]
    Busy {
        /// Where.
        path: PathBuf,
    },
    /// The file system can neither rename without replacing nor link.
    #[error("the file system of `{}` cannot name a file without replacing another; choose another folder", .path.display())]
    NoLinks {
        /// Where.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} `{}`: {cause}; {}", .path.display(), advice(.cause).1)]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// An S3 server refused, or none could be reached.
    #[error("{0}")]
    S3(Box<Refusal>),
    /// What a later try has to know could not be kept.
    #[error("the beginning of an upload could not be noted; try again")]
    NotNoted,
    /// The delivery came to an end without a result.
    #[error("the delivery was cut short; it is tried again")]
    CutShort,
    /// The delivery did not run to its end.
    #[error("delivery was interrupted: {cause}; try again")]
    Interrupted {
        /// Why.
        cause: tokio::task::JoinError,
    },
}

impl Error {
    /// What whoever asked for the delivery should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Busy { .. } | Self::NotNoted | Self::CutShort => Kind::Retry,
            Self::S3(refusal) if matches!(refusal.class, Class::Mend(_)) => Kind::Invalid,
            Self::S3(_) => Kind::Retry,
            Self::Key { .. } | Self::Exists { .. } => Kind::Reject,
            Self::Bucket { .. } | Self::Link { .. } | Self::InTheWay { .. } | Self::NoLinks { .. } => {
                Kind::Invalid
            }
            Self::Id { .. } => Kind::Bug,
            Self::Io { cause, .. } => advice(cause).0,
            Self::Interrupted { cause } if cause.is_panic() => Kind::Bug,
            Self::Interrupted { .. } => Kind::Retry,
        }
    }

    /// What is wrong, whichever object it is about: equal for errors that have one cause.
    pub fn gist(&self) -> String {
        match self {
            Self::S3(refusal) => {
                let Refusal { bucket, status, code, message, .. } = &**refusal;
                format!("{bucket} {status:?} {code:?} {message}")
            }
            other => other.to_string(),
        }
    }

    /// Whether the keys may not do this, or nobody knows them.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::S3(refusal) if refusal.status == Some(403))
    }

    /// Whether there is too much at a time for whoever refused.
    pub fn is_throttled(&self) -> bool {
        matches!(self, Self::S3(refusal) if refusal.class == Class::Throttled)
    }

    /// `action` on `path` failed.
    pub(crate) fn io(action: &'static str, path: &Path, cause: impl Into<io::Error>) -> Self {
        Self::Io { action, path: path.to_owned(), cause: cause.into() }
    }
}

/// What an error of the system means here: a disk may get room or come back, a permission will not.
fn advice(cause: &io::Error) -> (Kind, &'static str) {
    match Errno::from_io_error(cause) {
        Some(Errno::NOSPC | Errno::DQUOT) => (Kind::Retry, "make room and try again"),
        Some(Errno::MFILE | Errno::NFILE) => (Kind::Retry, "raise the limit of open files or try again"),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            (Kind::Invalid, "make it writable for this user or choose another folder")
        }
        Some(Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG) => (Kind::Invalid, "choose another folder"),
        Some(Errno::FBIG) => (Kind::Reject, "choose a smaller buffer size"),
        _ => (Kind::Retry, "try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_retried_and_what_needs_a_person_is_not() {
        let kind = |errno: Errno| Error::io("write", Path::new("x"), errno).kind();
        for errno in [Errno::NOSPC, Errno::DQUOT, Errno::IO, Errno::MFILE, Errno::NFILE, Errno::STALE] {
            assert_eq!(kind(errno), Kind::Retry, "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::PERM, Errno::ROFS, Errno::NOTDIR] {
            assert_eq!(kind(errno), Kind::Invalid, "{errno}");
        }
        assert_eq!(kind(Errno::FBIG), Kind::Reject);
    }

    #[test]
    fn messages_say_place_cause_and_what_to_do() {
        let full = Error::io("write", Path::new("logs/web"), Errno::NOSPC).to_string();
        assert_eq!(
            full,
            "cannot write `logs/web`: No space left on device (os error 28); make room and try again"
        );
        let key = Error::Key { key: String::new() }.to_string();
        assert_eq!(key, "key `` has 0 bytes, an object's has 1 to 1024; change the prefix");
        let path = Some("b/a%0Ab".into());
        let exists = Error::Exists { bucket: "b".into(), key: "a\nb".into(), path }.to_string();
        assert_eq!(
            exists,
            r"object `a\nb` of bucket `b` exists with other bytes; move `b/a%0Ab` away, or give this one a new key by `standpipe retry STREAM --new-key`"
        );
    }
}
