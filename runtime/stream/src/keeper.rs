use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_format::{CONTENT_TYPE, uuid};
use standpipe_log::{Disk, Full, Log, Open, Reserve, Share, Site, Taken};
use standpipe_record::Position;
use standpipe_sink::{Begun, Object};

use crate::Plan;
use crate::entry::{Answer, Counts, Entry, Renamed, SealedFile, Upload};
use crate::home::LaneHome;
use crate::journal::{Journal, JournalError};
use crate::live::Live;
use crate::parcel::{Cut, Origin, Parcel, Sealed, hex};
use standpipe_log::failpoint;

/// A journal below this is not worth a checkpoint.
const LEAST_JOURNAL: u64 = 1 << 20;

/// Makes the cuts of a lane durable: files, then the entry, then the log below is released. It alone writes the
/// lane's journal and its folder of parcels.
#[derive(Debug)]
pub(crate) struct Keeper {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    origin: Origin,
    share: Arc<Share>,
    log: Log,
    journal: Journal,
    live: Live,
    /// Bytes of journal that count in the quota.
    counted: u64,
}

/// What a cut may need of the quota, until it is durable.
#[derive(Debug)]
pub(crate) struct Room {
    _taken: Taken,
    _reserve: Option<Reserve>,
}

/// What recovery found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) keeper: Keeper,
    pub(crate) log: Log,
    pub(crate) open: Vec<Parcel>,
    pub(crate) position: Position,
    pub(crate) next_parcel: u64,
    /// How far sources are in the log, settled or not.
    pub(crate) sources: Vec<(Vec<u8>, u64)>,
    /// What was answered for requests whose records are in the log, settled or not; oldest first.
    pub(crate) answers: Vec<Answer>,
    pub(crate) counts: Counts,
}

impl Keeper {
    /// Brings a lane back from what is on disk: leaves only what entries name, and begins a new journal.
    pub(crate) fn recover(home: &LaneHome) -> Result<Recovered, KeepError> {
        let (disk, folder, origin) = (&home.home.disk, home.folder(), home.origin());
        let share = home.home.share.part();
        let place = home.journal();
        let found = place.read()?;
        let mut live = Live::default();
        for read in &found.frames {
            if !live.apply(&read.entry, &read.carries) {
                return Err(KeepError::corrupt(&place.folder, "an entry has fewer carries than it says"));
            }
        }
        if found.torn > 0 {
            tracing::warn!(journal = %place.folder.display(), bytes = found.torn, "cut the torn end of a journal: nobody relied on it");
        }
        let mut journal = Journal::behind(place, found.number);
        if found.number > 0 {
            // Before anything is unlinked or released: what says so may not be durable yet.
            let (entry, carries) = live.checkpoint();
            live.moved(journal.checkpoint(&entry, &carries)?);
            // At once: whatever fails from here on is tried again, and each time there would be one more.
            let old = folder.join("journal").join(format!("{:020}.journal", found.number));
            for path in found.leftovers.iter().filter(|path| is_journal(path)).chain([&old]) {
                unlink(disk.as_ref(), path)?;
            }
        }
        let position = Position::new(live.position);
        let mut sources: Vec<(Vec<u8>, u64)> = live.sources().collect();
        let mut answers: Vec<Answer> = live.answers.iter().cloned().collect();
        let open = Open {
            disk: Arc::clone(disk),
            folder: folder.join("log"),
            settings: standpipe_log::Settings {
                segment_bytes: home.home.segment_bytes,
                lane: origin.lane,
                incarnation: origin.incarnation,
            },
            share: Arc::clone(&share),
            settled: position,
        };
        let (log, recovery) = Log::open(open, &mut |summary| {
            if let Some(request) = summary.request {
                answers.push(Answer {
                    id: hex(&request.0),
                    at_ms: summary.newest_ms,
                    first: summary.first.get(),
                    records: summary.end.since(summary.first).unwrap_or_default(),
                });
            }
            let Some(source) = summary.source else { return };
            match sources.iter_mut().find(|(identity, _)| *identity == source.identity) {
                Some((_, to)) => *to = source.to,
                None => sources.push((source.identity.clone(), source.to)),
            }
        })?;
        if let Some(torn) = &recovery.torn {
            tracing::warn!(segment = %torn.segment.display(), from = torn.from, bytes = torn.bytes, "cut the torn end of a log: nobody relied on it");
        }
        let mut keeper = Self {
            disk: Arc::clone(disk),
            folder,
            origin,
            share,
            log: log.clone(),
            journal,
            live,
            counted: 0,
        };
        if found.number > 0 {
            keeper.count_journal();
        }
        keeper.tidy_parcels()?;
        let open = keeper.live.carried.values().map(|(carry, _)| Parcel::restore(carry)).collect();
        let (next_parcel, counts) = (keeper.live.next_parcel, keeper.live.counts);
        Ok(Recovered { keeper, log, open, position, next_parcel, sources, answers, counts })
    }

    /// Deletes files that no entry names, and misses those that are named and not there.
    fn tidy_parcels(&mut self) -> Result<(), KeepError> {
        let folder = self.folder.join("parcels");
        let items = match self.disk.list(&folder) {
            Ok(items) => items,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(KeepError::io(&folder, "list", source)),
        };
        for item in &items {
            if !self.live.files.contains_key(&item.name) {
                unlink(self.disk.as_ref(), &folder.join(&item.name))?;
            }
        }
        let there: BTreeMap<&str, u64> = items.iter().map(|item| (item.name.as_str(), item.len)).collect();
        for file in self.live.files.values() {
            if there.get(file.file.as_str()) != Some(&file.bytes) {
                return Err(KeepError::corrupt(
                    &folder.join(&file.file),
                    "the journal names it and it is missing or has another length",
                ));
            }
            self.share.found(file.bytes);
        }
        Ok(())
    }

    /// Seals what is due, writes the entry, and releases the log. After an error the lane must be recovered.
    pub(crate) fn commit(&mut self, cut: Cut, plan: &Plan) -> Result<(), KeepError> {
        failpoint("cut.after");
        let number = self.live.number + 1;
        if !self.journal.has_begun() {
            self.begin()?;
        }
        let mut sealed = Vec::new();
        for (ordinal, parcel) in cut.due.into_iter().enumerate() {
            let parcel = self.seal(parcel, plan, number, ordinal)?;
            self.write_file(&parcel)?;
            sealed.push(parcel.about);
        }
        if !sealed.is_empty() {
            let folder = self.folder.join("parcels");
            self.disk
                .sync_folder(&folder, Site("parcels.name"))
                .map_err(|source| KeepError::io(&folder, "sync", source))?;
        }
        failpoint("file.after");
        let (carries, bytes): (Vec<_>, Vec<_>) = cut.carries.into_iter().unzip();
        let entry = Entry {
            number,
            position: cut.position.get(),
            next_parcel: cut.next_parcel,
            sealed,
            carries,
            sources: cut.sources,
            requests: cut.requests,
            counts: cut.counts,
            ..Entry::default()
        };
        failpoint("entry.before");
        let slices: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let extents = self.journal.append(&entry, &slices)?;
        failpoint("entry.after");
        let _ = self.live.apply(&entry, &extents);
        self.count_journal();
        failpoint("release.before");
        self.log.release(cut.position)?;
        failpoint("release.after");
        self.compact()
    }

    /// Takes what the cut may need of the quota. Once nothing of the lane waits for its delivery, sealing is what
    /// makes room again, so then it may have the reserve.
    pub(crate) fn room(&self, cut: &Cut) -> Result<Room, Full> {
        let bytes = cut.disk();
        let full = match self.share.take(bytes) {
            Ok(taken) => return Ok(Room { _taken: taken, _reserve: None }),
            Err(full) => full,
        };
        let may = !cut.due.is_empty() && self.live.files.is_empty();
        let reserve = may.then(|| self.share.reserve()).flatten();
        let reserve = reserve.ok_or(full)?;
        Ok(Room { _taken: reserve.take(bytes).map_err(|_| full)?, _reserve: Some(reserve) })
    }

    fn seal(
        &mut self,
        parcel: Parcel,
        plan: &Plan,
        number: u64,
        ordinal: usize,
    ) -> Result<Sealed, KeepError> {
        let (origin, mut left) = (self.origin, parcel.freed);
        let extents = match self.live.carried.get(&parcel.id) {
            Some((_, extents)) => extents.as_slice(),
            None => &[],
        };
        let journal = &mut self.journal;
        let sealed = parcel.seal(plan, origin, number, ordinal, |take| {
            for extent in extents {
                if left == 0 {
                    break;
                }
                journal.read(extent, &mut |piece| {
                    let piece = piece.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(piece);
                    left -= piece.len() as u64;
                    take(piece);
                })?;
            }
            Ok::<(), JournalError>(())
        })?;
        if left > 0 {
            return Err(KeepError::corrupt(&self.folder, "an open parcel is longer than its carries"));
        }
        Ok(sealed)
    }

    /// Makes the folders of journal and parcels, and the first journal.
    fn begin(&mut self) -> Result<(), KeepError> {
        for folder in [self.folder.join("journal"), self.folder.join("parcels")] {
            self.disk.create_folder(&folder).map_err(|source| KeepError::io(&folder, "create", source))?;
        }
        self.disk
            .sync_folder(&self.folder, Site("lane.names"))
            .map_err(|source| KeepError::io(&self.folder, "sync", source))?;
        self.checkpoint()
    }

    fn write_file(&self, sealed: &Sealed) -> Result<(), KeepError> {
        let path = self.folder.join("parcels").join(&sealed.about.file);
        let failed = |what| {
            let path = path.clone();
            move |source| KeepError::io(&path, what, source)
        };
        let file = self.disk.create(&path).map_err(failed("create"))?;
        self.share.found(sealed.about.bytes);
        file.write_all_at(0, &sealed.body).map_err(failed("write"))?;
        file.sync(Site("parcels.file")).map_err(failed("sync"))
    }

    fn compact(&mut self) -> Result<(), KeepError> {
        let (all, live) = (self.journal.bytes(), self.live.bytes());
        if all > LEAST_JOURNAL && all - all.min(live) > live { self.checkpoint() } else { Ok(()) }
    }

    fn checkpoint(&mut self) -> Result<(), KeepError> {
        let (entry, carries) = self.live.checkpoint();
        self.live.moved(self.journal.checkpoint(&entry, &carries)?);
        self.count_journal();
        Ok(())
    }

    fn count_journal(&mut self) {
        let bytes = self.journal.bytes();
        self.share.found(bytes.saturating_sub(self.counted));
        self.share.give_back(self.counted.saturating_sub(bytes));
        self.counted = bytes;
    }

    /// Closes files that nobody needs now.
    pub(crate) fn rest(&mut self) -> Result<(), KeepError> {
        self.journal.rest();
        self.log.rest()?;
        Ok(())
    }

    /// The files that wait for their delivery, oldest first.
    pub(crate) fn undelivered(&self) -> impl Iterator<Item = &SealedFile> {
        self.live.files.values()
    }

    /// When the oldest record in them arrived.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        self.live.files.values().filter_map(|file| file.oldest_ms).min()
    }

    /// Records, or outputs, that are sealed and not delivered.
    pub(crate) fn waiting(&self) -> u64 {
        self.live.files.values().map(|file| file.records).sum()
    }

    /// Reads a sealed file back as an object.
    pub(crate) fn object(&self, about: &SealedFile, plan: &Plan) -> Result<Object, KeepError> {
        let path = self.folder.join("parcels").join(&about.file);
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
        let sha256: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&body).into();
        if hex(&sha256) != about.sha256 {
            return Err(KeepError::corrupt(&path, "its bytes differ from the journal's digest"));
        }
        let content_encoding = match about.encoding.as_deref() {
            Some("gzip") => Some("gzip"),
            _ => None,
        };
        Ok(Object {
            bucket: plan.bucket.clone(),
            key: about.key.clone(),
            body: body.into(),
            sha256,
            content_type: CONTENT_TYPE,
            content_encoding,
            id: about.id.clone(),
            upload: self.live.uploads.get(&about.file).cloned().map(|Upload { bucket, key, id, .. }| Begun {
                bucket,
                key,
                id,
            }),
        })
    }

    /// Notes that files are delivered, and unlinks them.
    pub(crate) fn delivered(&mut self, files: &[SealedFile]) -> Result<(), KeepError> {
        failpoint("note.before");
        let delivered = files.iter().map(|file| file.file.clone()).collect();
        self.note(Entry { delivered, ..Entry::default() })?;
        failpoint("note.after");
        for file in files {
            unlink(self.disk.as_ref(), &self.folder.join("parcels").join(&file.file))?;
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

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "journal")
}

fn unlink(disk: &dyn Disk, path: &Path) -> Result<(), KeepError> {
    match disk.unlink(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeepError::io(path, "unlink", error)),
        _ => Ok(()),
    }
}

/// Why what a lane holds cannot be kept or read back. What is on disk is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The disk refused.
    #[error("`{path}`: cannot {what}: {source}; {}", standpipe_log::advice(source).1)]
    Io {
        /// The file or folder, below the state folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What is on disk contradicts itself.
    #[error(
        "`{path}` is corrupt: {what}; restore the state folder from a copy, or give the stream up by `--abandon`"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The log.
    #[error(transparent)]
    Log(#[from] standpipe_log::Error),
}

impl KeepError {
    pub(crate) fn io(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), what, source }
    }

    fn corrupt(path: &Path, what: &'static str) -> Self {
        Self::Corrupt { path: path.to_path_buf(), what }
    }

    /// What to do about it.
    pub fn kind(&self) -> standpipe_record::Kind {
        use standpipe_record::Kind;
        match self {
            Self::Io { source, .. } | Self::Journal(JournalError::Io { source, .. }) => {
                standpipe_log::advice(source).0
            }
            Self::Corrupt { .. } | Self::Journal(JournalError::Corrupt { .. }) => Kind::Corrupt,
            Self::Log(error) => error.kind(),
        }
    }
}
