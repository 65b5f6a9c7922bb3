use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use standpipe_record::{Kind, Malformed, Position};

use crate::{FORMAT_VERSION, Full, MAX_BODY_BYTES, MAX_IDENTITY_BYTES};

/// What went wrong with a log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
    /// The quota has no room.
    #[error("the log `{}` is full: {full}", .folder.display())]
    Full {
        /// The log.
        folder: PathBuf,
        /// What was asked for and what there is.
        full: Full,
    },
    /// A sync failed after these records were written.
    #[error("records {first} to {end} of the log `{}` were not made durable: {cause}; append them again", .folder.display())]
    Lost {
        /// The log.
        folder: PathBuf,
        /// The first record.
        first: Position,
        /// Behind the last record.
        end: Position,
        /// What the system said.
        cause: String,
    },
    /// One append is larger than a frame may be.
    #[error("an append has {bytes} bytes, a frame's body has at most {MAX_BODY_BYTES}; append it in parts")]
    TooLarge {
        /// Bytes of body that it would have.
        bytes: u64,
    },
    /// The identity of a source is too long.
    #[error(
        "the identity of a source has {bytes} bytes, the most is {MAX_IDENTITY_BYTES}; please report this"
    )]
    Identity {
        /// Its length.
        bytes: usize,
    },
    /// An append without records.
    #[error("an append has no records; please report this")]
    Empty,
    /// There are no positions left.
    #[error("the log `{}` has no positions left behind {written}; give the stream another name", .folder.display())]
    Exhausted {
        /// The log.
        folder: PathBuf,
        /// Behind the last record.
        written: Position,
    },
    /// A position is settled that is not durable.
    #[error("position {settled} cannot be settled, the log `{}` is durable to {durable}; please report this", .folder.display())]
    Beyond {
        /// The log.
        folder: PathBuf,
        /// What was to be settled.
        settled: Position,
        /// Behind the last durable record.
        durable: Position,
    },
    /// A record is asked for that is released, or was never there.
    #[error("record {position} is not in the log `{}`, which holds {first} to {end}; please report this", .folder.display())]
    Absent {
        /// The log.
        folder: PathBuf,
        /// Which record.
        position: Position,
        /// The first that is there.
        first: Position,
        /// Behind the last that is there.
        end: Position,
    },
    /// Bytes that were durable are not what was written.
    #[error("`{}` is corrupt at byte {at}: {what}; put a good copy in its place, or give up the stream's data", .path.display())]
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        at: u64,
        /// What is wrong there.
        what: Flaw,
    },
    /// A segment of a newer program.
    #[error("`{}` has format version {found}, this program reads {FORMAT_VERSION}; use the program that wrote it or a newer one", .path.display())]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A segment that belongs elsewhere.
    #[error("`{}` belongs to {what} {found}, not {want}; move it to where it came from", .path.display())]
    Foreign {
        /// The segment.
        path: PathBuf,
        /// Lane, incarnation or segment.
        what: &'static str,
        /// What its header says.
        found: String,
        /// What it should be.
        want: String,
    },
    /// A segment is not there although later ones are.
    #[error("`{}` is missing: `{}` follows it and only records before {settled} are settled; put it back, or give up the stream's data", .path.display(), .follower.display())]
    Missing {
        /// The segment.
        path: PathBuf,
        /// The one after it.
        follower: PathBuf,
        /// Everything before is dealt with elsewhere.
        settled: Position,
    },
    /// The log begins too late.
    #[error("the log begins with record {first} in `{}`, but only records before {settled} are settled; put the segments before it back, or give up the stream's data", .path.display())]
    Gap {
        /// The first segment.
        path: PathBuf,
        /// Its first record.
        first: Position,
        /// Everything before is dealt with elsewhere.
        settled: Position,
    },
}

/// What is wrong with bytes that were durable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// Not a segment.
    #[error("it does not begin like a segment")]
    Magic,
    /// The header is not whole.
    #[error("its header is cut short")]
    Header,
    /// A checksum does not fit.
    #[error("the checksum of {0} is wrong")]
    Checksum(&'static str),
    /// The file ends where it should go on.
    #[error("the file has {have} bytes of {want}")]
    Short {
        /// Bytes that it has.
        have: u64,
        /// Bytes that it should have.
        want: u64,
    },
    /// A length that cannot be.
    #[error("{what} is {found}, it can be {limit} at most")]
    Length {
        /// Which.
        what: &'static str,
        /// Its value.
        found: u64,
        /// The most.
        limit: u64,
    },
    /// A frame that is not where its positions say.
    #[error("a frame begins with record {found}, {want} was expected")]
    Position {
        /// What it says.
        found: Position,
        /// What follows the frame before.
        want: Position,
    },
    /// Parts that do not make a batch.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// Flags, tags or bytes that this version does not have.
    #[error("{0} is not known to this format version")]
    Unknown(&'static str),
}

impl Error {
    /// What the caller should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Full { .. } | Self::Lost { .. } => Kind::Retry,
            Self::TooLarge { .. } => Kind::Reject,
            Self::Exhausted { .. } | Self::Version { .. } | Self::Foreign { .. } => Kind::Invalid,
            Self::Corrupt { .. } | Self::Missing { .. } | Self::Gap { .. } => Kind::Corrupt,
            Self::Identity { .. } | Self::Empty | Self::Beyond { .. } | Self::Absent { .. } => Kind::Bug,
            Self::Io { cause, .. } => advice(cause).0,
        }
    }

    /// `action` on `path` failed.
    pub(crate) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), cause }
    }

    /// `path` is corrupt at byte `at`.
    pub(crate) fn corrupt(path: &Path, at: u64, what: impl Into<Flaw>) -> Self {
        Self::Corrupt { path: path.to_owned(), at, what: what.into() }
    }
}

/// What an error of the system means here: a disk may get room or come back, a permission will not.
pub fn advice(cause: &io::Error) -> (Kind, &'static str) {
    match Errno::from_io_error(cause) {
        Some(Errno::NOSPC | Errno::DQUOT) => (Kind::Retry, "make room and try again"),
        Some(Errno::MFILE | Errno::NFILE) => (Kind::Retry, "raise the limit of open files or try again"),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => {
            (Kind::Invalid, "make it writable for this user or choose another folder")
        }
        Some(Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG | Errno::ISDIR) => {
            (Kind::Invalid, "move it away or choose another folder")
        }
        _ => (Kind::Retry, "try again"),
    }
}
