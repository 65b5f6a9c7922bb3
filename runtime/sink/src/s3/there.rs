use sha2::{Digest, Sha256};

use super::Call;
use super::answer::{Class, Refusal, taken_for};
use super::put::{DIGEST, hex};
use super::watch::Progress;
use crate::Error;

const READ: &str = "mend the keys, or allow them `s3:GetObject` and `s3:ListBucket`, to see what is under a key that is taken";

impl Call<'_> {
    /// Whether the object is there already. Another one in its place is an error.
    pub(super) async fn is_there(&self) -> Result<bool, Error> {
        let about = self.about("look for");
        let object = self.object;
        let turn = self.s3.turn().await;
        let progress = Progress::new(0);
        let request = self.using.client.head_object().bucket(&object.bucket).key(&object.key);
        let found = match progress.watch(request.send()).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                return match taken_for(&about, error) {
                    // Without a body there is no code; a missing bucket is told by the put that follows.
                    Error::S3(refusal) if refusal.status == Some(404) => Ok(false),
                    // Nor does it say why it is forbidden; Amazon says so also of a key that is not there.
                    Error::S3(refusal) if refusal.status == Some(403) => {
                        Err(Error::S3(Box::new(Refusal { class: Class::Mend(READ), ..*refusal })))
                    }
                    error => Err(error),
                };
            }
            Err(stalled) => return Err(about.stalled(&stalled)),
        };
        drop(turn);
        let same_length = found.content_length() == i64::try_from(object.body.len()).ok();
        let digest = found.metadata().and_then(|metadata| metadata.get(DIGEST));
        let same = match digest {
            Some(digest) => *digest == hex(&object.sha256),
            None => same_length && self.has_same_bytes().await?,
        };
        if same {
            return Ok(true);
        }
        let (bucket, key) = (object.bucket.clone(), object.key.clone());
        Err(Error::Exists { bucket, key, path: None })
    }

    /// Reads what is there, piece by piece: nobody said what it is.
    async fn has_same_bytes(&self) -> Result<bool, Error> {
        let about = self.about("read");
        let object = self.object;
        let _turn = self.s3.turn().await;
        let progress = Progress::new(0);
        let request = self.using.client.get_object().bucket(&object.bucket).key(&object.key);
        let read = async {
            let mut body = request.send().await.map_err(|error| taken_for(&about, error))?.body;
            let mut hash = Sha256::new();
            while let Some(piece) = body.next().await {
                let piece = piece
                    .map_err(|error| Error::S3(Box::new(about.refusal(error.to_string(), Class::Passing))))?;
                hash.update(&piece);
                progress.moved(true);
            }
            Ok(hash.finalize()[..] == object.sha256)
        };
        progress.watch(read).await.unwrap_or_else(|stalled| Err(about.stalled(&stalled)))
    }
}
