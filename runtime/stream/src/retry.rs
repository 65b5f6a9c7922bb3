//! Going on after a delivery that no try can mend: the key is taken by other bytes. Done while no host runs.

use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use standpipe_sink::{Error as SinkError, Uploads};
use tokio::sync::oneshot;

use crate::entry::{Renamed, SealedFile, Upload};
use crate::home::Home;
use crate::keeper::{KeepError, Keeper};
use crate::{Error, Plan};

/// What became of the files of a stream that waited for their delivery.
#[derive(Debug, Default)]
pub struct Retried {
    /// Those that could be delivered.
    pub delivered: u64,
    /// Those that have new keys.
    pub renamed: u64,
}

/// Tries every file once, oldest first. One whose key is taken by other bytes gets a new key, and the next run delivers
/// it there; `tell` learns the old one and the new one.
pub fn retry(
    plan: &Plan,
    home: Home,
    runtime: &tokio::runtime::Handle,
    tell: impl Fn(&str, &str),
) -> Result<Retried, Error> {
    let kept = |source: KeepError| Error::Keep { stream: plan.name.clone(), source };
    let home = Arc::new(home);
    let mut retried = Retried::default();
    for lane in home.lanes().map_err(kept)? {
        let mut keeper = Keeper::recover(&home.lane(lane)).map_err(kept)?.keeper;
        let files: Vec<SealedFile> = keeper.undelivered().cloned().collect();
        for file in files {
            match deliver(&mut keeper, &file, plan, runtime).map_err(kept)? {
                Ok(()) => {
                    keeper.delivered(std::slice::from_ref(&file)).map_err(kept)?;
                    retried.delivered += 1;
                }
                Err(SinkError::Exists { .. }) => {
                    let Renamed { key, .. } = keeper.rename(&file).map_err(kept)?;
                    tell(&file.key, &key);
                    retried.renamed += 1;
                }
                Err(source) => {
                    let records = keeper.waiting();
                    return Err(Error::Sink { stream: plan.name.clone(), source, records });
                }
            }
        }
    }
    Ok(retried)
}

/// One delivery, whose uploads are noted as they are begun.
fn deliver(
    keeper: &mut Keeper,
    file: &SealedFile,
    plan: &Plan,
    runtime: &tokio::runtime::Handle,
) -> Result<Result<(), SinkError>, KeepError> {
    let object = Arc::new(keeper.object(file, plan)?);
    let (ask, asked) = mpsc::sync_channel(1);
    let sink = Arc::clone(&plan.sink);
    let under_way = runtime.spawn(async move { sink.deliver(&object, &Asking(ask)).await });
    while let Ok((id, noted)) = asked.recv() {
        let (bucket, key) = (plan.outlet(file.role).bucket.clone(), file.key.clone());
        keeper.uploading(Upload { file: file.file.clone(), bucket, key, id })?;
        let _ = oneshot::Sender::send(noted, ());
    }
    let result = runtime.block_on(under_way);
    Ok(result.unwrap_or_else(|cause| Err(SinkError::Interrupted { cause })).map(drop))
}

/// Asks whoever holds the journal to note an upload.
struct Asking(mpsc::SyncSender<(String, oneshot::Sender<()>)>);

#[async_trait]
impl Uploads for Asking {
    async fn begun(&self, upload: &str) -> Result<(), SinkError> {
        let (noted, wait) = oneshot::channel();
        self.0.send((upload.to_owned(), noted)).map_err(|_| SinkError::NotNoted)?;
        wait.await.map_err(|_| SinkError::NotNoted)
    }
}
