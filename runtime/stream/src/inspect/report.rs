use std::collections::BTreeMap;
use std::path::PathBuf;

use standpipe_log::{SegmentInfo, Torn};

use crate::entry::{Carry, Counts, Role, SealedFile};
use crate::journal::JournalError;
use crate::keeper::KeepError;

/// What is on disk of a stream.
#[derive(Debug)]
pub struct StreamReport {
    /// Its name.
    pub stream: String,
    /// Whether the API made it.
    pub is_made: bool,
    /// Its lanes, ascending.
    pub lanes: Vec<LaneReport>,
    /// Why its lanes cannot be read.
    pub flaw: Option<Flaw>,
}

/// What is on disk of a lane.
#[derive(Debug, Default)]
pub struct LaneReport {
    /// Its number.
    pub lane: u32,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Its journal. None before the first entry.
    pub journal: Option<JournalReport>,
    /// Its log.
    pub log: LogReport,
    /// The number of the last entry.
    pub entry: u64,
    /// The position before which all is settled.
    pub position: u64,
    /// The id of the next parcel.
    pub next_parcel: u64,
    /// What became of records so far.
    pub counts: Counts,
    /// How far each source is settled, by its identity in hexadecimal.
    pub sources: BTreeMap<String, u64>,
    /// Open parcels, each with all of its carries in one.
    pub open: Vec<Carry>,
    /// Sealed files that wait for their delivery, in their order.
    pub sealed: Vec<SealedFile>,
    /// Ends of files that recovery would cut.
    pub torn: Vec<Torn>,
    /// Files that recovery would remove, and why.
    pub leftovers: Vec<(PathBuf, &'static str)>,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
    /// A host went on so fast that there was no moment to look: what is wrong here need not be.
    pub restless: bool,
}

/// The journal in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalReport {
    /// The file.
    pub path: PathBuf,
    /// Bytes of it that are good: all of its checksums are right.
    pub bytes: u64,
    /// Entries and notes in it.
    pub entries: u64,
}

/// The log.
#[derive(Debug, Default)]
pub struct LogReport {
    /// Its segments, by number.
    pub segments: Vec<SegmentInfo>,
    /// Behind its last record, or what is settled if that is more.
    pub end: u64,
    /// Frames that were read, all of whose checksums are right.
    pub frames: u64,
}

impl StreamReport {
    /// Records, or outputs, that are neither delivered nor given up.
    pub fn records(&self) -> u64 {
        self.lanes.iter().map(LaneReport::records).sum()
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.bytes).sum()
    }

    /// All that is wrong with it.
    pub fn flaws(&self) -> impl Iterator<Item = &Flaw> {
        self.flaw.iter().chain(self.lanes.iter().flat_map(|lane| &lane.flaws))
    }

    /// The first thing that is wrong with it.
    pub fn into_flaw(self) -> Option<Flaw> {
        self.flaw.or_else(|| self.lanes.into_iter().find_map(|lane| lane.flaws.into_iter().next()))
    }
}

impl LaneReport {
    /// Records in the log that no plugin has seen, or will see again.
    pub fn in_log(&self) -> u64 {
        self.log.end.saturating_sub(self.position)
    }

    /// Records, or outputs, in open parcels.
    pub fn in_open(&self) -> u64 {
        self.open.iter().map(|parcel| parcel.records).sum()
    }

    /// Records, or outputs, in sealed files.
    pub fn in_sealed(&self) -> u64 {
        self.sealed.iter().map(|file| file.records).sum()
    }

    /// Records, or outputs, in parcels and files of a role.
    pub fn of_role(&self, role: Role) -> u64 {
        let open = self.open.iter().filter(|parcel| parcel.role == role).map(|parcel| parcel.records);
        let sealed = self.sealed.iter().filter(|file| file.role == role).map(|file| file.records);
        open.chain(sealed).sum()
    }

    /// Records, or outputs, that are neither delivered nor given up.
    pub fn records(&self) -> u64 {
        self.in_log() + self.in_open() + self.in_sealed()
    }

    /// Whether a run would only go on.
    pub fn is_tidy(&self) -> bool {
        self.flaws.is_empty() && self.torn.is_empty() && self.leftovers.is_empty()
    }
}

/// What is wrong with a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// What all checksums begin with is gone.
    #[error(
        "`{path}` is missing or holds no number, and nothing of the stream can be read without it; restore the \
         state folder from a copy, or give the stream up by `--abandon`"
    )]
    Incarnation {
        /// The file.
        path: PathBuf,
    },
    /// A sealed file is gone.
    #[error(
        "`{path}` is missing: the journal names it, with {records} records for `{key}`; restore the state folder \
         from a copy, or give the stream up by `--abandon`"
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// Records, or outputs, in it.
        records: u64,
        /// Its object's key.
        key: String,
    },
    /// A sealed file was cut, or has grown.
    #[error(
        "`{path}` is corrupt: it has {have} bytes, the journal says {want}; restore the state folder from a copy, \
         or give the stream up by `--abandon`"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes that it has.
        have: u64,
        /// Bytes that it should have.
        want: u64,
    },
    /// A sealed file has changed.
    #[error(
        "`{path}` is corrupt: its {bytes} bytes do not have the SHA-256 that the journal says; restore the state \
         folder from a copy, or give the stream up by `--abandon`"
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// The journal, the log, or a folder.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

impl Flaw {
    /// Whether something on disk is wrong; else it could not be read.
    pub fn is_corrupt(&self) -> bool {
        !matches!(
            self,
            Self::Keep(
                KeepError::Io { .. }
                    | KeepError::Journal(JournalError::Io { .. })
                    | KeepError::Log(standpipe_log::Error::Io { .. })
            )
        )
    }
}
