//! The config file: what it may say, where it says it, and everything that is wrong with it at once.
//!
//! [`load`] reads a file, [`parse`] a text. Both answer with a [`Config`] and a list of [`Finding`]s. A
//! finding has a sentence, a help and a byte span in the text, so that whoever shows it can point at the
//! place. Other crates add findings of their own (a prefix that does not parse, a plugin that does not
//! load) from the spans that the config keeps: see [`Spanned::within`].
//!
//! # Invariants
//!
//! - All findings come in one go, in the order of the text. The document is walked by hand, because a
//!   derived reader stops at its first error.
//! - A mistake makes one finding: a misspelt key is not also a missing one, and what a syntax error may
//!   have swallowed is not called missing.
//! - A draft is a config read as far as it could be, with defaults for the rest, so that later checks can
//!   go on. [`File::config`] gives it out only when no finding is an error.
//! - Every name in [`Stream::transform`] and [`Config::lambda`] is a key of [`Config::plugins`] when there are no errors.
//! - A backup stands beside a destination in S3, and what is partitioned has a query or a plugin, when there are
//!   no errors.
//! - Where other machines reach [`Config::listen`], there are [`Config::keys`] when there are no errors.
//! - Values from the file are shown with control characters escaped and cut short.
//!
//! # What it refuses
//!
//! No I/O but reading the config file and, when [`Secret::read`] is called, a secret that it refers to. Nothing is looked up: whether a plugin, a folder or a source exists
//! is for others to say. Keys of later versions are known by name and refused as such; nothing is ignored.
//! No other crate names `toml`.

mod api;
mod backup;
mod bucket;
mod buffering;
mod calls;
mod choice;
mod compression;
mod config;
mod destination;
mod duration;
mod file;
mod finding;
mod key;
mod lambda;
mod limits;
mod listen;
mod name;
mod objects;
mod params;
mod partitioning;
mod places;
mod plugin;
mod rate;
mod reader;
mod s3;
mod secret;
mod size;
mod source;
mod span;
mod split;
mod stream;
mod suggest;
mod syntax;
mod text;
mod unit;
mod value;
mod write;

pub use api::{Api, Tls};
pub use backup::{Backup, BackupMode};
pub use bucket::bucket_problem;
pub use buffering::Buffering;
pub use calls::Calls;
pub use compression::Compression;
pub use config::{Config, parse};
pub use destination::{Destination, S3Destination};
pub use duration::Period;
pub use file::{File, LoadError, MAX_FILE_BYTES, load};
pub use finding::{Finding, Severity};
pub use key::Key;
pub use lambda::Lambda;
pub use limits::Limits;
pub use objects::Objects;
pub use partitioning::{Overflow, Partitioning};
pub use plugin::Plugin;
pub use rate::Rate;
pub use s3::{AccessKey, Buckets, Endpoint};
pub use secret::{SECRETS, Secret};
pub use size::Size;
pub use source::Source;
pub use span::Spanned;
pub use split::{CloudWatchLogs, Deaggregate, Split};
pub use stream::Stream;
pub use unit::UnitError;
