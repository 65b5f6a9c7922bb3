use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Call;
use super::answer::taken_for;
use super::body::body;
use super::watch::Progress;
use crate::Error;

/// The metadata in which an object's SHA-256 is kept, in hexadecimal.
pub(super) const DIGEST: &str = "standpipe-sha256";

/// Signs a body by the digest that is known already, instead of hashing it once more.
#[derive(Debug)]
pub(super) struct Signed(pub(super) [u8; 32]);

impl Intercept for Signed {
    fn name(&self) -> &'static str {
        "Signed"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        bag.interceptor_state().store_put(PayloadSigningOverride::Precomputed(hex(&self.0)));
        Ok(())
    }
}

impl Call<'_> {
    /// Puts the object in one request.
    pub(super) async fn at_once(&self) -> Result<(), Error> {
        let (object, about) = (self.object, self.about("put"));
        let _turn = self.s3.turn().await;
        let progress = Progress::new(object.body.len() as u64);
        let request = self
            .using
            .client
            .put_object()
            .bucket(&object.bucket)
            .key(&object.key)
            .content_type(object.content_type)
            .set_content_encoding(object.content_encoding.map(str::to_owned))
            .content_length(i64::try_from(object.body.len()).unwrap_or(i64::MAX))
            .metadata(DIGEST, hex(&object.sha256))
            .set_if_none_match(self.condition())
            .checksum_sha256(STANDARD.encode(object.sha256))
            .body(body(object.body.clone(), &progress))
            .customize()
            .interceptor(Signed(object.sha256));
        match progress.watch(request.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.s3.note_condition(taken_for(&about, error))),
            Err(stalled) => Err(about.stalled(&stalled)),
        }
    }
}

impl super::S3 {
    /// The right to have a request under way: whoever asked first has it first.
    pub(super) async fn turn(&self) -> Option<tokio::sync::SemaphorePermit<'_>> {
        // It is never closed.
        self.requests.acquire().await.ok()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
