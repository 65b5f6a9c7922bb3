//! Sealed files on their way to the destination.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use standpipe_format::{CONTENT_TYPE, Compression, uuid};
use standpipe_log::failpoint;
use standpipe_sink::{Begun, Object};

use super::{KeepError, Keeper};
use crate::Plan;
use crate::entry::{Entry, Renamed, SealedFile, Upload};
use crate::live::{Live, unhex};
use crate::metrics::Amount;
use crate::parcel::hex;

const DIFFERS: &str = "its bytes differ from the journal's digest";

/// Whether a file holds what the journal says of it.
fn check(file: &File, about: &SealedFile) -> std::io::Result<bool> {
    let (mut hash, mut piece, mut at) = (Sha256::new(), vec![0; 256 << 10], 0);
    loop {
        let read = file.read_at(&mut piece, at)?;
        let Some(piece) = piece.get(..read).filter(|piece| !piece.is_empty()) else { break };
        hash.update(piece);
        at += read as u64;
    }
    Ok(at == about.bytes && hex(&hash.finalize()) == about.sha256)
}

/// Sums over the files that wait for their delivery: there may be very many.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// When oldest records arrived, and for how many files.
    oldest: BTreeMap<u64, usize>,
    records: u64,
    bytes: u64,
}

impl Waits {
    pub(super) fn add(&mut self, file: &SealedFile) {
        if let Some(oldest) = file.oldest_ms {
            *self.oldest.entry(oldest).or_default() += 1;
        }
        self.records += file.records;
        self.bytes += file.bytes;
    }

    fn remove(&mut self, file: &SealedFile) {
        if let Some(oldest) = file.oldest_ms
            && let Some(files) = self.oldest.get_mut(&oldest)
        {
            *files -= 1;
            if *files == 0 {
                self.oldest.remove(&oldest);
            }
        }
        self.records -= file.records;
        self.bytes -= file.bytes;
    }
}

impl Keeper {
    /// The files that wait for their delivery, oldest first.
    pub(crate) fn undelivered(&self) -> impl Iterator<Item = &SealedFile> {
        self.live.files.values()
    }

    /// When the oldest record in them arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        self.waits.oldest.first_key_value().map(|(oldest, _)| *oldest)
    }

    /// How many they are, and their bytes.
    pub(crate) fn sealed(&self) -> Amount {
        Amount { count: self.live.files.len() as u64, bytes: self.waits.bytes }
    }

    /// Records, or outputs, that are sealed and not delivered.
    pub(crate) fn waiting(&self) -> u64 {
        self.waits.records
    }

    /// Reads a sealed file back as an object.
    pub(crate) fn object(&self, about: &SealedFile, plan: &Plan) -> Result<Object, KeepError> {
        let path = self.folder.join("parcels").join(about.holder());
        let known = self.written.contains(&about.file);
        if plan.sink.takes_files() && about.pack.is_none() {
            let file = self.disk.system_file(&path).map_err(|source| KeepError::io(&path, "open", source))?;
            if let Some(file) = file {
                if !known {
                    check(&file, about)
                        .map_err(|source| KeepError::io(&path, "read", source))?
                        .then_some(())
                        .ok_or_else(|| KeepError::corrupt(&path, DIFFERS))?;
                }
                return Ok(self.described(about, plan, bytes::Bytes::new(), Some(file)));
            }
        }
        let file = self.disk.open(&path).map_err(|source| KeepError::io(&path, "open", source))?;
        let mut body = vec![0; usize::try_from(about.bytes).unwrap_or(usize::MAX)];
        let mut filled = 0;
        while let Some(room) = body.get_mut(filled..).filter(|room| !room.is_empty()) {
            let read = file.read_at(about.at + filled as u64, room);
            match read.map_err(|source| KeepError::io(&path, "read", source))? {
                0 => return Err(KeepError::corrupt(&path, "it is shorter than the journal says")),
                read => filled += read,
            }
        }
        if !known && hex(&Sha256::digest(&body)) != about.sha256 {
            return Err(KeepError::corrupt(&path, DIFFERS));
        }
        Ok(self.described(about, plan, body.into(), None))
    }

    fn described(&self, about: &SealedFile, plan: &Plan, body: bytes::Bytes, file: Option<File>) -> Object {
        let mut known = Compression::ALL.into_iter().filter_map(Compression::content_encoding);
        let content_encoding = known.find(|known| about.encoding.as_deref() == Some(*known));
        Object {
            bucket: plan.outlet(about.role).bucket.clone(),
            key: about.key.clone(),
            body,
            file: file.map(Arc::new),
            sha256: unhex(&about.sha256).and_then(|digest| digest.try_into().ok()).unwrap_or_default(),
            content_type: CONTENT_TYPE,
            content_encoding,
            id: about.id.clone(),
            upload: self.live.uploads.get(&about.file).cloned().map(|Upload { bucket, key, id, .. }| Begun {
                bucket,
                key,
                id,
            }),
        }
    }

    /// Notes that files are delivered, and unlinks them.
    pub(crate) fn delivered(&mut self, files: &[SealedFile]) -> Result<(), KeepError> {
        failpoint("note.before");
        let delivered = files.iter().map(|file| file.file.clone()).collect();
        self.note(Entry { delivered, ..Entry::default() })?;
        failpoint("note.after");
        for file in files {
            self.waits.remove(file);
            self.forget_file(file)?;
        }
        failpoint("unlink.after");
        self.compact()
    }

    /// Notes an upload that was begun for a file.
    pub(crate) fn uploading(&mut self, upload: Upload) -> Result<(), KeepError> {
        failpoint("upload.before");
        self.note(Entry { uploads: vec![upload], ..Entry::default() })?;
        failpoint("upload.after");
        Ok(())
    }

    /// Gives a file another key, beside the one that is taken.
    pub(crate) fn rename(&mut self, file: &SealedFile) -> Result<Renamed, KeepError> {
        let fresh = crate::state::random();
        let old = u128::from_str_radix(&file.id, 16).map(uuid).unwrap_or_default();
        let key = match file.key.rsplit_once(&old).filter(|_| !old.is_empty()) {
            Some((before, after)) => format!("{before}{}{after}", uuid(fresh)),
            None => format!("{}-{}", file.key, uuid(fresh)),
        };
        let renamed = Renamed { file: file.file.clone(), key, id: format!("{fresh:032x}") };
        self.note(Entry { renamed: vec![renamed.clone()], ..Entry::default() })?;
        Ok(renamed)
    }

    /// Appends what settles nothing.
    fn note(&mut self, what: Entry) -> Result<(), KeepError> {
        let Live { number, position, next_parcel, counts, .. } = self.live;
        let note = Entry { number, position, next_parcel, counts, ..what };
        self.journal.append(&note, &[])?;
        let _ = self.live.apply(&note, &[]);
        self.count_journal();
        Ok(())
    }
}
