//! The wire format of Protocol Buffers, as far as one message of it is needed.

use std::ops::Range;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Varint,
    /// Text, bytes or a message: where it lies.
    Bytes(Range<usize>),
    /// One of the two fixed widths.
    Fixed,
}

/// Reads the fields of a message that lies somewhere in a record. Ranges are offsets into the record.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// The record up to where the message ends.
    record: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader of what lies at `range`.
    pub(super) fn new(record: &'a [u8], range: Range<usize>) -> Option<Self> {
        Some(Self { record: record.get(..range.end)?, at: range.start })
    }

    /// A reader of a message within this one.
    pub(super) fn within(&self, range: Range<usize>) -> Option<Self> {
        Self::new(self.record, range)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.record.len()
    }

    /// The next field: its number and its value. `None` if what is there is no field. A group, a kind of
    /// field that was old when aggregates were new, is none.
    #[inline]
    pub(super) fn field(&mut self) -> Option<(u32, Value)> {
        let tag = u32::try_from(self.varint()?).ok()?;
        let number = tag >> 3;
        let value = match tag & 7 {
            0 => {
                self.varint()?;
                Value::Varint
            }
            1 => {
                self.skip(8)?;
                Value::Fixed
            }
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.skip(length)?)
            }
            5 => {
                self.skip(4)?;
                Value::Fixed
            }
            _ => return None,
        };
        (number > 0).then_some((number, value))
    }

    fn skip(&mut self, bytes: usize) -> Option<Range<usize>> {
        let end = self.at.checked_add(bytes).filter(|&end| end <= self.record.len())?;
        let start = std::mem::replace(&mut self.at, end);
        Some(start..end)
    }

    /// At most ten bytes; bits above the 64th are lost, as in every implementation of it.
    #[inline]
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = *self.record.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}
