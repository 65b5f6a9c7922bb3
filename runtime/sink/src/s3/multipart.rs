use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::answer::{About, Class, taken_for};
use super::body::body;
use super::client::Using;
use super::put::{DIGEST, Signed, hex};
use super::watch::Progress;
use super::{Call, S3};
use crate::{Begun, Error, Object, Uploads};

/// S3's limit.
const MOST_PARTS: u64 = 10_000;
/// Parts of one object at a time.
const AT_A_TIME: usize = 4;
/// How often one part is tried before the object is.
const TRIES: u32 = 4;
/// How long after a failed try of a part the next one begins, in milliseconds, times the number of tries, with up to as
/// much more; five times that where there was too much at a time.
const PAUSE_MS: u64 = 200;

impl Call<'_> {
    /// Puts the object in parts. A try that fails leaves no upload behind, if it can be helped.
    pub(super) async fn in_parts(&self, uploads: &dyn Uploads) -> Result<(), Error> {
        let id = self.begin().await?;
        uploads.begun(&id).await?;
        let sent = match self.parts(&id).await {
            Ok(parts) => self.complete(&id, parts).await,
            Err(error) => Err(error),
        };
        match &sent {
            Ok(()) => {}
            Err(Error::S3(refusal)) if refusal.code.as_deref() == Some("NoSuchUpload") => {}
            // If this fails, too, the next try does it.
            Err(_) => {
                let (bucket, key) = (self.object.bucket.clone(), self.object.key.clone());
                drop(abort_begun(self.s3, self.using, &Begun { bucket, key, id }).await);
            }
        }
        sent
    }

    async fn begin(&self) -> Result<String, Error> {
        let (object, about) = (self.object, self.about("begin an upload of"));
        let _turn = self.s3.turn().await;
        let request = self
            .using
            .client
            .create_multipart_upload()
            .bucket(&object.bucket)
            .key(&object.key)
            .content_type(object.content_type)
            .set_content_encoding(object.content_encoding.map(str::to_owned))
            .metadata(DIGEST, hex(&object.sha256))
            .checksum_algorithm(ChecksumAlgorithm::Sha256);
        let begun =
            Progress::new(0).watch(request.send()).await.map_err(|stalled| about.stalled(&stalled))?;
        let begun = begun.map_err(|error| taken_for(&about, error))?;
        let id = begun.upload_id.filter(|id| !id.is_empty());
        id.ok_or_else(|| Error::S3(Box::new(about.refusal("it gave no upload id", Class::Passing))))
    }

    async fn parts(&self, id: &str) -> Result<Vec<CompletedPart>, Error> {
        let size = self.s3.clients.settings.part_size.max(1);
        let size = size.max((self.object.body.len() as u64).div_ceil(MOST_PARTS));
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let id: Arc<str> = id.into();
        let mut starts = (0..self.object.body.len()).step_by(size).zip(1..);
        let (mut under_way, mut done) = (JoinSet::new(), Vec::new());
        loop {
            while under_way.len() < AT_A_TIME
                && let Some((from, number)) = starts.next()
            {
                let part = Part {
                    requests: Arc::clone(&self.s3.requests),
                    using: self.using.clone(),
                    object: Arc::clone(self.object),
                    id: Arc::clone(&id),
                    number,
                    bytes: from..from.saturating_add(size).min(self.object.body.len()),
                };
                under_way.spawn(part.send());
            }
            match under_way.join_next().await {
                None => break,
                Some(Ok(part)) => done.push(part?),
                Some(Err(cause)) => return Err(Error::Interrupted { cause }),
            }
        }
        done.sort_by_key(|part| part.part_number);
        Ok(done)
    }

    async fn complete(&self, id: &str, parts: Vec<CompletedPart>) -> Result<(), Error> {
        let about = self.about("complete the upload of");
        let _turn = self.s3.turn().await;
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self
            .using
            .client
            .complete_multipart_upload()
            .bucket(&self.object.bucket)
            .key(&self.object.key)
            .upload_id(id)
            .set_if_none_match(self.condition())
            .multipart_upload(parts);
        // The server may have to put the parts together.
        let progress = Progress::new(self.object.body.len() as u64);
        progress.moved(true);
        match progress.watch(request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.s3.note_condition(taken_for(&about, error))),
            Err(stalled) => Err(about.stalled(&stalled)),
        }
    }
}

/// Has the server forget an upload, where it was begun. One that it does not know is forgotten.
pub(super) async fn abort_begun(s3: &S3, using: &Using, begun: &Begun) -> Result<(), Error> {
    let Begun { bucket, key, id } = begun;
    let about = About { action: "abort an upload of", bucket, key: Some(key), endpoint: &using.endpoint };
    abort(s3, using, &about, key, id).await
}

/// Begins an upload and aborts it.
pub(super) async fn probe(s3: &S3, using: &Using, about: &About<'_>, key: &str) -> Result<(), Error> {
    let request = using.client.create_multipart_upload().bucket(about.bucket).key(key);
    let turn = s3.turn().await;
    let begun = Progress::new(0).watch(request.send()).await.map_err(|stalled| about.stalled(&stalled))?;
    drop(turn);
    let begun = begun.map_err(|error| taken_for(about, error))?;
    match begun.upload_id {
        Some(id) => abort(s3, using, about, key, &id).await,
        None => Ok(()),
    }
}

async fn abort(s3: &S3, using: &Using, about: &About<'_>, key: &str, id: &str) -> Result<(), Error> {
    let _turn = s3.turn().await;
    let request = using.client.abort_multipart_upload().bucket(about.bucket).key(key).upload_id(id);
    match Progress::new(0).watch(request.send()).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => match taken_for(about, error) {
            Error::S3(refusal) if refusal.status == Some(404) => Ok(()),
            error => Err(error),
        },
        Err(stalled) => Err(about.stalled(&stalled)),
    }
}

/// One part of an object.
struct Part {
    requests: Arc<Semaphore>,
    using: Using,
    object: Arc<Object>,
    id: Arc<str>,
    number: i32,
    bytes: std::ops::Range<usize>,
}

impl Part {
    /// Sends it, a few times if it must be.
    async fn send(self) -> Result<CompletedPart, Error> {
        let bytes = self.object.body.slice(self.bytes.clone());
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let mut tries = 1;
        loop {
            match self.try_once(&bytes, digest).await {
                Err(Error::S3(refusal)) if !matches!(refusal.class, Class::Mend(_)) && tries < TRIES => {
                    tracing::debug!(part = self.number, %refusal, "a part is sent again");
                    let slower = if refusal.class == Class::Throttled { 5 } else { 1 };
                    let spread = RandomState::new().build_hasher().finish() % PAUSE_MS;
                    let pause = (PAUSE_MS * u64::from(tries) + spread) * slower;
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn try_once(&self, bytes: &bytes::Bytes, digest: [u8; 32]) -> Result<CompletedPart, Error> {
        let Object { bucket, key, .. } = &*self.object;
        let about = About { action: "put a part of", bucket, key: Some(key), endpoint: &self.using.endpoint };
        let _turn = self.requests.acquire().await;
        let progress = Progress::new(bytes.len() as u64);
        let sum = STANDARD.encode(digest);
        let request = self
            .using
            .client
            .upload_part()
            .bucket(bucket)
            .key(key)
            .upload_id(&*self.id)
            .part_number(self.number)
            .content_length(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
            .checksum_sha256(&sum)
            .body(body(bytes.clone(), &progress))
            .customize()
            .interceptor(Signed(digest));
        match progress.watch(request.send()).await {
            Ok(Ok(sent)) => Ok(CompletedPart::builder()
                .part_number(self.number)
                .set_e_tag(sent.e_tag)
                .checksum_sha256(sum)
                .build()),
            Ok(Err(error)) => Err(taken_for(&about, error)),
            Err(stalled) => Err(about.stalled(&stalled)),
        }
    }
}
