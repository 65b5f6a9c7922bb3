//! What is on disk of streams, looked at from outside: without the lock of the state folder, and beside a host that
//! works with it. Changes nothing.
//!
//! A host goes on while it is looked at: files appear, grow and vanish. What was found counts when it is good, or
//! when nothing moved meanwhile; else the lane is looked at again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_log::{Disk, Item, RealDisk};

use crate::definitions::DEFINITION;
use crate::home::{Home, read_text};
use crate::keeper::KeepError;
use crate::record_id::RecordPlace;
use crate::state::{STREAMS, StateError, TOMB, folder_of, parse, stream_of};

mod lane;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Flaw, JournalReport, LaneReport, LogReport, StreamReport};

const INCARNATION: &str = "incarnation";

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Journals, names and lengths of files, and the newest segment of each log.
    Newest,
    /// Every byte that a run would rely on.
    Whole,
}

/// The only stream to look at, by its folder, and the only lane of it. None is all of them.
type Only = Option<(String, Option<u32>)>;

/// Streams to look at.
#[derive(Debug)]
pub struct Inspection {
    disk: Arc<dyn Disk>,
    /// What `disk` is, for messages.
    root: PathBuf,
    /// The folder with those of the streams, below `root`.
    streams: PathBuf,
    only: Only,
}

/// A record, by the id that its producer was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecord {
    /// Where it is.
    pub place: RecordPlace,
    /// Its stream, if it is still there.
    pub stream: Option<String>,
    /// What became of it.
    pub fate: RecordFate,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFate {
    /// It was run: it is in an object, in the error output, in a parcel on its way there, or was dropped.
    Settled,
    /// It is in the log and waits to be run.
    InLog,
    /// Nothing on disk has it.
    Unknown,
}

impl Inspection {
    /// All streams in the state folder at `path`.
    pub fn of_state(path: &Path) -> Result<Self, StateError> {
        Ok(Self::on(disk(path)?, path))
    }

    /// The streams at or below `path`: a state folder, or any folder in it. None if it is no such folder.
    pub fn at(path: &Path) -> Result<Option<Self>, StateError> {
        let failed = |source| StateError::Io { path: path.to_path_buf(), source };
        let Some((streams, only)) = locate(&path.canonicalize().map_err(failed)?) else { return Ok(None) };
        // Messages name files as they lie below the state folder.
        let (root, streams) = match streams.parent() {
            Some(state) if streams.ends_with(STREAMS) => (state.to_path_buf(), PathBuf::from(STREAMS)),
            _ => (streams, PathBuf::new()),
        };
        Ok(Some(Self { disk: disk(&root)?, root, streams, only }))
    }

    pub(crate) fn on(disk: Arc<dyn Disk>, root: &Path) -> Self {
        Self { disk, root: root.to_path_buf(), streams: PathBuf::from(STREAMS), only: None }
    }

    /// The streams that are there, by their names.
    pub fn streams(&self) -> Result<Vec<String>, StateError> {
        if let Some((folder, _)) = &self.only {
            return Ok(vec![stream_of(folder)]);
        }
        let items = list(self.disk.as_ref(), &self.streams)
            .map_err(|source| StateError::Keep { path: self.root.clone(), source })?;
        let folders = items.iter().filter(|item| item.is_folder && !item.name.starts_with(TOMB));
        Ok(folders.map(|item| stream_of(&item.name)).collect())
    }

    /// What is on disk of a stream. Whatever is wrong with it is in the report.
    pub fn stream(&self, stream: &str, depth: Depth) -> StreamReport {
        let definition = self.streams.join(folder_of(stream)).join(DEFINITION);
        let is_made = self.disk.open(&definition).is_ok();
        let mut report = StreamReport { stream: stream.to_owned(), is_made, lanes: Vec::new(), flaw: None };
        if let Err(flaw) = self.lanes(stream, depth, &mut report.lanes) {
            report.flaw = Some(flaw);
        }
        report
    }

    /// Where the record is whose id a producer was given. None if this host has given out no such id.
    pub fn record(&self, id: &str) -> Result<Option<FoundRecord>, StateError> {
        let keep = |source| StateError::Keep { path: self.root.clone(), source };
        let state = read_text(self.disk.as_ref(), Path::new("id")).map_err(keep)?;
        let place = state.and_then(|text| parse(&text)).and_then(|state| RecordPlace::read(id, state));
        let Some(place) = place else { return Ok(None) };
        let mut found = FoundRecord { place, stream: None, fate: RecordFate::Unknown };
        for stream in self.streams()? {
            let path = self.streams.join(folder_of(&stream)).join(INCARNATION);
            let known = read_text(self.disk.as_ref(), &path).map_err(keep)?;
            if known.and_then(|text| parse(&text)) != Some(place.incarnation) {
                continue;
            }
            let report = self.stream(&stream, Depth::Newest);
            let lane = report.lanes.iter().find(|lane| lane.lane == place.lane);
            found.stream = Some(stream);
            found.fate = match lane {
                Some(lane) if place.position < lane.position => RecordFate::Settled,
                Some(lane) if place.position < lane.log.end => RecordFate::InLog,
                _ => RecordFate::Unknown,
            };
        }
        Ok(Some(found))
    }

    fn lanes(&self, stream: &str, depth: Depth, lanes: &mut Vec<LaneReport>) -> Result<(), Flaw> {
        let folder = self.streams.join(folder_of(stream));
        let path = folder.join(INCARNATION);
        let known = read_text(self.disk.as_ref(), &path)?.and_then(|text| parse(&text));
        let home = Home::known(Arc::clone(&self.disk), folder, known.unwrap_or_default());
        let home = Arc::new(home);
        let only = self.only.as_ref().and_then(|(_, lane)| *lane);
        for number in home.lanes()?.into_iter().filter(|lane| only.is_none_or(|only| only == *lane)) {
            let lane = home.lane(number);
            if known.is_some() {
                lanes.push(lane::look(&lane, depth));
            } else if !lane::files(&lane)?.is_empty() {
                // It is written and named before the first record.
                return Err(Flaw::Incarnation { path });
            }
        }
        Ok(())
    }
}

fn disk(root: &Path) -> Result<Arc<dyn Disk>, StateError> {
    let disk = RealDisk::open(root);
    Ok(Arc::new(disk.map_err(|source| StateError::Io { path: root.to_path_buf(), source })?))
}

/// The folder with those of the streams, and the stream's folder and the lane that `path` lies in.
fn locate(path: &Path) -> Option<(PathBuf, Only)> {
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let within = |stream: &Path, lane| Some((stream.parent()?.to_path_buf(), Some((name(stream)?, lane))));
    if path.join(INCARNATION).is_file() {
        return within(path, None);
    }
    let is_state = path.join("id").is_file();
    if !is_state && name(path)? == STREAMS {
        return Some((path.to_path_buf(), None));
    }
    if is_state || path.join(STREAMS).is_dir() {
        return Some((path.join(STREAMS), None));
    }
    // A stream that has lost its incarnation, a lane, or a folder in one.
    if std::fs::read_dir(path).ok()?.flatten().any(|item| item.file_name().to_str().is_some_and(is_lane)) {
        return within(path, None);
    }
    let lane = path.ancestors().take(2).find(|path| name(path).is_some_and(|name| is_lane(&name)))?;
    within(lane.parent()?, lane_of(&name(lane)?))
}

fn lane_of(name: &str) -> Option<u32> {
    name.strip_prefix("lane-")?.parse().ok()
}

fn is_lane(name: &str) -> bool {
    lane_of(name).is_some()
}

/// What is in a folder; nothing if it is not there.
pub(crate) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<Item>, KeepError> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|source| KeepError::io(folder, "list", source)),
    }
}
