use std::fmt;
use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;

/// What is delivered: one sealed parcel under its key.
#[derive(Clone)]
pub struct Object {
    /// The bucket it goes to.
    pub bucket: String,
    /// Its name within the bucket.
    pub key: String,
    /// Its bytes, compressed if they are to be. None if `file` has them.
    pub body: Bytes,
    /// A file that holds its bytes and nothing else, is durable, and is not written any more. Only for a sink that
    /// [takes files](crate::Sink::takes_files).
    pub file: Option<Arc<File>>,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    /// The media type of the bytes.
    pub content_type: &'static str,
    /// How the bytes are encoded, such as `gzip`.
    pub content_encoding: Option<&'static str>,
    /// The parcel's own id, the same at every try: 1 to 128 letters, digits, `-`, `_` or `.`. Names the
    /// temporary file, so that a try finds what a broken one left.
    pub id: String,
    /// The upload that an earlier try began and did not end for sure.
    pub upload: Option<Begun>,
}

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The bucket in which it was.
    pub bucket: String,
    /// For which key.
    pub key: String,
    /// What the server calls it.
    pub id: String,
}

/// Leaves the bytes out: objects end up in logs and in failed assertions.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("bytes", &self.body.len())
            .field("file", &self.file)
            .field("content_type", &self.content_type)
            .field("content_encoding", &self.content_encoding)
            .field("id", &self.id)
            .finish()
    }
}

/// How an object came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Delivered {
    /// It was written now.
    Written,
    /// It was there before, with equal bytes.
    Already,
}
