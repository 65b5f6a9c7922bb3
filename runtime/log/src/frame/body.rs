use standpipe_record::{Batch, Column, Malformed};

use super::{Head, ONE_ARRIVAL, REQUEST, SOURCE};
use crate::bytes::{Fields, array, u32s, u64s};
use crate::{Flaw, RequestId, SourceRange};

/// The parts of a body whose checksum was right. Their lengths fit, their contents are not checked.
#[derive(Debug)]
pub(crate) struct Body<'a> {
    request: Option<RequestId>,
    source: Option<(u64, u64, &'a [u8])>,
    arrivals: Arrivals<'a>,
    ends: &'a [u8],
    payload: &'a [u8],
    columns: Fields<'a>,
    count: u16,
    records: usize,
}

#[derive(Debug)]
enum Arrivals<'a> {
    One(u64),
    Each(&'a [u8]),
}

/// Numbers on their way from bytes into a batch; kept to be used again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    ends: Vec<u32>,
    arrivals: Vec<u64>,
}

impl<'a> Body<'a> {
    pub(crate) fn split(head: &Head, bytes: &'a [u8]) -> Result<Self, Flaw> {
        Self::parts(head, bytes).ok_or(Flaw::Length {
            what: "the parts of the body",
            found: u64::from(head.payload) + 4 * u64::from(head.records),
            limit: bytes.len() as u64,
        })
    }

    fn parts(head: &Head, bytes: &'a [u8]) -> Option<Self> {
        let records = head.records as usize;
        let mut fields = Fields::new(bytes);
        let request = match head.flags & REQUEST {
            0 => None,
            _ => Some(RequestId(array(fields.take(16)?)?)),
        };
        let source = match head.flags & SOURCE {
            0 => None,
            _ => Some((fields.u64()?, fields.u64()?, fields.take(head.identity.into())?)),
        };
        let arrivals = match head.flags & ONE_ARRIVAL {
            0 => Arrivals::Each(fields.take(records.checked_mul(8)?)?),
            _ => Arrivals::One(fields.u64()?),
        };
        let ends = fields.take(records.checked_mul(4)?)?;
        let payload = fields.take(head.payload as usize)?;
        Some(Self { request, source, arrivals, ends, payload, columns: fields, count: head.columns, records })
    }

    pub(crate) fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// Puts the source into `place`, whose buffer is used again.
    pub(crate) fn source(&self, place: &mut Option<SourceRange>) {
        let Some((from, to, identity)) = self.source else {
            *place = None;
            return;
        };
        let range = place.get_or_insert_default();
        (range.from, range.to) = (from, to);
        range.identity.clear();
        range.identity.extend_from_slice(identity);
    }

    /// The newest arrival.
    pub(crate) fn newest(&self) -> u64 {
        match self.arrivals {
            Arrivals::One(arrival) => arrival,
            Arrivals::Each(bytes) => u64s(bytes).max().unwrap_or_default(),
        }
    }

    /// Checks the contents as [`fill`](Self::fill) would, and builds nothing.
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        let ascending = u32s(self.ends).zip(u32s(self.ends).skip(1)).all(|(before, end)| before <= end);
        let end = u32s(self.ends).last().unwrap_or_default();
        if !ascending {
            let mut before = 0;
            for (index, end) in u32s(self.ends).enumerate() {
                if end < before {
                    return Err(Malformed::Descending { index, end, before }.into());
                }
                before = end;
            }
        }
        if end as usize != self.payload.len() {
            return Err(Malformed::PayloadLength { end, payload: self.payload.len() }.into());
        }
        self.columns(|_| Ok(()))
    }

    /// Puts the records from number `skip` on into `batch`, in place of what was there.
    pub(crate) fn fill(&self, skip: usize, batch: &mut Batch, scratch: &mut Scratch) -> Result<(), Flaw> {
        let base = match skip.checked_sub(1) {
            Some(before) => u32s(self.ends).nth(before).unwrap_or_default(),
            None => 0,
        };
        scratch.ends.clear();
        // Ends that do not ascend wrap around here and are refused by `extend`.
        scratch.ends.extend(u32s(self.ends).skip(skip).map(|end| end.wrapping_sub(base)));
        scratch.arrivals.clear();
        match self.arrivals {
            Arrivals::One(arrival) => scratch.arrivals.resize(scratch.ends.len(), arrival),
            Arrivals::Each(bytes) => scratch.arrivals.extend(u64s(bytes).skip(skip)),
        }
        batch.clear();
        let payload = self.payload.get(base as usize..).unwrap_or_default();
        batch.extend(payload, &scratch.ends, &scratch.arrivals)?;
        self.columns(|column| {
            let column = if skip == 0 { column } else { column.slice(skip..self.records) };
            Ok(batch.set_column(column)?)
        })
    }

    /// Reads the columns, all of them valid by themselves.
    fn columns(&self, mut each: impl FnMut(Column) -> Result<(), Flaw>) -> Result<(), Flaw> {
        let short = || Flaw::Length {
            what: "the columns",
            found: u64::from(self.count),
            limit: self.columns.rest().len() as u64,
        };
        let mut fields = self.columns.clone();
        for _ in 0..self.count {
            let (name, ends, index, values) = column(&mut fields, self.records).ok_or_else(short)?;
            let name = std::str::from_utf8(name).map_err(|_| Flaw::Unknown("a column's name"))?;
            let (ends, index) = (u32s(ends).collect(), u32s(index).collect());
            each(Column::from_parts(name.to_owned(), values.to_vec(), ends, index)?)?;
        }
        // Bytes that belong to nothing would be lost on the way.
        if fields.rest().is_empty() { Ok(()) } else { Err(short()) }
    }
}

type Parts<'a> = (&'a [u8], &'a [u8], &'a [u8], &'a [u8]);

fn column<'a>(fields: &mut Fields<'a>, records: usize) -> Option<Parts<'a>> {
    let (name, ends, values) = (fields.u32()?, fields.u32()?, fields.u32()?);
    Some((
        fields.take(name as usize)?,
        fields.take((ends as usize).checked_mul(4)?)?,
        fields.take(records.checked_mul(4)?)?,
        fields.take(values as usize)?,
    ))
}
