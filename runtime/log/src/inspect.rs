use std::path::{Path, PathBuf};

use standpipe_record::Position;

use crate::{Disk, Error, Torn};

/// What a segment's header says, and its size. Frames are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The segment's file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// What its header says, or what is wrong with it.
    pub header: Result<HeaderInfo, String>,
}

/// The header of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderInfo {
    /// The format version.
    pub version: u32,
    /// The lane.
    pub lane: u32,
    /// The stream's incarnation.
    pub incarnation: u128,
    /// The segment's number.
    pub number: u64,
    /// The position of its first record.
    pub first: Position,
    /// Number and end of the segment before it.
    pub predecessor: Option<(u64, u64)>,
}

/// What recovery would find and do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The first record that is there.
    pub first: Position,
    /// Behind the last record.
    pub end: Position,
    /// Frames, all of whose checksums are right.
    pub frames: u64,
    /// Bytes in use.
    pub bytes: u64,
    /// What would be cut.
    pub torn: Option<Torn>,
    /// Files that would be unlinked, and why.
    pub leftovers: Vec<(PathBuf, &'static str)>,
}

/// What is in a log's folder, by number. Changes nothing.
pub fn inspect(disk: &dyn Disk, folder: &Path) -> Result<Vec<SegmentInfo>, Error> {
    let _ = (disk, folder);
    unimplemented!()
}

/// Checks every checksum and says what recovery would do, or why it would refuse. Changes nothing. Without
/// `settled`, the first segment of the unbroken chain is taken for the beginning.
pub fn verify(disk: &dyn Disk, folder: &Path, settled: Option<Position>) -> Result<Verdict, Error> {
    let _ = (disk, folder, settled);
    unimplemented!()
}
