//! Where objects go: the [`Sink`] trait, and [`Directory`], whose buckets are folders and whose objects are
//! files.
//!
//! A sink is asked for one delivery at a time and says what became of it. Retrying, waiting between tries
//! and how many run at once are the caller's; [`Error::kind`] tells it what makes sense.
//!
//! # Invariants
//!
//! - An answer of [`Delivered`] means that the object is there, whole and durable.
//! - Nothing is ever replaced. A name that is taken by equal bytes counts as delivered, so a repeat is
//!   harmless; a name that is taken by other bytes is an error that says which.
//! - Nobody sees half an object under its name, whenever the machine stops.
//! - Different keys are different files, and every file tells its key ([`path_of`], [`key_of`]).
//! - [`Directory`] writes nowhere but below the bucket: each folder is opened relative to the one above it,
//!   and no symbolic link is followed there, also if one is put in the way meanwhile. The root that the
//!   operator names may be a link, or lie behind one; a bucket may not.
//!
//! # What it refuses
//!
//! Bucket names that are empty, `.`, `..`, longer than 255 bytes, or contain `/` or NUL; keys that are empty
//! or longer than [`MAX_KEY_BYTES`]. A folder keeps neither content type nor content encoding.

mod directory;
mod error;
mod object;
pub mod testing;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

pub use directory::{Directory, MAX_KEY_BYTES, key_of, path_of};
pub use error::Error;
pub use object::{Delivered, Object};

/// A destination of objects.
#[async_trait]
pub trait Sink: Send + Sync + Debug {
    /// Whether `bucket` could be written to now. Leaves nothing behind.
    async fn probe(&self, bucket: &str) -> Result<(), Error>;

    /// Delivers `object`, durably. May be repeated at will.
    async fn deliver(&self, object: &Arc<Object>) -> Result<Delivered, Error>;
}
