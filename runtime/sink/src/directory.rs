//! Buckets that are folders.

mod folder;
mod key;
mod link;
mod place;
mod settled;
mod temporary;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Delivered, Error, Object, Sink, Uploads};
pub use key::{MAX_KEY_BYTES, key_of, path_of};
use place::Place;
use settled::Settled;

/// Buckets below one folder: a bucket is a folder in it, an object a file at [`path_of`] its key.
///
/// Root and buckets are made when the first object comes. A file is written under a hidden temporary name
/// beside its own (`.standpipe-tmp-` and the object's id), fsynced, renamed without replacing, and the
/// folders up to the root are fsynced. An object that is a file already, on the same file system, is linked there
/// instead, and nothing of it is copied. What a try leaves when the machine stops is removed by the next try
/// of that object. Cloning is cheap; nothing is kept open between deliveries.
#[derive(Debug, Clone)]
pub struct Directory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    settled: Settled,
}

impl Directory {
    /// Buckets below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { root: root.into(), settled: Settled::default() }) }
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || work(&shared))
            .await
            .unwrap_or_else(|cause| Err(Error::Interrupted { cause }))
    }
}

#[async_trait]
impl Sink for Directory {
    /// Writes and removes a small file in the bucket, or where it would be made.
    async fn probe(&self, bucket: &str, _key: &str) -> Result<(), Error> {
        check_bucket(bucket)?;
        let bucket = bucket.to_owned();
        self.blocking(move |shared| place::probe(&shared.root, &bucket)).await
    }

    fn takes_files(&self) -> bool {
        true
    }

    async fn deliver(&self, object: &Arc<Object>, _: &dyn Uploads) -> Result<Delivered, Error> {
        check_bucket(&object.bucket)?;
        check_id(&object.id)?;
        let place = Place::of(&object.key)?;
        let object = Arc::clone(object);
        self.blocking(move |shared| {
            let root = shared.settled.root(&shared.root)?;
            let bucket = shared
                .settled
                .folder(&root, &object.bucket)?
                .ok_or_else(|| Error::InTheWay { path: root.path_of(&object.bucket), wanted: "folder" })?;
            place.deliver(&shared.settled, bucket, &object)
        })
        .await
    }
}

/// Refuses names that are not one folder below the root.
fn check_bucket(bucket: &str) -> Result<(), Error> {
    let why = match bucket {
        "" => "is empty",
        "." | ".." => "is not a folder of its own",
        _ if bucket.contains('/') => "contains a slash",
        _ if bucket.contains('\0') => "contains a zero byte",
        _ if bucket.len() > 255 => "is longer than 255 bytes",
        _ => return Ok(()),
    };
    Err(Error::Bucket { bucket: bucket.to_owned(), why })
}

/// The id becomes part of a file name as it is.
fn check_id(id: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=128).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::Id { id: id.to_owned() })
}
