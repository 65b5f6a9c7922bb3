//! Sealed files on their way to the destination.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use standpipe_format::{CONTENT_TYPE, uuid};
use standpipe_log::failpoint;
use standpipe_sink::{Begun, Object};

use super::{KeepError, Keeper, unlink};
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

impl Keeper {
    /// The files that wait for their delivery, oldest first.
    pub(crate) fn undelivered(&self) -> impl Iterator<Item = &SealedFile> {
        self.live.files.values()
    }

    /// When the oldest record in them arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        self.live.files.values().filter_map(|file| file.oldest_ms).min()
    }

    /// How many they are, and their bytes.
    pub(crate) fn sealed(&self) -> Amount {
        let bytes = self.live.files.values().map(|file| file.bytes).sum();
        Amount { count: self.live.files.len() as u64, bytes }
    }

    /// Records, or outputs, that are sealed and not delivered.
    pub(crate) fn waiting(&self) -> u64 {
        self.live.files.values().map(|file| file.records).sum()
    }

    /// Reads a sealed file back as an object.
    pub(crate) fn object(&self, about: &SealedFile, plan: &Plan) -> Result<Object, KeepError> {
        let path = self.folder.join("parcels").join(&about.file);
        let known = self.written.contains(&about.file);
        if plan.sink.takes_files() {
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
            let read = file.read_at(filled as u64, room);
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
        let content_encoding = match about.encoding.as_deref() {
            Some("gzip") => Some("gzip"),
            _ => None,
        };
        Object {
            bucket: plan.bucket.clone(),
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
            unlink(self.disk.as_ref(), &self.folder.join("parcels").join(&file.file))?;
            self.written.remove(&file.file);
            self.share.give_back(file.bytes);
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
