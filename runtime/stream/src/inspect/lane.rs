use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use standpipe_log::{Error, HeaderInfo, SegmentInfo, Torn};
use standpipe_record::Position;

use super::{Depth, Flaw, JournalReport, LaneReport, LogReport, list};
use crate::entry::SealedFile;
use crate::home::LaneHome;
use crate::keeper::{KeepError, holders};
use crate::live::Live;
use crate::parcel::hex;

/// How often a lane is looked at again because a host went on meanwhile.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(5);
/// Sealed files are read in pieces of this size.
const PIECE: usize = 256 << 10;

/// Files and their lengths.
type Files = BTreeMap<PathBuf, u64>;

/// Looks at a lane, again if it moved and does not look right.
pub(super) fn look(home: &LaneHome, depth: Depth) -> LaneReport {
    let mut tries = 1;
    let mut report = loop {
        let (report, moved) = once(home, depth);
        if !moved || tries == TRIES {
            break LaneReport { restless: moved, ..report };
        }
        std::thread::sleep(PAUSE * tries);
        tries += 1;
    };
    if depth == Depth::Whole
        && let Err(error) = digests(home, &mut report)
    {
        report.flaws.push(error.into());
    }
    report
}

/// Looks once. True if something does not look right and the lane moved meanwhile.
fn once(home: &LaneHome, depth: Depth) -> (LaneReport, bool) {
    let mut report = LaneReport { lane: home.lane, ..LaneReport::default() };
    let moved = (|| {
        let before = files(home)?;
        report.bytes = before.values().sum();
        let read = journal(home, &mut report);
        let between = files(home)?;
        match read {
            Ok(()) => parcels(home, &before, &between, &mut report),
            Err(error) => report.flaws.push(error.into()),
        }
        if !report.is_tidy() && before != between {
            return Ok(true);
        }
        // It may be long, so what came before it is not looked at again.
        let read = log(home, depth, &mut report);
        report.flaws.extend(read.err().map(Flaw::from));
        Ok::<_, KeepError>(!report.is_tidy() && between != files(home)?)
    })();
    let moved = moved.unwrap_or_else(|error| {
        report.flaws.push(error.into());
        false
    });
    (report, moved)
}

/// Names and lengths of all files of a lane. Whatever a host does changes some of them.
pub(super) fn files(home: &LaneHome) -> Result<Files, KeepError> {
    let mut all = Files::new();
    for folder in ["log", "journal", "parcels"].map(|folder| home.folder().join(folder)) {
        let items = list(home.home.disk.as_ref(), &folder)?;
        all.extend(items.into_iter().map(|item| (folder.join(item.name), item.len)));
    }
    Ok(all)
}

fn journal(home: &LaneHome, report: &mut LaneReport) -> Result<(), KeepError> {
    let place = home.journal();
    let found = place.read()?;
    let mut live = Live::default();
    for read in &found.frames {
        if !live.apply(&read.entry, &read.carries) {
            let what = "an entry has fewer carries than it says";
            return Err(KeepError::Corrupt { path: place.folder, what });
        }
    }
    if found.number > 0 {
        let path = place.folder.join(format!("{:020}.journal", found.number));
        if found.torn > 0 {
            report.torn.push(Torn { segment: path.clone(), from: found.bytes, bytes: found.torn });
        }
        let entries = found.frames.len() as u64;
        report.journal = Some(JournalReport { path, bytes: found.bytes, entries });
    }
    report.leftovers.extend(found.leftovers.into_iter().map(|path| {
        let whole = path.extension().is_some_and(|end| end == "journal");
        (path, if whole { "a newer journal replaces it" } else { "it was not finished" })
    }));
    report.open = live.carried.into_values().map(|(carry, _)| carry).collect();
    report.sealed = live.files.into_values().collect();
    (report.entry, report.position, report.next_parcel) = (live.number, live.position, live.next_parcel);
    (report.sources, report.counts) = (live.sources, live.counts);
    Ok(())
}

/// Finds files that no entry names, and misses those that are named. One that a journal names was there when the
/// journal was read: it may have been made just before, or be delivered just after.
fn parcels(home: &LaneHome, before: &Files, after: &Files, report: &mut LaneReport) {
    let folder = home.folder().join("parcels");
    let named = holders(report.sealed.iter());
    for path in before.keys().filter(|path| path.starts_with(&folder)) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if after.contains_key(path) && !named.contains_key(name) {
            report.leftovers.push((path.clone(), "no entry names it"));
        }
    }
    let mut flaws = Vec::new();
    for (name, wanted) in named {
        let path = folder.join(name);
        match after.get(&path).or_else(|| before.get(&path)) {
            None => {
                let held = report.sealed.iter().filter(|file| file.holder() == name);
                flaws.extend(held.map(|file| missing(path.clone(), file)));
            }
            Some(&have) if !wanted.fits(have) => {
                flaws.push(Flaw::Length { path, have, want: wanted.bytes() });
            }
            Some(_) => {}
        }
    }
    report.flaws.extend(flaws);
}

fn missing(path: PathBuf, file: &SealedFile) -> Flaw {
    Flaw::Missing { path, records: file.records, key: file.key.clone() }
}

/// Reads the sealed files. One that vanishes was delivered, if the journal does not name it any more.
fn digests(home: &LaneHome, report: &mut LaneReport) -> Result<(), KeepError> {
    let folder = home.folder().join("parcels");
    let items = list(home.home.disk.as_ref(), &folder)?;
    let mut gone = Vec::new();
    for file in &report.sealed {
        let end = file.at.saturating_add(file.bytes);
        if !items.iter().any(|item| item.name == file.holder() && item.len >= end) {
            continue;
        }
        let path = folder.join(file.holder());
        match digest(home, &path, file) {
            Ok(digest) if digest == file.sha256 => {}
            Ok(_) => report.flaws.push(Flaw::Digest { path, bytes: file.bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => gone.push((path, file)),
            Err(source) => return Err(KeepError::io(&path, "read", source)),
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let now = once(home, Depth::Newest).0.sealed;
    let named = gone.into_iter().filter(|(_, file)| now.iter().any(|now| now.file == file.file));
    report.flaws.extend(named.map(|(path, file)| missing(path, file)));
    Ok(())
}

fn digest(home: &LaneHome, path: &Path, about: &SealedFile) -> io::Result<String> {
    let file = home.home.disk.open(path)?;
    let (mut sum, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], about.at);
    let end = about.at.saturating_add(about.bytes);
    while at < end {
        let room = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        match file.read_at(at, piece.get_mut(..room).unwrap_or_default())? {
            0 => break,
            read => {
                sum.update(piece.get(..read).unwrap_or_default());
                at += read as u64;
            }
        }
    }
    Ok(hex(&sum.finalize()))
}

fn log(home: &LaneHome, depth: Depth, report: &mut LaneReport) -> Result<(), KeepError> {
    let (disk, folder) = (home.home.disk.as_ref(), home.folder().join("log"));
    let segments = standpipe_log::inspect(disk, &folder)?;
    let settled = Position::new(report.position);
    report.log = LogReport { segments, end: report.position, frames: 0 };
    let newest = newest(&report.log.segments).map(|(path, header)| (path.to_owned(), header.clone()));
    let Some((path, newest)) = newest else {
        // There is none, or one that was not finished.
        let verdict = standpipe_log::verify(disk, &folder, Some(settled))?;
        report.leftovers.extend(verdict.leftovers);
        return Ok(());
    };
    belongs(home, &path, &newest)?;
    let whole = depth == Depth::Whole || !reaches(&report.log.segments, settled);
    // Who takes what comes before the newest segment for settled reads that one alone.
    let from = if whole { settled } else { settled.max(newest.first) };
    let verdict = standpipe_log::verify(disk, &folder, Some(from))?;
    (report.log.end, report.log.frames) = (verdict.end.get(), verdict.frames);
    report.torn.extend(verdict.torn);
    if whole {
        report.leftovers.extend(verdict.leftovers);
    }
    Ok(())
}

fn newest(segments: &[SegmentInfo]) -> Option<(&Path, &HeaderInfo)> {
    segments.iter().rev().find_map(|segment| Some((&*segment.path, segment.header.as_ref().ok()?)))
}

fn belongs(home: &LaneHome, path: &Path, header: &HeaderInfo) -> Result<(), Error> {
    let foreign = |what, found, want| Err(Error::Foreign { path: path.to_owned(), what, found, want });
    let want = home.home.incarnation;
    if header.lane != home.lane {
        return foreign("lane", header.lane.to_string(), home.lane.to_string());
    }
    if header.incarnation != want {
        return foreign("incarnation", format!("{:032x}", header.incarnation), format!("{want:032x}"));
    }
    Ok(())
}

/// Whether the headers lead from the newest segment back to the one that goes on where all is settled.
fn reaches(segments: &[SegmentInfo], settled: Position) -> bool {
    let mut wanted = None;
    for segment in segments.iter().rev() {
        let header = match &segment.header {
            Ok(header) => header,
            Err(_) if wanted.is_none() => continue,
            Err(_) => return false,
        };
        match wanted {
            Some(wanted) if header.number > wanted => continue,
            Some(wanted) if header.number < wanted => return false,
            _ => {}
        }
        if header.first <= settled {
            return true;
        }
        match header.predecessor {
            Some((number, _)) => wanted = Some(number),
            None => return false,
        }
    }
    false
}
