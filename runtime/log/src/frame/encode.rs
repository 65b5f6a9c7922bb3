use std::borrow::Cow;

use standpipe_record::{Column, Position, View};

use super::{HEAD, ONE_ARRIVAL, REQUEST, SOURCE, Salt, padded};
use crate::bytes::{checksum, put_u32s, put_u64s};
use crate::{Append, Error, MAX_BODY_BYTES, MAX_IDENTITY_BYTES};

/// What a frame says of where it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) salt: Salt,
    pub(crate) at: u64,
    pub(crate) first: Position,
    pub(crate) mark: u64,
}

/// Bytes of the frame that `append` makes, or why it cannot be one.
pub(crate) fn size(append: &Append<'_>) -> Result<u64, Error> {
    let records = append.records;
    if records.is_empty() {
        return Err(Error::Empty);
    }
    let mut body = records.payload().len() + 4 * records.len();
    body += if one_arrival(&records).is_some() { 8 } else { 8 * records.len() };
    body += if append.request.is_some() { 16 } else { 0 };
    if let Some(source) = append.source {
        let bytes = source.identity.len();
        if bytes > MAX_IDENTITY_BYTES {
            return Err(Error::Identity { bytes });
        }
        body += 16 + bytes;
    }
    for column in columns(&records) {
        let parts = column.name().len() + column.values().len() + 4 * column.ends().len();
        body += 12 + parts + 4 * records.len();
    }
    if body > MAX_BODY_BYTES || u16::try_from(records.columns().len()).is_err() {
        return Err(Error::TooLarge { bytes: body as u64 });
    }
    Ok(padded(HEAD + body) as u64)
}

/// Puts the frame into `out` in place of what was there. `size` has agreed to it.
pub(crate) fn encode(append: &Append<'_>, place: Place, out: &mut Vec<u8>) {
    let records = append.records;
    let mut flags = 0;
    out.clear();
    out.resize(HEAD, 0);
    if let Some(request) = append.request {
        flags |= REQUEST;
        out.extend_from_slice(&request.0);
    }
    if let Some(source) = append.source {
        flags |= SOURCE;
        out.extend_from_slice(&source.from.to_le_bytes());
        out.extend_from_slice(&source.to.to_le_bytes());
        out.extend_from_slice(&source.identity);
    }
    if let Some(arrival) = one_arrival(&records) {
        flags |= ONE_ARRIVAL;
        out.extend_from_slice(&arrival.to_le_bytes());
    } else {
        put_u64s(out, records.arrival_ms());
    }
    let base = records.base();
    put_u32s(out, records.ends().iter().map(|end| end - base));
    out.extend_from_slice(records.payload());
    for column in columns(&records) {
        for length in [column.name().len(), column.ends().len(), column.values().len()] {
            out.extend_from_slice(&narrow(length).to_le_bytes());
        }
        out.extend_from_slice(column.name().as_bytes());
        put_u32s(out, column.ends().iter().copied());
        put_u32s(out, column.index().iter().copied());
        out.extend_from_slice(column.values());
    }
    let identity = append.source.map_or(0, |source| source.identity.len());
    seal(out, place, &records, identity, flags);
    out.resize(padded(out.len()), 0);
}

/// Writes the head over the room that was left for it.
fn seal(out: &mut [u8], place: Place, records: &View<'_>, identity: usize, flags: u16) {
    let Some((room, body)) = out.split_first_chunk_mut::<HEAD>() else { return };
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(&[0; 4]);
    head.extend_from_slice(&checksum(body).to_le_bytes());
    head.extend_from_slice(&narrow(body.len()).to_le_bytes());
    head.extend_from_slice(&narrow(records.len()).to_le_bytes());
    head.extend_from_slice(&place.first.get().to_le_bytes());
    head.extend_from_slice(&place.mark.to_le_bytes());
    head.extend_from_slice(&narrow(records.payload().len()).to_le_bytes());
    head.extend_from_slice(&0u16.to_le_bytes());
    head.extend_from_slice(&u16::try_from(identity).unwrap_or(u16::MAX).to_le_bytes());
    head.extend_from_slice(&u16::try_from(records.columns().len()).unwrap_or(u16::MAX).to_le_bytes());
    head.extend_from_slice(&flags.to_le_bytes());
    head.extend_from_slice(&[0; 4]);
    room.copy_from_slice(&head);
    if let Some((sum, rest)) = room.split_first_chunk_mut::<4>() {
        *sum = place.salt.sum(place.at, rest).to_le_bytes();
    }
}

/// The arrival time that all records share.
fn one_arrival(records: &View<'_>) -> Option<u64> {
    let (first, others) = records.arrival_ms().split_first()?;
    others.iter().all(|other| other == first).then_some(*first)
}

/// The columns, cut to these records if they are not all of the batch.
fn columns<'a>(records: &View<'a>) -> impl Iterator<Item = Cow<'a, Column>> + use<'a> {
    let range = records.first()..records.first() + records.len();
    records.columns().iter().map(move |column| {
        if range.start == 0 && range.end == column.index().len() {
            Cow::Borrowed(column)
        } else {
            Cow::Owned(column.slice(range.clone()))
        }
    })
}

/// A length that `size` has bounded.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
