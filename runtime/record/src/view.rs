use std::ops::Range;

use crate::{Batch, Column};

/// A run of neighbouring records of a [`Batch`], borrowed.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    batch: &'a Batch,
    first: usize,
    len: usize,
}

impl<'a> View<'a> {
    pub(crate) fn new(batch: &'a Batch, first: usize, len: usize) -> Self {
        Self { batch, first, len }
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of the first record within its batch.
    pub fn first(&self) -> usize {
        self.first
    }

    /// The payloads of these records, end to end.
    pub fn payload(&self) -> &'a [u8] {
        let start = self.base() as usize;
        let end = self.ends().last().map_or(start, |&end| end as usize);
        self.batch.payload().get(start..end).unwrap_or_default()
    }

    /// Where the first record begins in the batch's payload: subtract it from [`ends`](Self::ends).
    pub fn base(&self) -> u32 {
        match self.first.checked_sub(1) {
            Some(before) => self.batch.ends().get(before).copied().unwrap_or_default(),
            None => 0,
        }
    }

    /// Where each record ends in the *batch's* payload.
    pub fn ends(&self) -> &'a [u32] {
        self.batch.ends().get(self.first..self.first + self.len).unwrap_or_default()
    }

    /// When each record arrived, in milliseconds since 1970.
    pub fn arrival_ms(&self) -> &'a [u64] {
        self.batch.arrival_ms().get(self.first..self.first + self.len).unwrap_or_default()
    }

    /// Record `record` of this view.
    pub fn get(&self, record: usize) -> Option<&'a [u8]> {
        if record < self.len { self.batch.get(self.first + record) } else { None }
    }

    /// A narrower view, `records` counted from this one's first. Clipped to what there is.
    pub fn slice(&self, records: Range<usize>) -> View<'a> {
        let start = records.start.min(self.len);
        let end = records.end.clamp(start, self.len);
        View { batch: self.batch, first: self.first + start, len: end - start }
    }

    /// The column named `name`, cut to these records.
    pub fn column(&self, name: &str) -> Option<Column> {
        self.batch.column(name).map(|column| column.slice(self.first..self.first + self.len))
    }

    /// The columns of the whole batch; add [`first`](Self::first) to a record number to look one up.
    pub fn columns(&self) -> &'a [Column] {
        self.batch.columns()
    }
}
