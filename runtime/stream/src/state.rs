use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::{FlockOperation, flock};
use standpipe_log::{Disk, Quota, RealDisk, Settings, Site, failpoint};
use standpipe_sink::Begun;

use crate::Plan;
use crate::entry::{Role, Upload};
use crate::home::{Home, keep_text, read_text};
use crate::inspect::{Depth, Flaw, Inspection, list};
use crate::keeper::KeepError;
use crate::live::Live;

/// What is kept of the quota for sealing and noting: two parcels, a segment and a checkpoint of usual sizes.
const RESERVE: u64 = 256 << 20;
/// Below this a segment is not worth its header, in bytes.
const LEAST_SEGMENT: u64 = 1 << 20;
pub(crate) const STREAMS: &str = "streams";
/// What a stream is renamed to before it is removed.
pub(crate) const TOMB: &str = ".abandoned-";

/// The state folder: one host's logs, journals and parcels. Locked as long as this lives.
#[derive(Debug)]
pub struct State {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    id: u128,
    quota: Arc<Quota>,
    segment_bytes: u64,
    _lock: File,
}

/// Why there is no state to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The folder cannot be made, opened or locked.
    #[error("state folder `{path}`: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another host works with it.
    #[error(
        "state folder `{path}` is in use by another standpipe: stop it, or give this one its own `state`"
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// What is in it cannot be read.
    #[error("state folder `{path}`: {source}")]
    Keep {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        source: KeepError,
    },
    /// It holds data of a stream that the config does not have.
    #[error(
        "stream `{stream}` is not in the config, and its state holds {records} records in {bytes} bytes: \
         restore the stream, or give its records up with `--abandon {stream}`"
    )]
    Orphan {
        /// The stream.
        stream: String,
        /// Records, or outputs.
        records: u64,
        /// Bytes on disk.
        bytes: u64,
    },
    /// What it holds of a stream cannot be read.
    #[error("stream `{stream}`: {flaw}")]
    Unreadable {
        /// The stream.
        stream: String,
        /// Why.
        flaw: Box<Flaw>,
    },
    /// There is nothing to give up.
    #[error("there is no stream `{stream}` in the state folder to abandon")]
    Unknown {
        /// The stream.
        stream: String,
    },
    /// It discards now, and holds outputs for the destination that it had.
    #[error(
        "stream `{stream}` discards its outputs now, and its state holds {outputs} for the destination that it had: \
         restore that until they are delivered, or give the stream's records up with `--abandon {stream}`"
    )]
    Homeless {
        /// The stream.
        stream: String,
        /// Outputs, and records that failed.
        outputs: u64,
    },
    /// It backs up nothing now, and holds source records for the backup that it had.
    #[error(
        "stream `{stream}` has no `backup` now, and its state holds {records} records for the one that it had: \
         restore that until they are delivered, or give the stream's records up with `--abandon {stream}`"
    )]
    NoBackup {
        /// The stream.
        stream: String,
        /// Source records.
        records: u64,
    },
    /// It is in the config.
    #[error("stream `{stream}` is in the config: take it out before its records are given up")]
    InUse {
        /// The stream.
        stream: String,
    },
}

impl State {
    /// Opens or makes the folder, for its owner alone, and locks it. `quota` is how many bytes it may hold; 80 %
    /// of what is free now unless said.
    pub fn open(path: &Path, quota: Option<u64>) -> Result<Self, StateError> {
        let failed = |source| StateError::Io { path: path.to_path_buf(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        if let Err(error) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            return Err(match error {
                rustix::io::Errno::WOULDBLOCK => StateError::Locked { path: path.to_path_buf() },
                other => failed(other.into()),
            });
        }
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(path).map_err(failed)?);
        let free = disk.free().map_err(failed)?;
        let keep = |source| StateError::Keep { path: path.to_path_buf(), source };
        // What it holds already is not free, and counts in the quota.
        let free = free.saturating_add(bytes_below(disk.as_ref(), Path::new(STREAMS)).map_err(keep)?);
        let total = quota.unwrap_or(free / 5 * 4);
        // What there really is: a quota may say more.
        let room = total.min(free);
        let root = Path::new("");
        let id = match read_text(disk.as_ref(), Path::new("id")).map_err(keep)?.and_then(|text| parse(&text))
        {
            Some(id) => id,
            None => {
                let id = random();
                keep_text(disk.as_ref(), root, "id", &format!("{id:032x}\n")).map_err(keep)?;
                disk.sync_folder(root, Site("state.id")).map_err(failed)?;
                id
            }
        };
        let state = Self {
            quota: Quota::on(Arc::clone(&disk), total, (room / 4).min(RESERVE)),
            // Only whole segments are given back, so there must be several of them.
            segment_bytes: (room / 16).clamp(LEAST_SEGMENT, Settings::SEGMENT_BYTES),
            disk,
            path: path.to_path_buf(),
            id,
            _lock: lock,
        };
        Ok(state)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn quota(&self) -> &Arc<Quota> {
        &self.quota
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    /// Where a stream is kept.
    pub fn home(&self, stream: &str) -> Result<Home, StateError> {
        self.home_below(&folder_of(stream))
    }

    fn home_below(&self, folder: &str) -> Result<Home, StateError> {
        let keep = |source| StateError::Keep { path: self.path.clone(), source };
        let folder = Path::new(STREAMS).join(folder);
        let known = read_text(self.disk.as_ref(), &folder.join("incarnation")).map_err(keep)?;
        let incarnation = known.and_then(|text| parse(&text)).unwrap_or_else(random);
        Ok(Home {
            disk: Arc::clone(&self.disk),
            folder,
            state: self.id,
            incarnation,
            share: self.quota.share(),
            segment_bytes: self.segment_bytes,
            prepared: AtomicBool::new(false),
            preparing: std::sync::Mutex::default(),
        })
    }

    /// Refuses if a stream that has no plan holds data, if what any stream holds cannot be read, and if one holds what
    /// its plan has no place for.
    pub fn check(&self, plans: &[Plan]) -> Result<(), StateError> {
        let held = self.inspection();
        for stream in held.streams()? {
            let report = held.stream(&stream, Depth::Newest);
            let (records, bytes) = (report.records(), report.bytes());
            let outputs = report.lanes.iter().map(|lane| lane.in_open() + lane.in_sealed()).sum();
            let in_backup = report.lanes.iter().map(|lane| lane.of_role(Role::Backup)).sum();
            if let Some(flaw) = report.into_flaw() {
                return Err(StateError::Unreadable { stream, flaw: Box::new(flaw) });
            }
            match plans.iter().find(|plan| plan.name == stream) {
                None if records > 0 => return Err(StateError::Orphan { stream, records, bytes }),
                Some(plan) if plan.discards() && outputs > 0 => {
                    return Err(StateError::Homeless { stream, outputs });
                }
                Some(plan) if !plan.backs_up() && in_backup > 0 => {
                    return Err(StateError::NoBackup { stream, records: in_backup });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses if a stream holds records, or if what it holds cannot be read.
    pub(crate) fn holds_nothing(&self, stream: &str) -> Result<(), StateError> {
        let stream = stream.to_owned();
        let report = self.inspection().stream(&stream, Depth::Newest);
        let (records, bytes) = (report.records(), report.bytes());
        match report.into_flaw() {
            Some(flaw) => Err(StateError::Unreadable { stream, flaw: Box::new(flaw) }),
            None if records > 0 => Err(StateError::Orphan { stream, records, bytes }),
            None => Ok(()),
        }
    }

    pub(crate) fn inspection(&self) -> Inspection {
        Inspection::on(Arc::clone(&self.disk), &self.path)
    }

    /// The uploads that a stream has begun and not ended.
    pub fn uploads(&self, stream: &str) -> Result<Vec<Begun>, StateError> {
        self.uploads_below(&folder_of(stream))
    }

    /// The same, of all streams that are given up and not removed yet. Half of one may be gone.
    pub fn uploads_given_up(&self) -> Result<Vec<Begun>, StateError> {
        let keep = |source| StateError::Keep { path: self.path.clone(), source };
        let mut uploads = Vec::new();
        for item in list(self.disk.as_ref(), Path::new(STREAMS)).map_err(keep)? {
            if item.name.starts_with(TOMB) {
                match self.uploads_below(&item.name) {
                    Ok(found) => uploads.extend(found),
                    Err(error) => {
                        tracing::warn!(%error, "uploads of a stream that was given up may be left in the bucket");
                    }
                }
            }
        }
        Ok(uploads)
    }

    fn uploads_below(&self, folder: &str) -> Result<Vec<Begun>, StateError> {
        let keep = |source| StateError::Keep { path: self.path.clone(), source };
        let home = Arc::new(self.home_below(folder)?);
        let mut uploads = Vec::new();
        for lane in home.lanes().map_err(keep)? {
            let mut live = Live::default();
            for read in home.lane(lane).journal().read().map_err(|source| keep(source.into()))?.frames {
                let _ = live.apply(&read.entry, &read.carries);
            }
            uploads.extend(live.uploads.into_values().map(|Upload { bucket, key, id, .. }| Begun {
                bucket,
                key,
                id,
            }));
        }
        Ok(uploads)
    }

    /// Gives up what a stream holds, for good. It must not be among `streams`.
    pub fn abandon(&self, stream: &str, streams: &BTreeSet<String>) -> Result<(), StateError> {
        if streams.contains(stream) {
            return Err(StateError::InUse { stream: stream.to_owned() });
        }
        // The name becomes a path: only one that is there.
        if !self.inspection().streams()?.iter().any(|known| known == stream) {
            return Err(StateError::Unknown { stream: stream.to_owned() });
        }
        match self.bury_alone(stream)? {
            Some(tomb) => remove(self.disk.as_ref(), tomb.path())
                .map_err(|source| StateError::Keep { path: self.path.clone(), source }),
            None => Err(StateError::Unknown { stream: stream.to_owned() }),
        }
    }

    /// Removes all that was given up, and whose uploads nobody needs to know any more.
    pub fn bury(&self) -> Result<(), StateError> {
        let keep = |source| StateError::Keep { path: self.path.clone(), source };
        let streams = Path::new(STREAMS);
        for item in list(self.disk.as_ref(), streams).map_err(keep)? {
            if item.name.starts_with(TOMB) {
                remove(self.disk.as_ref(), &streams.join(&item.name)).map_err(keep)?;
            }
        }
        Ok(())
    }
}

/// Bytes of all files below a folder.
fn bytes_below(disk: &dyn Disk, folder: &Path) -> Result<u64, KeepError> {
    let mut bytes = 0;
    for item in list(disk, folder)? {
        bytes += if item.is_folder { bytes_below(disk, &folder.join(&item.name))? } else { item.len };
    }
    Ok(bytes)
}

/// What says whose the lanes are goes after them: who comes after a crash reads them by it.
pub(crate) fn remove(disk: &dyn Disk, folder: &Path) -> Result<(), KeepError> {
    let mut items = list(disk, folder)?;
    items.sort_by_key(|item| !item.is_folder);
    for item in items {
        let path = folder.join(&item.name);
        if item.is_folder {
            remove(disk, &path)?;
        } else {
            failpoint("bury.unlink");
            match disk.unlink(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                unlinked => unlinked.map_err(|source| KeepError::io(&path, "unlink", source))?,
            }
        }
    }
    match disk.remove_folder(folder) {
        // Somebody else removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|source| KeepError::io(folder, "remove", source)),
    }
}

/// A stream's folder: its name, but never one that begins with a dot.
pub(crate) fn folder_of(stream: &str) -> String {
    match stream.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => stream.to_owned(),
    }
}

pub(crate) fn stream_of(folder: &str) -> String {
    match folder.strip_prefix("%2E") {
        Some(rest) => format!(".{rest}"),
        None => folder.to_owned(),
    }
}

pub(crate) fn parse(text: &str) -> Option<u128> {
    u128::from_str_radix(text.trim(), 16).ok()
}

/// 128 random bits, from the key that the system gives a hash map.
pub fn random() -> u128 {
    let half = || RandomState::new().build_hasher().finish();
    u128::from(half()) << 64 | u128::from(half())
}
