//! What an object looks like: its key, how records are laid into it, how it is compressed, and what a failed
//! record turns into; and how records are taken apart before that. All of it pure: bytes, time and randomness come
//! in, bytes and names go out.
//!
//! - [`Prefixes`] reads the prefix expressions of a destination, `!{namespace:value}`, and makes keys begin
//!   with them. [`ObjectName`] is the rest of a key, [`Layout`] makes a whole one, in a
//!   [`Zone`]. [`Prefix::check`] says whether the values of partition keys make a prefix.
//! - [`append_records`] lays the records of a batch into a buffer, a [`Compressor`] compresses what is laid, object
//!   by object.
//! - [`write_failed`] writes the line of the error output for a record that failed.
//! - [`split`] takes source records apart that hold several records.
//!
//! # Invariants
//!
//! - A prefix that parses can be evaluated at any time and with any values, and comes out as at most
//!   [`MAX_PREFIX_BYTES`] if its values were checked.
//! - The same input gives the same bytes, however it is cut: nothing here reads a clock, draws a number or looks at
//!   the machine, nor at the machine's time zones. A gzip member has no time and no name in it, the entry of a zip
//!   archive has the object's id for a name.
//! - A line of the error output is valid JSON without a newline inside, whatever the record's bytes are.
//!
//! # Dates
//!
//! A date pattern prints what Java's `DateTimeFormatter` does for `Locale.US`: names in English, and weeks (`Y`, `w`,
//! `W`, `e`, `c`) as they are counted in the United States, from Sunday, the first of a year being the one that has
//! 1 January. Years and weeks of ISO 8601 are others. `z` prints the tz database's abbreviation, or the distance
//! behind `GMT` where that has none: as Java since 23, but for Adak, Casey, Colombo, Minsk and Troll, for which Java
//! has names of its own.
//!
//! # What it refuses
//!
//! No I/O, no buffering policy, no opinion on when an object is full. Letters of a date pattern that Java's versions
//! do not print alike (`B`, `F`, `v`, `zzzz`): nobody can say which version Firehose runs on. Names of time zones
//! that Firehose does not take.

mod compress;
mod delimit;
mod extension;
mod failed;
mod layout;
mod moment;
mod name;
mod prefix;
mod quoted;
pub mod split;
mod zone;

pub use compress::{CONTENT_TYPE, Compression, Compressor, Encoder, Level, LevelError};
pub use delimit::{Delimiter, append_records};
pub use extension::{Extension, ExtensionError, MAX_EXTENSION_BYTES};
pub use failed::{
    ACTIVE_PARTITION_EXCEEDED, Attempt, DECOMPRESSION_FAILED, PROCESSING_FAILED, Place, error_type,
    write_failed,
};
pub use layout::{Layout, Naming, What};
pub use moment::Moment;
pub use name::{ObjectName, uuid};
pub use prefix::{
    KeyProblem, KeySource, MAX_PREFIX_BYTES, MAX_PREFIX_TEXT_BYTES, PartitionKey, Partitioning, Prefix,
    PrefixError, Prefixes, Problem, Role,
};
pub use zone::{MAX_ZONE_BYTES, Zone, ZoneError};
