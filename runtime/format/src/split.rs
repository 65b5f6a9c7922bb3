//! Source records that hold several records, taken apart before any plugin sees them.
//!
//! ```text
//! record ─► KPL aggregate ─► CloudWatch Logs: gzip, envelope, messages ─► de-aggregation ─► parts
//! ```
//!
//! Each stage works on every part of the one before, and only if [`Rules`] ask for it; the order is Firehose's
//! (section 3.1 of the notes on its contract). A record that no rule touches is one part, unchanged.
//!
//! # What becomes of each byte
//!
//! All that was accepted comes out, each byte in one part or in one failure. What does not come out is white
//! space between JSON objects, the separators between delimited records, the frame of an aggregate and the
//! envelope around messages. A record of which nothing would come out, because it is empty, blank or nothing
//! but separators, is one part as it is. Every record raises at least one of [`Parts::len`], the number of
//! [`Parts::failed`] and [`Parts::dropped`].
//!
//! # The Kinesis Producer Library
//!
//! A record is an aggregate if it begins with `f3 89 9a c2`, ends in the MD5 of what is between, and that is
//! a valid `AggregatedRecord`. Any other record is a plain one, also if only its MD5 is wrong: that is what
//! the KCL does (its `AggregatorUtil`) and what the `aws_kinesis_agg` libraries do. Where we differ:
//!
//! - An index beyond its table of keys costs the KCL that record and all behind it. Here they come out: their
//!   data is not in doubt.
//! - The KCL leaves out records whose hash key lies outside the shard. What shard it was is not known here.
//! - An aggregate of no records, which the KCL lets go without a word, counts as dropped.
//!
//! # CloudWatch Logs
//!
//! Gzip of one or more members, which inflate to one JSON object with `messageType` and `logEvents`, each
//! event with a `message`. Other members are not looked at: an envelope that gains or lacks one is still
//! one. Anything else fails with its compressed bytes, as Firehose's do.
//!
//! As [`CloudWatchLogs::Messages`], each message with a newline behind it, whether it ends in one or not, is a
//! part (Firehose, "Message extraction"). A control message holds no data and counts as dropped, and so does
//! a data message without events; AWS's own blueprint for the purpose drops the former, too. As
//! [`CloudWatchLogs::Envelopes`], both pass as they are.
//!
//! All of one source record inflates to at most [`MAX_INFLATED_BYTES`]. What goes beyond fails, and what is
//! behind it in an aggregate.
//!
//! # De-aggregation
//!
//! What would be more than [`MAX_SUB_RECORDS`] is not split: the whole is one part (API reference of
//! `PutRecordBatch`). Failures count as well, so one record never makes more than that of them.
//!
//! JSON: objects one after another, with white space between them or none. Firehose wants each on one line;
//! here an object may have newlines inside, which are left in it. What follows is ours, as Firehose's answer
//! is not known:
//!
//! - A value that is no object (an array, which Firehose calls invalid input, a number, a string) fails alone.
//!   Objects before and behind it are parts.
//! - What is no JSON value fails with all that is behind it, since nobody can say where it ends. Objects
//!   before it are parts. JSON is RFC 8259: it is UTF-8, and a lone surrogate escape is not an error.
//! - An object of more than 128 levels fails in the same way.
//!
//! Delimited: an empty part, be it between two separators or at an end, is left out. Nothing is lost by that,
//! and a separator at the end of a record is the ordinary case.
//!
//! Firehose says that what fails behind decompression goes to the error output compressed, as it came. Here
//! it goes as what it was when it failed, since the parts before it are on their way already.
//!
//! # Codes
//!
//! | code | cause | when |
//! | --- | --- | --- |
//! | `not-gzip` | decompression | another format, or bytes behind the last member |
//! | `damaged-gzip` | decompression | cut off, changed, or with a wrong checksum |
//! | `inflated-too-large` | decompression | more than [`MAX_INFLATED_BYTES`] |
//! | `not-an-envelope` | decompression | inflates to something else |
//! | `not-an-object` | de-aggregation | another JSON value |
//! | `not-json` | de-aggregation | no JSON value, or one that does not end |
//! | `too-deep` | de-aggregation | more than 128 levels |
//! | `no-room` | de-aggregation | the parts of all records would pass 4 GiB |

mod cloudwatch;
mod delimited;
mod envelope;
mod gzip;
mod json;
mod kpl;
mod parts;
mod scan;
mod wire;

use std::ops::Range;

use standpipe_record::Cause;

pub use delimited::{MAX_SEPARATOR_BYTES, Separator, SeparatorError};
pub use parts::{Parts, Unsplit};

use cloudwatch::Opener;

/// The most records that de-aggregation makes of one; Firehose's number.
pub const MAX_SUB_RECORDS: usize = 500;

/// The most bytes that one source record inflates to. Firehose says none. CloudWatch Logs sends up to 1 MiB
/// of gzip, and logs shrink to a tenth or so.
pub const MAX_INFLATED_BYTES: usize = 32 << 20;

/// Buffers up to this size are kept for the next record.
const KEPT_BYTES: usize = 4 << 20;

/// What is taken apart. By default nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Whether aggregates of the Kinesis Producer Library are unpacked.
    pub kpl: bool,
    /// Whether records are gzip of CloudWatch Logs, and what is made of them.
    pub cloudwatch_logs: Option<CloudWatchLogs>,
    /// Whether and how records are split: Firehose's multi-record de-aggregation.
    pub deaggregate: Option<Deaggregate>,
}

impl Rules {
    /// Whether no record is touched by them, so that splitting would only copy.
    pub fn is_empty(&self) -> bool {
        !self.kpl && self.cloudwatch_logs.is_none() && self.deaggregate.is_none()
    }
}

/// What comes out of records from CloudWatch Logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloudWatchLogs {
    /// The inflated envelope as it is: Firehose's `Decompression` alone.
    Envelopes,
    /// Each message on its own: with `CloudWatchLogProcessing`, too.
    Messages,
}

/// How a record is split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deaggregate {
    /// Into JSON objects.
    Json,
    /// At each separator.
    Delimited(Separator),
}

impl Deaggregate {
    /// Splitting at `separator`, if there may be such a one.
    pub fn delimited(separator: &[u8]) -> Result<Self, SeparatorError> {
        Separator::new(separator).map(Self::Delimited)
    }

    fn split(&self, bytes: &[u8], parts: &mut Parts) {
        match self {
            Self::Json => json::split(bytes, parts),
            Self::Delimited(separator) => delimited::split(bytes, separator, parts),
        }
    }
}

/// Takes records apart, one after another. It keeps buffers, nothing of a record.
#[derive(Debug)]
pub struct Splitter {
    /// Where an aggregate's records are, if aggregates are unpacked.
    kpl: Option<Vec<Range<usize>>>,
    cloudwatch: Option<Opener>,
    deaggregate: Option<Deaggregate>,
}

impl Splitter {
    /// A splitter by these rules.
    pub fn new(rules: Rules) -> Self {
        Self {
            kpl: rules.kpl.then(Vec::new),
            cloudwatch: rules.cloudwatch_logs.map(Opener::new),
            deaggregate: rules.deaggregate,
        }
    }

    /// Adds to `parts` what `record` holds. What came before stays in them, so that the records of a batch can
    /// share one; who does that looks at the size of [`Parts::payload`] between two of them, as one record
    /// adds up to its own length, or [`MAX_INFLATED_BYTES`] if it is compressed. A record for which there is
    /// no room below 4 GiB fails whole.
    pub fn split(&mut self, record: &[u8], parts: &mut Parts) {
        parts.begin();
        let most = if self.cloudwatch.is_some() { MAX_INFLATED_BYTES } else { record.len() };
        if !has_room(parts.payload().len(), most) {
            return fail_room(parts.payload().len(), most, record, parts);
        }
        let mut left = MAX_INFLATED_BYTES;
        let Self { kpl, cloudwatch, deaggregate } = self;
        if let Some(spans) = kpl
            && kpl::unpack(record, spans)
        {
            if spans.is_empty() {
                parts.drop_one();
            }
            for span in spans.iter() {
                let part = record.get(span.clone()).unwrap_or_default();
                open(cloudwatch, deaggregate, part, &mut left, parts);
            }
            if spans.capacity() * size_of::<Range<usize>>() > KEPT_BYTES {
                *spans = Vec::new();
            }
        } else {
            open(cloudwatch, deaggregate, record, &mut left, parts);
        }
        if let Some(opener) = cloudwatch {
            opener.shrink();
        }
    }

    /// Bytes that its buffers occupy. What a large record makes of them is not kept beyond it.
    pub fn memory(&self) -> usize {
        let spans = self.kpl.as_ref().map_or(0, |spans| spans.capacity() * size_of::<Range<usize>>());
        spans + self.cloudwatch.as_ref().map_or(0, Opener::memory)
    }
}

/// The two stages behind the first, for one part of it.
fn open(
    cloudwatch: &mut Option<Opener>,
    deaggregate: &Option<Deaggregate>,
    part: &[u8],
    left: &mut usize,
    parts: &mut Parts,
) {
    let last = |part: &[u8], parts: &mut Parts| match deaggregate {
        Some(deaggregate) => deaggregate.split(part, parts),
        None => parts.push(part),
    };
    match cloudwatch {
        Some(opener) => opener.open(part, left, parts, last),
        None => last(part, parts),
    }
}

/// Whether offsets stay in 32 bits when `most` bytes are added to `payload`.
fn has_room(payload: usize, most: usize) -> bool {
    payload.checked_add(most).is_some_and(|bytes| u32::try_from(bytes).is_ok())
}

#[cold]
fn fail_room(payload: usize, most: usize, record: &[u8], parts: &mut Parts) {
    let message = format!(
        "there are {payload} bytes of parts, and up to {most} more would pass the 4 GiB that a batch holds; split fewer records at once"
    );
    parts.fail(Cause::Deaggregation, "no-room", message, record);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_fails_whole_before_its_offsets_pass_32_bits() {
        assert!(has_room(0, u32::MAX as usize));
        assert!(has_room(u32::MAX as usize - 5, 5));
        assert!(!has_room(u32::MAX as usize - 5, 6));
        assert!(!has_room(usize::MAX, 1));
        let mut parts = Parts::new();
        fail_room(4_294_967_290, 6, b"record", &mut parts);
        assert_eq!((parts.len(), parts.dropped()), (0, 0));
        assert_eq!(parts.failed()[0].raw, b"record");
        assert_eq!(
            parts.failed()[0].message,
            "there are 4294967290 bytes of parts, and up to 6 more would pass the 4 GiB that a batch holds; split fewer records at once"
        );
    }
}
