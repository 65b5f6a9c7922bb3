//! What an object looks like: its key, how records are laid into it, how it is compressed, and what a failed
//! record turns into. All of it pure: bytes, time and randomness come in, bytes and names go out.
//!
//! - [`Prefixes`] reads the prefix expressions of a destination, `!{namespace:value}`, and makes keys begin
//!   with them. [`ObjectName`] is the rest of a key.
//! - [`append_records`] lays the records of a batch into a buffer, [`Encoder`] compresses what is laid.
//! - [`write_failed`] writes the line of the error output for a record that failed.
//!
//! # Invariants
//!
//! - A prefix that parses can be evaluated at any time, and comes out as at most [`MAX_PREFIX_BYTES`].
//! - The same input gives the same bytes: nothing here reads a clock, draws a number or looks at the
//!   machine. A gzip member has no time and no name in it.
//! - A line of the error output is valid JSON without a newline inside, whatever the record's bytes are.
//!
//! # What it refuses
//!
//! No I/O, no buffering policy, no opinion on when an object is full. Partition keys are recognised in
//! prefixes and refused; so is every letter of a date pattern whose text would depend on a locale's calendar
//! rules (`Y`, `w`, `e`). The text of dates is English.

mod compress;
mod delimit;
mod failed;
mod moment;
mod name;
mod prefix;
pub mod split;

pub use compress::{CONTENT_TYPE, Compression, Encoder, Level};
pub use delimit::{Delimiter, append_records};
pub use failed::{
    ACTIVE_PARTITION_EXCEEDED, Attempt, DECOMPRESSION_FAILED, PROCESSING_FAILED, Place, error_type, write_failed,
};
pub use moment::Moment;
pub use name::{ObjectName, uuid};
pub use prefix::{MAX_PREFIX_BYTES, Prefix, PrefixError, Prefixes, Problem, Role};
