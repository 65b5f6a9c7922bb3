use standpipe_record::{Batch, Position};

use crate::{Error, RequestId, SourceRange};

/// One frame as it is read. Its buffers are used again for the next one.
#[derive(Debug, Default)]
pub struct Frame {
    batch: Batch,
    first: Position,
    request: Option<RequestId>,
    source: Option<SourceRange>,
}

impl Frame {
    /// An empty one that allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The records.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The position of the first of them.
    pub fn first(&self) -> Position {
        self.first
    }

    /// The position behind the last of them.
    pub fn end(&self) -> Position {
        let records = u64::try_from(self.batch.len()).unwrap_or(u64::MAX);
        self.first.checked_add(records).unwrap_or(self.first)
    }

    /// The request that they came with.
    pub fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// The bytes of a source that the whole frame holds, also when its first records are skipped.
    pub fn source(&self) -> Option<&SourceRange> {
        self.source.as_ref()
    }
}

/// Reads durable frames in order.
#[derive(Debug)]
pub struct Reader {}

impl Reader {
    /// Reads the next durable frame. False when there is none yet. A first position inside a frame skips the
    /// records before it.
    pub fn next(&mut self, frame: &mut Frame) -> Result<bool, Error> {
        let _ = frame;
        unimplemented!()
    }

    /// The position of the next record.
    pub fn position(&self) -> Position {
        unimplemented!()
    }

    /// Closes the file that is read. The next read opens it again.
    pub fn rest(&mut self) {}
}
