//! Buckets at an S3 endpoint: Amazon's or another server that speaks its API.
//!
//! # How an object is put
//!
//! Up to [`S3Settings::multipart_above`] in one request, above it in parts, several at a time. Each request states
//! the SHA-256 of its body, which the server compares, and which is signed; each body is hashed once. The object's own
//! digest is kept as its metadata `standpipe-sha256`.
//!
//! Nothing is replaced: `If-None-Match: *` goes with the put, or with the completion of the parts. Where the key is
//! taken (412), or a completion meets no upload (404, the answer to a completion that went well may have been lost),
//! the object that is there decides: equal digest, or without one equal bytes, is delivered; other bytes are
//! [`Error::Exists`]; if it is gone, the next try begins anew.
//!
//! The id of an upload is given to [`Uploads`] before it has parts, so that it can be aborted by the next try, also
//! one of another process. A failed try aborts its own.
//!
//! # What servers disagree on
//!
//! - A second completion of one upload: 200 or 404. Both are handled per answer.
//! - `If-None-Match` not implemented (501): noticed at the first such answer; from then on a HEAD comes first. A server
//!   that passes over the header without a word replaces what another writer put under the same key.
//! - Checksums in the part list: refused by some unless the upload was begun with the algorithm. It is, always.
//! - Reading a bucket may be forbidden where writing is not: only where a key is taken must it be read. The probe begins an upload and aborts it, because that is
//!   what a delivery needs; it leaves nothing.
//!
//! # Time
//!
//! A request is given up when its body stands still for 15 s, or when no answer comes within 15 s and what a link of
//! 128 KiB/s needs for the body. The SDK's own retries are off: whoever delivers retries, and counts.

mod answer;
mod body;
mod client;
mod multipart;
mod put;
mod there;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::{Begun, Delivered, Error, Object, Sink, Uploads};
use answer::About;
pub use answer::{Class, Refusal};
use client::{Clients, Using};
pub use client::{KeySource, Keys, S3Settings};

/// Requests under way at one endpoint, of all streams: each has a connection.
const MOST_REQUESTS: usize = 64;

/// The buckets of one endpoint. One client serves all streams.
#[derive(Debug)]
pub struct S3 {
    clients: Clients,
    requests: Arc<Semaphore>,
    /// The server does not know `If-None-Match`.
    unconditional: AtomicBool,
}

impl S3 {
    /// Buckets as `settings` say. Nothing is asked for before the first probe or delivery.
    pub fn new(settings: S3Settings) -> Self {
        Self {
            clients: Clients::new(settings),
            requests: Arc::new(Semaphore::new(MOST_REQUESTS)),
            unconditional: AtomicBool::new(false),
        }
    }

    /// What a failed call means. After one that better keys or another region may mend, everything is looked up anew.
    async fn judge<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::S3(refusal)) = &result
            && matches!(refusal.class, Class::Mend(_))
        {
            self.clients.forget().await;
        }
        result
    }

    fn is_conditional(&self) -> bool {
        !self.unconditional.load(Ordering::Relaxed)
    }

    /// What the refusal of a request with a condition means: where the server does not know conditions, the next tries
    /// look first.
    fn note_condition(&self, mut error: Error) -> Error {
        if let Error::S3(refusal) = &mut error
            && refusal.status == Some(501)
            && self.is_conditional()
        {
            self.unconditional.store(true, Ordering::Relaxed);
            tracing::warn!(endpoint = %refusal.endpoint, "the server does not know `If-None-Match`: it is asked before each put instead");
            refusal.class = Class::Passing;
        }
        error
    }
}

#[async_trait]
impl Sink for S3 {
    /// Begins an upload of `key` and aborts it.
    async fn probe(&self, bucket: &str, key: &str) -> Result<(), Error> {
        let using = self.clients.get().await?;
        let about = About { action: "write to", bucket, key: None, endpoint: &using.endpoint };
        let probed = multipart::probe(self, &using, &about, key).await;
        self.judge(probed).await
    }

    async fn abort(&self, begun: &Begun) -> Result<(), Error> {
        let using = self.clients.get().await?;
        let aborted = multipart::abort_begun(self, &using, begun).await;
        self.judge(aborted).await
    }

    async fn deliver(&self, object: &Arc<Object>, uploads: &dyn Uploads) -> Result<Delivered, Error> {
        if !(1..=crate::MAX_KEY_BYTES).contains(&object.key.len()) {
            return Err(Error::Key { key: object.key.clone() });
        }
        let using = self.clients.get().await?;
        let done = self.put(&using, object, uploads).await;
        self.judge(done).await
    }
}

impl S3 {
    async fn put(
        &self,
        using: &Using,
        object: &Arc<Object>,
        uploads: &dyn Uploads,
    ) -> Result<Delivered, Error> {
        let call = Call { s3: self, using, object };
        if let Some(begun) = &object.upload {
            multipart::abort_begun(self, using, begun).await?;
        }
        // An upload that was begun may have been completed, too: to look saves sending it again. Who knows no condition
        // has to look.
        let looked = match (&object.upload, self.is_conditional()) {
            (None, true) => Ok(false),
            (Some(_), true) => {
                call.is_there().await.or_else(|error| error.is_forbidden().then_some(false).ok_or(error))
            }
            (_, false) => call.is_there().await,
        };
        if looked? {
            return Ok(Delivered::Already);
        }
        let sent = if object.body.len() as u64 > self.clients.settings.multipart_above {
            call.in_parts(uploads).await
        } else {
            call.at_once().await
        };
        match sent {
            Ok(()) => Ok(Delivered::Written),
            Err(Error::S3(refusal)) if refusal.is_taken() => match call.is_there().await? {
                true => Ok(Delivered::Already),
                // It was there a moment ago.
                false => Err(Error::S3(Box::new(Refusal { class: Class::Passing, ..*refusal }))),
            },
            Err(error) => Err(error),
        }
    }
}

/// One delivery.
#[derive(Clone, Copy)]
struct Call<'a> {
    s3: &'a S3,
    using: &'a Using,
    object: &'a Arc<Object>,
}

impl<'a> Call<'a> {
    fn about(&self, action: &'static str) -> About<'a> {
        let Object { bucket, key, .. } = &**self.object;
        About { action, bucket, key: Some(key), endpoint: &self.using.endpoint }
    }

    fn condition(&self) -> Option<String> {
        self.s3.is_conditional().then(|| "*".to_owned())
    }
}
