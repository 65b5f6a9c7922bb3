use standpipe_record::Cause;

/// Bytes of a record that could not be taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsplit {
    /// [`Cause::Decompression`] or [`Cause::Deaggregation`].
    pub cause: Cause,
    /// A short code, one of those that the [module](crate::split) lists.
    pub code: &'static str,
    /// A sentence for a person. At most some 300 bytes, without control characters.
    pub message: String,
    /// The bytes: still compressed if it was decompression that failed, those that are no JSON object if it
    /// was de-aggregation.
    pub raw: Vec<u8>,
    /// How many parts of the same record came before them.
    pub before: u32,
}

/// What became of one record, or of several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    payload: Vec<u8>,
    ends: Vec<u32>,
    failed: Vec<Unsplit>,
    dropped: usize,
    /// How many parts there were when the record at hand began.
    first: usize,
}

/// A place to go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    payload: usize,
    ends: usize,
    failed: usize,
}

impl Parts {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All parts, end to end.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Where each part ends in the payload.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The parts in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let part = self.payload.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            part
        })
    }

    /// What failed, in order.
    pub fn failed(&self) -> &[Unsplit] {
        &self.failed
    }

    /// How many envelopes and aggregates held no record. A source record with neither a part nor a failure
    /// raised this number, and is to be counted as dropped.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Payload, ends and failures, to build a batch without a copy.
    pub fn into_parts(self) -> (Vec<u8>, Vec<u32>, Vec<Unsplit>) {
        (self.payload, self.ends, self.failed)
    }

    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.payload.clear();
        self.ends.clear();
        self.failed.clear();
        self.dropped = 0;
        self.first = 0;
    }

    /// Bytes of memory that it occupies, spare capacity included; of failures only what they hold.
    pub fn memory(&self) -> usize {
        let failed: usize = self.failed.iter().map(|unsplit| unsplit.raw.len() + unsplit.message.len()).sum();
        self.payload.capacity()
            + 4 * self.ends.capacity()
            + size_of::<Unsplit>() * self.failed.capacity()
            + failed
    }

    /// Notes that a record begins here.
    pub(super) fn begin(&mut self) {
        self.first = self.ends.len();
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { payload: self.payload.len(), ends: self.ends.len(), failed: self.failed.len() }
    }

    /// How many parts and failures came since `mark`.
    pub(super) fn since(&self, mark: Mark) -> usize {
        self.ends.len() - mark.ends + self.failed.len() - mark.failed
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.payload.truncate(mark.payload);
        self.ends.truncate(mark.ends);
        self.failed.truncate(mark.failed);
    }

    #[inline]
    pub(super) fn push(&mut self, part: &[u8]) {
        self.payload.extend_from_slice(part);
        self.end();
    }

    /// Adds a part and a newline behind it.
    pub(super) fn push_line(&mut self, line: &str) {
        self.payload.extend_from_slice(line.as_bytes());
        self.payload.push(b'\n');
        self.end();
    }

    #[inline]
    fn end(&mut self) {
        let end = u32::try_from(self.payload.len()).expect("room is looked for before a record is split");
        self.ends.push(end);
    }

    pub(super) fn fail(&mut self, cause: Cause, code: &'static str, message: String, raw: &[u8]) {
        let before = u32::try_from(self.ends.len() - self.first).unwrap_or(u32::MAX);
        self.failed.push(Unsplit { cause, code, message, raw: raw.to_vec(), before });
    }

    pub(super) fn drop_one(&mut self) {
        self.dropped += 1;
    }
}
