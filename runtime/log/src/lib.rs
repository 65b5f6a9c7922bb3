//! Where accepted records are kept until they are delivered: an append-only [`Log`] per lane, and the
//! [`Disk`] that it and everything else that must survive goes through.
//!
//! # Positions
//!
//! Three ends move forward, always `written ≥ durable ≥ settled` ([`Positions`]):
//!
//! - *written*: handed to the system; lost with the power;
//! - *durable*: fsynced; only these may be answered for, and only these are read;
//! - *settled*: dealt with elsewhere on disk; whole segments below are unlinked by [`Log::release`].
//!
//! Written goes back to durable when an fsync fails. Whoever waits for the difference gets
//! [`Error::Lost`], and the positions are used again.
//!
//! # On disk
//!
//! A log is a folder of segments, `NUMBER.log` with 20 decimal digits. Numbers ascend, with gaps. Nothing is
//! there before the first append. A segment is a header and frames, and it is written by one process only: who
//! opens a log begins a new segment with its first append. All numbers are little-endian, all checksums
//! CRC-32C.
//!
//! Header of a segment (format version 1), as long as the cipher block and the padding make it:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 8 | `STNDPLOG` |
//! | 8 | 4 | format version: 1 |
//! | 12 | 4 | lane |
//! | 16 | 16 | incarnation of the stream |
//! | 32 | 8 | number of this segment |
//! | 40 | 8 | position of its first record |
//! | 48 | 8 | number of the segment before it; 0 if there is none |
//! | 56 | 8 | where that one ends, in bytes: all before is durable, all beyond is void |
//! | 64 | 4 | bytes of cipher block, c: 0 |
//! | 68 | c | cipher block |
//! | 68 + c | 4 | checksum of everything before |
//! | 72 + c | 0–7 | zeros up to a multiple of 8 |
//!
//! A frame begins at a multiple of 8 with a head of 48 bytes:
//!
//! | at | bytes | what |
//! | --- | --- | --- |
//! | 0 | 4 | checksum of the *salt* and bytes 4 to 47 |
//! | 4 | 4 | checksum of the body |
//! | 8 | 4 | bytes of body, at most 16 MiB |
//! | 12 | 4 | records, at least 1 |
//! | 16 | 8 | position of the first record |
//! | 24 | 8 | *mark*: bytes of this segment that were durable when the frame was written |
//! | 32 | 4 | bytes of payload |
//! | 36 | 2 | bytes of tag: 0 |
//! | 38 | 2 | bytes of the source's identity, at most 256 |
//! | 40 | 2 | columns |
//! | 42 | 2 | flags: 1 request id, 2 source, 4 one arrival time for all |
//! | 44 | 4 | 0 |
//!
//! The salt is incarnation (16 bytes), lane (4), segment number (8) and the frame's offset (8). It is not
//! stored. Bytes of another place, another segment or a record that quotes a log are therefore no frame.
//!
//! The body, without gaps, then zeros up to a multiple of 8 (outside the body's length and checksum):
//!
//! | bytes | what |
//! | --- | --- |
//! | tag | nothing yet |
//! | 16 | request id, if flag 1 |
//! | 8, 8, identity | first byte and end of the range read, and the source's identity, if flag 2 |
//! | 8, or 8 a record | arrival times in milliseconds since 1970: one if flag 4 |
//! | 4 a record | where each record ends in the payload: ascending, the last is the payload's length |
//! | payload | the records end to end |
//! | columns | for each: bytes of name (4), number of values (4), bytes of values (4), name, end of each value (4), value number of each record (4, `0xffffffff` is absent), values |
//!
//! # What is torn and what is corrupt
//!
//! Bytes below the highest mark of a segment were durable, and so were those below the end that the next
//! segment's header states, and records that are settled. A frame that fails its checks there is corruption: the
//! log is refused with segment and offset. Above, it is the torn tail of a write that nobody was answered for: it is cut, and
//! [`Recovery::torn`] says so. The highest mark is looked for behind the bad frame too.
//!
//! After a failed write or fsync nothing is appended to that segment again. The next segment's header voids
//! its tail. Recovery writes what lies above the highest mark a second time before it syncs it, because after a
//! failed fsync the system takes those bytes for clean and would have nothing to do. A segment with a void end is
//! unlinked, and that synced, before the one whose header says so: alone it would look corrupt.
//!
//! # What it refuses
//!
//! No threads, no clock, no compression, no knowledge of streams. It carries request ids and source ranges
//! and does not look into them.

mod append;
mod bytes;
pub mod disk;
mod error;
mod failpoint;
mod frame;
mod inspect;
mod log;
pub mod quota;
mod reader;
mod recovery;
mod scan;
mod segment;
mod survey;

#[cfg(feature = "testing")]
pub mod testing;
mod window;

pub use append::{Append, RequestId, SourceRange, Span};
pub use disk::{Disk, File, Item, RealDisk, Site};
pub use error::{Error, Flaw, advice};
pub use failpoint::failpoint;
pub use inspect::{HeaderInfo, SegmentInfo, Verdict, inspect, verify};
pub use log::{Log, Open, Positions, Settings};
pub use quota::{Full, Quota, Reserve, Share, Taken, Usage};
pub use reader::{Frame, Reader};
pub use recovery::{Recovery, Summary, Torn};

/// The format that this program writes, and the highest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The largest body of a frame, in bytes: records with their ends, arrival times and columns.
pub const MAX_BODY_BYTES: usize = 16 << 20;

/// The longest identity of a source, in bytes.
pub const MAX_IDENTITY_BYTES: usize = 256;
