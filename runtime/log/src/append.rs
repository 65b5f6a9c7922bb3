use standpipe_record::{Position, View};

/// Names one append, so that a repeat of it can be told. The log carries it and does not compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(pub [u8; 16]);

/// The bytes of a source that a frame holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceRange {
    /// Which source: opaque here, at most 256 bytes.
    pub identity: Vec<u8>,
    /// Its first byte in this frame.
    pub from: u64,
    /// The byte behind its last.
    pub to: u64,
}

/// What is appended at once: it becomes one frame, whole or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Append<'a> {
    /// The records, at least one.
    pub records: View<'a>,
    /// Which request they came with.
    pub request: Option<RequestId>,
    /// Which bytes of a source they were.
    pub source: Option<&'a SourceRange>,
}

impl<'a> Append<'a> {
    /// Records alone.
    pub fn new(records: View<'a>) -> Self {
        Self { records, request: None, source: None }
    }
}

/// Where an append's records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first record.
    pub first: Position,
    /// Behind the last.
    pub end: Position,
    /// Positions are used again after a failure; this tells whose they were.
    pub(crate) era: u64,
}
