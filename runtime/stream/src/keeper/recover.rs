//! Bringing a lane back from what is on disk.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use standpipe_log::{Log, Open};
use standpipe_record::Position;

use super::files::Waits;
use super::pack::Packs;
use super::{KeepError, Keeper, unlink};
use crate::entry::{Answer, Carry, Counts, SealedFile};
use crate::home::LaneHome;
use crate::journal::Journal;
use crate::live::Live;
use crate::parcel::hex;

/// What recovery found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) keeper: Keeper,
    pub(crate) log: Log,
    /// Open parcels: what they have in all.
    pub(crate) open: Vec<Carry>,
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
            written: BTreeSet::new(),
            packs: Packs::default(),
            compressor: None,
            waits: Waits::default(),
        };
        if found.number > 0 {
            keeper.count_journal();
        }
        keeper.tidy_parcels()?;
        let open = keeper.live.carried.values().map(|(carry, _)| carry.clone()).collect();
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
        let holders = holders(self.live.files.values());
        for item in &items {
            if !holders.contains_key(&*item.name) {
                unlink(self.disk.as_ref(), &folder.join(&item.name))?;
            }
        }
        let there: BTreeMap<&str, u64> = items.iter().map(|item| (item.name.as_str(), item.len)).collect();
        for (name, wanted) in &holders {
            let len = there.get(name).copied();
            if !len.is_some_and(|len| wanted.fits(len)) {
                return Err(KeepError::corrupt(
                    &folder.join(name),
                    "the journal names it and it is missing or has another length",
                ));
            }
            self.share.found(wanted.bytes());
        }
        for file in self.live.files.values() {
            self.packs.add(file);
            self.waits.add(file);
        }
        Ok(())
    }
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "journal")
}

/// How long a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// Just so.
    Exact(u64),
    /// At least so: what stood behind it in the pack may be delivered.
    AtLeast(u64),
}

impl Length {
    pub(crate) fn fits(self, len: u64) -> bool {
        match self {
            Self::Exact(wanted) => len == wanted,
            Self::AtLeast(wanted) => len >= wanted,
        }
    }

    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::Exact(bytes) | Self::AtLeast(bytes) => bytes,
        }
    }
}

/// The files in which sealed parcels are.
pub(crate) fn holders<'a>(files: impl Iterator<Item = &'a SealedFile>) -> BTreeMap<&'a str, Length> {
    let mut holders = BTreeMap::new();
    for file in files {
        let end = file.at.saturating_add(file.bytes);
        let wanted = if file.pack.is_some() { Length::AtLeast(end) } else { Length::Exact(end) };
        let held = holders.entry(file.holder()).or_insert(wanted);
        if held.bytes() < end {
            *held = wanted;
        }
    }
    holders
}
