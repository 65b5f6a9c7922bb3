use std::fmt;

use crate::Column;

/// Many records laid end to end: what the host passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) ends: &'a [u32],
    pub(crate) arrival_ms: &'a [u64],
    pub(crate) columns: &'a [Column],
}

/// One record, borrowed from the batch that it came in.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    batch: &'a Batch<'a>,
    payload: &'a [u8],
    number: usize,
}

impl<'a> Record<'a> {
    #[inline]
    pub(crate) fn new(batch: &'a Batch<'a>, payload: &'a [u8], number: usize) -> Self {
        Self { batch, payload, number }
    }

    /// Its bytes. Lines come without their line ending.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// When it arrived, in milliseconds since 1970.
    #[inline]
    pub fn arrival_ms(&self) -> u64 {
        self.batch.arrival_ms.get(self.number).copied().unwrap_or_default()
    }

    /// Its value in the column `name`. There is none unless the plugin asks for the column:
    /// `#[plugin(columns("kafka-key"))]`.
    #[inline]
    pub fn column(&self, name: &str) -> Option<&'a [u8]> {
        self.batch.columns.iter().find(|column| column.name == name)?.get(self.number)
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("payload", &String::from_utf8_lossy(self.payload))
            .field("arrival_ms", &self.arrival_ms())
            .finish_non_exhaustive()
    }
}
