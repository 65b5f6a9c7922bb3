//! What the Kinesis Producer Library packs many records into: magic, one message, the MD5 of the message.

use std::ops::Range;

use md5::{Digest, Md5};

use super::wire::{Reader, Value};

const MAGIC: &[u8] = &[0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES: usize = 16;

/// Puts into `spans` where in `record` the data of each record lies that it packs. `false` if it is no
/// aggregate.
pub(super) fn unpack(record: &[u8], spans: &mut Vec<Range<usize>>) -> bool {
    spans.clear();
    record.starts_with(MAGIC) && read(record, spans).is_some()
}

/// Reads the `AggregatedRecord` behind the magic.
fn read(record: &[u8], spans: &mut Vec<Range<usize>>) -> Option<()> {
    let end = record.len().checked_sub(DIGEST_BYTES)?;
    // An empty message is no aggregate to the KCL, either.
    let message = record.get(MAGIC.len()..end).filter(|message| !message.is_empty())?;
    if record.get(end..)? != Md5::digest(message).as_slice() {
        return None;
    }
    let mut message = Reader::new(record, MAGIC.len()..end)?;
    while !message.is_at_end() {
        if let (3, Value::Bytes(packed)) = message.field()? {
            spans.push(data(message.within(packed)?)?);
        }
    }
    Some(())
}

/// Where the data of a `Record` lies. It and the index of the partition key are required.
fn data(mut packed: Reader<'_>) -> Option<Range<usize>> {
    let mut data = None;
    let mut index = false;
    while !packed.is_at_end() {
        match packed.field()? {
            (1, Value::Varint) => index = true,
            (3, Value::Bytes(bytes)) => data = Some(bytes),
            (4, Value::Bytes(tag)) => check_tag(packed.within(tag)?)?,
            _ => {}
        }
    }
    data.filter(|_| index)
}

/// Nobody writes tags, but one without its key would make the message invalid.
fn check_tag(mut tag: Reader<'_>) -> Option<()> {
    let mut key = false;
    while !tag.is_at_end() {
        key |= matches!(tag.field()?, (1, Value::Bytes(_)));
    }
    key.then_some(())
}
