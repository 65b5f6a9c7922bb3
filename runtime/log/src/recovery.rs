use std::path::PathBuf;

use standpipe_record::Position;

use crate::{RequestId, SourceRange};

/// What recovery says of one frame.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// Its first record.
    pub first: Position,
    /// Behind its last record.
    pub end: Position,
    /// The newest arrival in it, in milliseconds since 1970.
    pub newest_ms: u64,
    /// The request that it came with.
    pub request: Option<RequestId>,
    /// The bytes of a source that it holds.
    pub source: Option<&'a SourceRange>,
}

/// What was found when a log was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The position of the next append.
    pub next: Position,
    /// Records at or behind `settled`.
    pub records: u64,
    /// Bytes of the segments that are kept.
    pub bytes: u64,
    /// Segments that are kept.
    pub segments: usize,
    /// What was cut.
    pub torn: Option<Torn>,
}

/// The end of a segment that nobody was answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment's file.
    pub segment: PathBuf,
    /// Where it was cut.
    pub from: u64,
    /// Bytes that were cut.
    pub bytes: u64,
}
