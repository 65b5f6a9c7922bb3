use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use standpipe_log::{Append, Log, SourceRange, Span};
use standpipe_record::{Batch, Column, Kind};
use standpipe_source::{Refused, Source, Step};

use crate::failpoint::failpoint;
use crate::home::Home;
use crate::keeper::KeepError;
use crate::lane::REFUSED;
use crate::{Plan, Stop};

/// Bytes that are written before they are synced, while there is more to read.
const GROUP: usize = 8 << 20;
/// How often a full or failing disk is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes at the beginning of a file that tell it from another one with the same number.
const FINGERPRINT: usize = 4096;

/// A source and its place in the log.
#[derive(Debug)]
pub(crate) struct Intake {
    source: Source,
    /// Who it is and where the next frame begins, if it can be read again.
    place: Option<(Vec<u8>, u64)>,
    /// Whether there was nothing to read when it was opened, because it was read before.
    pub(crate) finished: bool,
}

/// Why nothing more comes in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    #[error(transparent)]
    Source(#[from] standpipe_source::Error),
    #[error(transparent)]
    Keep(#[from] KeepError),
}

impl Intake {
    /// Opens the plan's source where `known` says that it was left.
    pub(crate) fn open(plan: &Plan, known: &[(Vec<u8>, u64)]) -> Result<Self, standpipe_source::Error> {
        let Some(path) = &plan.source else {
            return Ok(Self { source: Source::stdin(), place: None, finished: false });
        };
        let open = |cause| standpipe_source::Error::Open { name: path.display().to_string(), cause };
        let file = File::open(path).map_err(open)?;
        let about = file.metadata().map_err(open)?;
        if !about.is_file() {
            // Pipes and devices cannot be read again, and folders not at all.
            return Ok(Self { source: Source::open(path)?, place: None, finished: false });
        }
        let left = known
            .iter()
            .rev()
            .find(|(identity, to)| *to <= about.len() && is_same(&file, identity).unwrap_or(false));
        let (identity, from) = match left {
            Some((identity, to)) => (identity.clone(), *to),
            None => (identity_of(&file).map_err(open)?, 0),
        };
        if from > 0 && from < about.len() {
            warn_unended(&file, path, from);
        }
        let finished = from > 0 && from == about.len();
        let source = Source::resume(path, file, from)?;
        Ok(Self { source, place: Some((identity, from)), finished })
    }

    /// Whether it can be opened again where it was left.
    pub(crate) fn is_file(&self) -> bool {
        self.place.is_some()
    }

    /// Reads into the log until the source ends or the stop.
    pub(crate) fn run(mut self, plan: &Plan, home: &Home, log: &Log, stop: &Stop) -> Result<(), IntakeError> {
        let (mut batch, mut refused) = (Batch::new(), Vec::new());
        let (mut unsynced, mut last): (usize, Option<Span>) = (0, None);
        loop {
            batch.clear();
            refused.clear();
            let step = if stop.is_asked() {
                Ok(Step::End)
            } else {
                self.source.read(&mut batch, &mut refused, plan.clock.as_ref())
            };
            add_refused(&mut batch, &refused);
            if !batch.is_empty() {
                retry(plan, stop, || home.prepare())?;
                let range = self.place.as_ref().map(|(identity, from)| SourceRange {
                    identity: identity.clone(),
                    from: *from,
                    to: self.source.consumed(),
                });
                let append = Append { records: batch.view(), request: None, source: range.as_ref() };
                failpoint("log.write.before");
                last = Some(if self.place.is_some() {
                    match log.write(&append) {
                        Err(error) if error.kind() == Kind::Retry => {
                            // What waits behind may make room once it is durable.
                            if let Some(span) = last.take() {
                                log.sync(span).map_err(KeepError::Log)?;
                            }
                            retry(plan, stop, || log.write(&append).map_err(KeepError::Log))?
                        }
                        other => other.map_err(KeepError::Log)?,
                    }
                } else {
                    // It cannot be read again, so it is written again until it is durable.
                    retry(plan, stop, || log.append(&append).map_err(KeepError::Log))?
                });
                failpoint("log.write.after");
                if let (Some((_, from)), Some(range)) = (&mut self.place, &range) {
                    *from = range.to;
                }
                unsynced += batch.payload().len();
            }
            let ended = !matches!(step, Ok(Step::More));
            if let Some(span) = last
                && (unsynced >= GROUP || ended)
                && self.place.is_some()
            {
                log.sync(span).map_err(KeepError::Log)?;
                failpoint("log.sync.after");
                (unsynced, last) = (0, None);
            }
            let _: Step = step?;
            if ended {
                return Ok(());
            }
        }
    }
}

/// Does it again as long as waiting may mend it: where the disk or the quota is full.
fn retry<T>(
    plan: &Plan,
    stop: &Stop,
    mut work: impl FnMut() -> Result<T, KeepError>,
) -> Result<T, KeepError> {
    let mut told = false;
    loop {
        match work() {
            Err(error) if error.kind() == Kind::Retry && !stop.is_asked() => {
                if !told {
                    tracing::warn!(stream = %plan.name, %error, "intake waits");
                    told = true;
                }
                std::thread::sleep(PAUSE);
            }
            other => {
                if told && other.is_ok() {
                    tracing::info!(stream = %plan.name, "intake goes on");
                }
                return other;
            }
        }
    }
}

/// Adds the beginnings of lines that are too long, marked by a column.
fn add_refused(batch: &mut Batch, refused: &[Refused]) {
    if refused.is_empty() {
        return;
    }
    let mut column = Column::new(REFUSED, batch.len());
    for line in refused {
        if batch.push(&line.head, line.arrival_ms).is_ok() {
            let mut place = line.offset.to_le_bytes().to_vec();
            place.extend(line.length.to_le_bytes());
            column.push(Some(&place));
        }
    }
    let added = batch.set_column(column);
    debug_assert!(added.is_ok(), "the column has a row for each record");
}

/// Device, inode, the number of bytes looked at, and their SHA-256.
fn identity_of(file: &File) -> std::io::Result<Vec<u8>> {
    let about = file.metadata()?;
    let bytes = usize::try_from(about.len()).unwrap_or(FINGERPRINT).min(FINGERPRINT);
    identity(file, bytes)
}

fn identity(file: &File, bytes: usize) -> std::io::Result<Vec<u8>> {
    let about = file.metadata()?;
    let mut head = vec![0; bytes];
    file.read_exact_at(&mut head, 0)?;
    let mut identity = about.dev().to_le_bytes().to_vec();
    identity.extend(about.ino().to_le_bytes());
    identity.extend((bytes as u64).to_le_bytes());
    identity.extend(Sha256::digest(&head));
    Ok(identity)
}

/// Whether `file` is the one that `known` was made of, as long as it has not been written anew.
fn is_same(file: &File, known: &[u8]) -> std::io::Result<bool> {
    let Some(bytes) = known.get(16..24).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes)
    else {
        return Ok(false);
    };
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(FINGERPRINT);
    Ok(identity(file, bytes)? == known)
}

fn warn_unended(file: &File, path: &Path, from: u64) {
    let mut last = [0];
    if file.read_exact_at(&mut last, from - 1).is_ok() && last != [b'\n'] {
        tracing::warn!(
            file = %path.display(), offset = from,
            "the last line had no newline when it was read, so what was added to it is a record of its own"
        );
    }
}
