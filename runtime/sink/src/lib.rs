//! Where objects go: the [`Sink`] trait; [`S3`]; and [`Directory`], whose buckets are folders and whose objects are
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
mod s3;
pub mod testing;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

pub use directory::{Directory, MAX_KEY_BYTES, key_of, path_of};
pub use error::Error;
pub use object::{Begun, Delivered, Object};
pub use s3::{Class, KeySource, Keys, Refusal, S3, S3Settings};

/// A destination of objects.
#[async_trait]
pub trait Sink: Send + Sync + Debug {
    /// Whether an object with a key like `key` could be put into `bucket` now. Leaves nothing behind.
    async fn probe(&self, bucket: &str, key: &str) -> Result<(), Error>;

    /// Whether it would rather have the bytes of objects as files: one that keeps files may need not copy them.
    fn takes_files(&self) -> bool {
        false
    }

    /// Has an upload forgotten that nobody will go on with. Nothing where there are none.
    async fn abort(&self, _begun: &Begun) -> Result<(), Error> {
        Ok(())
    }

    /// Delivers `object`, durably. May be repeated at will, but not twice at a time. What a later try has to know is
    /// given to `uploads`.
    async fn deliver(&self, object: &Arc<Object>, uploads: &dyn Uploads) -> Result<Delivered, Error>;
}

/// Keeps what tells a later try of an object of an earlier one, also in another process.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Returns once `upload`, which has no parts yet, is kept on disk. The next try of the object has it as
    /// [`Object::upload`].
    async fn begun(&self, upload: &str) -> Result<(), Error>;
}

/// For sinks and callers that need none.
#[async_trait]
impl Uploads for () {
    async fn begun(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
