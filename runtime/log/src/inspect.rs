use std::io;
use std::path::{Path, PathBuf};

use standpipe_record::Position;

use crate::segment::{Header, MAX_HEADER, number_of, path_of};
use crate::survey::Surveyor;
use crate::window::Window;
use crate::{Disk, Error, FORMAT_VERSION, Torn};

/// What a segment's header says, and its size. Frames are not read.
#[derive(Debug)]
pub struct SegmentInfo {
    /// The segment's file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// What its header says, or why it cannot be read.
    pub header: Result<HeaderInfo, Error>,
}

/// The header of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderInfo {
    /// The format version.
    pub version: u32,
    /// The lane.
    pub lane: u32,
    /// The stream's incarnation.
    pub incarnation: u128,
    /// The segment's number.
    pub number: u64,
    /// The position of its first record.
    pub first: Position,
    /// Number and end of the segment before it.
    pub predecessor: Option<(u64, u64)>,
}

/// What recovery would find and do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The first record that is there.
    pub first: Position,
    /// Behind the last record: the next append has this position, or the settled one if that is higher.
    pub end: Position,
    /// Segments that count.
    pub segments: usize,
    /// Frames in them, all of whose checksums are right.
    pub frames: u64,
    /// Bytes of them that are in use.
    pub bytes: u64,
    /// What would be cut.
    pub torn: Option<Torn>,
    /// Files that would be unlinked, and why.
    pub leftovers: Vec<(PathBuf, &'static str)>,
}

/// What is in a log's folder, by number. Changes nothing.
pub fn inspect(disk: &dyn Disk, folder: &Path) -> Result<Vec<SegmentInfo>, Error> {
    let items = match disk.list(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.map_err(|cause| Error::io("list", folder, cause))?,
    };
    let segments = items.iter().filter(|item| !item.is_folder).filter_map(|item| {
        let path = path_of(folder, number_of(&item.name)?);
        Some(SegmentInfo { header: header(disk, &path), path, bytes: item.len })
    });
    Ok(segments.collect())
}

fn header(disk: &dyn Disk, path: &Path) -> Result<HeaderInfo, Error> {
    let file = disk.open(path).map_err(|cause| Error::io("open segment", path, cause))?;
    let mut window = Window::default();
    let bytes = window.get(&*file, 0, MAX_HEADER, MAX_HEADER as u64);
    let bytes = bytes.map_err(|cause| Error::io("read segment", path, cause))?;
    let (header, _) = Header::decode(path, bytes)?;
    Ok(HeaderInfo {
        version: FORMAT_VERSION,
        lane: header.lane,
        incarnation: header.incarnation,
        number: header.number,
        first: header.first,
        predecessor: header.predecessor.map(|before| (before.number, before.end)),
    })
}

/// Checks every checksum and says what recovery would do, or why it would refuse. Changes nothing.
///
/// Without `settled`, the log is taken to begin where its segments can be followed back to.
pub fn verify(disk: &dyn Disk, folder: &Path, settled: Option<Position>) -> Result<Verdict, Error> {
    let survey = Surveyor { disk, folder, owner: None, settled }.run(&mut |_, _| {})?;
    let end = survey.chain.last().map_or(settled.unwrap_or_default(), |last| last.next);
    Ok(Verdict {
        first: survey.chain.first().map_or(end, |first| first.header.first),
        end,
        segments: survey.chain.len(),
        frames: survey.frames,
        bytes: survey.chain.iter().map(|segment| segment.end).sum(),
        torn: survey.torn,
        leftovers: survey.leftovers,
    })
}
