//! A sink for tests of what delivers.

use std::collections::hash_map::{Entry, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use crate::{Delivered, Error, Object, Sink, Uploads};

/// An object with its digest, and otherwise as plain as can be.
pub fn object(bucket: &str, key: &str, id: &str, body: impl Into<Bytes>) -> Object {
    let body = body.into();
    Object {
        bucket: bucket.into(),
        key: key.into(),
        sha256: Sha256::digest(&body).into(),
        body,
        content_type: "application/octet-stream",
        content_encoding: None,
        id: id.into(),
        upload: None,
        file: None,
    }
}

/// Keeps objects in memory, by the rules of every sink: nothing is replaced, a repeat is harmless.
#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: Vec<Arc<Object>>,
    places: HashMap<(String, String), usize>,
    failures: usize,
    tries: usize,
}

impl Memory {
    /// A sink without objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next `times` probes and deliveries fail as on a full disk.
    pub fn fail(&self, times: usize) {
        self.state().failures = times;
    }

    /// The objects, in the order in which they were first delivered.
    pub fn objects(&self) -> Vec<Arc<Object>> {
        self.state().objects.clone()
    }

    /// How many deliveries were tried, failed ones among them.
    pub fn tries(&self) -> usize {
        self.state().tries
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take_failure(&mut self) -> Result<(), Error> {
        match self.failures.checked_sub(1) {
            Some(left) => {
                self.failures = left;
                Err(Error::io("write", Path::new("memory"), Errno::NOSPC))
            }
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Sink for Memory {
    async fn probe(&self, _bucket: &str, _key: &str) -> Result<(), Error> {
        self.state().take_failure()
    }

    async fn deliver(&self, object: &Arc<Object>, _: &dyn Uploads) -> Result<Delivered, Error> {
        let state = &mut *self.state();
        state.tries += 1;
        state.take_failure()?;
        let (bucket, key) = (object.bucket.clone(), object.key.clone());
        match state.places.entry((bucket.clone(), key.clone())) {
            Entry::Vacant(place) => {
                place.insert(state.objects.len());
                state.objects.push(Arc::clone(object));
                Ok(Delivered::Written)
            }
            Entry::Occupied(place) => match state.objects.get(*place.get()) {
                Some(there) if there.body == object.body => Ok(Delivered::Already),
                _ => Err(Error::Exists { bucket, key, path: None }),
            },
        }
    }
}
