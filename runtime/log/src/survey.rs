//! What is in a log's folder, and what of it counts. Reads only.

use std::io;
use std::path::{Path, PathBuf};

use standpipe_record::Position;

use crate::frame::{Body, Head, Salt};
use crate::scan::Scan;
use crate::segment::{Header, MAX_HEADER, is_unfinished, number_of, path_of};
use crate::window::Window;
use crate::{Disk, Error, Flaw, Torn};

/// A segment that counts.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    /// Where its frames begin.
    pub(crate) from: u64,
    /// Where its frames end. There may be more bytes, which are void.
    pub(crate) end: u64,
    /// Behind its last record.
    pub(crate) next: Position,
}

/// All that recovery goes by.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The segments that count, in order.
    pub(crate) chain: Vec<Found>,
    /// Files that do not, and why.
    pub(crate) leftovers: Vec<(PathBuf, &'static str)>,
    /// What lies behind the end of the last segment.
    pub(crate) torn: Option<Torn>,
    /// Bytes of the last segment that are known to be durable.
    pub(crate) proven: u64,
    /// The highest number that a file has.
    pub(crate) highest: u64,
    pub(crate) frames: u64,
}

/// What to look for.
#[derive(Debug)]
pub(crate) struct Surveyor<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) folder: &'a Path,
    /// Lane and incarnation that all segments must have; those of the newest if `None`.
    pub(crate) owner: Option<(u32, u128)>,
    /// Everything before is dealt with. Without it the chain begins where it can be followed to.
    pub(crate) settled: Option<Position>,
}

impl Surveyor<'_> {
    pub(crate) fn run(&self, visit: &mut dyn FnMut(&Head, &Body<'_>)) -> Result<Survey, Error> {
        let mut survey = Survey::default();
        let mut files = self.files()?;
        survey.highest = files.last().map_or(0, |file| file.0);
        self.follow(&mut files, &mut survey)?;
        survey.chain.reverse();
        self.check(&mut survey, visit)?;
        // Nobody needs a log of which everything is settled, and the next position may lie beyond its end.
        if let (Some(settled), Some(last)) = (self.settled, survey.chain.last())
            && last.next <= settled
        {
            let settled = std::mem::take(&mut survey.chain).into_iter();
            survey.leftovers.extend(settled.map(|segment| (segment.path, SETTLED)));
        }
        Ok(survey)
    }

    /// Numbers and lengths of all segments, ascending.
    fn files(&self) -> Result<Vec<(u64, u64)>, Error> {
        let items = match self.disk.list(self.folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.map_err(|cause| Error::io("list", self.folder, cause))?,
        };
        let files = items.iter().filter(|item| !item.is_folder);
        let mut files: Vec<_> = files.filter_map(|item| Some((number_of(&item.name)?, item.len))).collect();
        files.sort_unstable();
        Ok(files)
    }

    /// Follows the headers from the newest segment back to the first that is needed.
    fn follow(&self, files: &mut Vec<(u64, u64)>, survey: &mut Survey) -> Result<(), Error> {
        let mut wanted = None;
        while let Some((number, len)) = files.pop() {
            let path = path_of(self.folder, number);
            if wanted.is_some_and(|wanted| number > wanted) {
                survey.leftovers.push((path, VOID));
                continue;
            }
            if let Some(wanted) = wanted.filter(|&wanted| number < wanted) {
                return Err(self.missing(wanted, survey));
            }
            let bytes = self.beginning(&path)?;
            if wanted.is_none() && len <= MAX_HEADER as u64 && is_unfinished(&bytes) {
                survey.leftovers.push((path, UNFINISHED));
                continue;
            }
            let (header, from) = Header::decode(&path, &bytes)?;
            self.belongs(&path, &header, number, survey)?;
            let (first, predecessor) = (header.first, header.predecessor);
            let end = survey.chain.last().and_then(|next| next.header.predecessor).map_or(len, |it| it.end);
            if end > len || end < from as u64 {
                return Err(Error::corrupt(&path, len, Flaw::Short { have: len, want: end }));
            }
            survey.chain.push(Found { path, header, from: from as u64, end, next: first });
            if self.settled.is_some_and(|settled| first <= settled) {
                let older = files.drain(..).map(|(number, _)| (path_of(self.folder, number), SETTLED));
                survey.leftovers.extend(older);
                return Ok(());
            }
            match predecessor {
                Some(before) => wanted = Some(before.number),
                None => return self.begins(files, survey),
            }
        }
        match wanted {
            Some(wanted) if self.settled.is_some() => Err(self.missing(wanted, survey)),
            _ => Ok(()),
        }
    }

    /// A segment without a predecessor came up although records before it are not known to be settled.
    fn begins(&self, files: &mut Vec<(u64, u64)>, survey: &mut Survey) -> Result<(), Error> {
        if let (Some(settled), Some(first)) = (self.settled, survey.chain.last()) {
            return Err(Error::Gap { path: first.path.clone(), first: first.header.first, settled });
        }
        let older = files.drain(..).map(|(number, _)| (path_of(self.folder, number), SETTLED));
        survey.leftovers.extend(older);
        Ok(())
    }

    fn missing(&self, wanted: u64, survey: &Survey) -> Error {
        let follower = survey.chain.last().map(|segment| segment.path.clone()).unwrap_or_default();
        let settled = self.settled.unwrap_or_default();
        Error::Missing { path: path_of(self.folder, wanted), follower, settled }
    }

    fn belongs(&self, path: &Path, header: &Header, number: u64, survey: &Survey) -> Result<(), Error> {
        let newest = survey.chain.first().map(|newest| (newest.header.lane, newest.header.incarnation));
        let own = (header.lane, header.incarnation);
        let (lane, incarnation) = self.owner.or(newest).unwrap_or(own);
        let foreign = |what, found: String, want: String| {
            Err(Error::Foreign { path: path.to_owned(), what, found, want })
        };
        if header.number != number {
            return foreign("segment", header.number.to_string(), number.to_string());
        }
        if header.lane != lane {
            return foreign("lane", header.lane.to_string(), lane.to_string());
        }
        if header.incarnation != incarnation {
            let (found, want) = (format!("{:032x}", header.incarnation), format!("{incarnation:032x}"));
            return foreign("incarnation", found, want);
        }
        Ok(())
    }

    /// Reads all frames and sets where each segment ends.
    fn check(&self, survey: &mut Survey, visit: &mut dyn FnMut(&Head, &Body<'_>)) -> Result<(), Error> {
        let mut window = Window::default();
        let mut next: Option<Position> = None;
        let last = survey.chain.len().saturating_sub(1);
        for (place, segment) in survey.chain.iter_mut().enumerate() {
            let first = segment.header.first;
            if let Some(want) = next.filter(|&want| want != first) {
                return Err(Error::corrupt(&segment.path, 0, Flaw::Position { found: first, want }));
            }
            let file = self.disk.open(&segment.path);
            let file = file.map_err(|cause| Error::io("open segment", &segment.path, cause))?;
            let header = &segment.header;
            let scan = Scan {
                file: &*file,
                path: &segment.path,
                salt: Salt::new(header.incarnation, header.lane, header.number),
                from: segment.from,
                limit: segment.end,
                first,
            };
            let good = scan.run(&mut window, visit)?;
            survey.frames += good.frames;
            if place == last {
                survey.proven = good.mark;
            }
            if let Some(flaw) = good.flaw {
                // Another segment follows: all of this one was durable before that was begun. And only what was
                // durable is ever settled.
                let durable = place < last
                    || self.settled.is_some_and(|settled| good.next < settled)
                    || good.mark.max(scan.mark_behind(&mut window, good.end)?) > good.end;
                if durable {
                    return Err(Error::corrupt(&segment.path, good.end, flaw));
                }
                let bytes = segment.end - good.end;
                survey.torn = Some(Torn { segment: segment.path.clone(), from: good.end, bytes });
            }
            (segment.end, segment.next) = (good.end, good.next);
            next = Some(good.next);
        }
        Ok(())
    }

    /// The bytes that hold a segment's header.
    fn beginning(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let file = self.disk.open(path).map_err(|cause| Error::io("open segment", path, cause))?;
        let mut window = Window::default();
        let bytes = window.get(&*file, 0, MAX_HEADER, MAX_HEADER as u64);
        Ok(bytes.map_err(|cause| Error::io("read segment", path, cause))?.to_vec())
    }
}

const SETTLED: &str = "all its records are settled";
const VOID: &str = "it was begun and never used";
const UNFINISHED: &str = "it was not finished before anything was written to it";
