//! Making what was found the truth before anything is built on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_record::Position;

use crate::survey::{Found, Survey, Surveyor};
use crate::{Disk, Error, File, Open, RequestId, Site, SourceRange};

/// What recovery says of one frame.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// Its first record.
    pub first: Position,
    /// Behind its last record.
    pub end: Position,
    /// The newest arrival in it, in milliseconds since 1970.
    pub newest_ms: u64,
    /// The request that it came with.
    pub request: Option<RequestId>,
    /// The bytes of a source that it holds.
    pub source: Option<&'a SourceRange>,
}

/// What was found when a log was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The position of the next append.
    pub next: Position,
    /// Records at or behind the settled position.
    pub records: u64,
    /// Bytes of the segments that are kept.
    pub bytes: u64,
    /// Segments that are kept.
    pub segments: usize,
    /// What was cut.
    pub torn: Option<Torn>,
}

/// The end of a segment that nobody was answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment's file.
    pub segment: PathBuf,
    /// Where it ends now.
    pub from: u64,
    /// Bytes that were behind it.
    pub bytes: u64,
}

/// Finds what is there, tells `visit`, and makes it durable.
pub(crate) fn recover(open: &Open, visit: &mut dyn FnMut(&Summary<'_>)) -> Result<(Survey, Recovery), Error> {
    let Open { disk, folder, settings, settled, .. } = open;
    let owner = Some((settings.lane, settings.incarnation));
    let surveyor = Surveyor { disk: &**disk, folder, owner, settled: Some(*settled) };
    let mut records = 0;
    let mut source = None;
    let survey = surveyor.run(&mut |head, body| {
        if let Some(fresh) = head.end().since(*settled).filter(|&fresh| fresh > 0) {
            records += fresh.min(u64::from(head.records));
            body.source(&mut source);
            visit(&Summary {
                first: head.first,
                end: head.end(),
                newest_ms: body.newest(),
                request: body.request(),
                source: source.as_ref(),
            });
        }
    })?;
    mend(&**disk, folder, &survey)?;
    let recovery = Recovery {
        next: survey.chain.last().map_or(*settled, |last| last.next),
        records,
        bytes: survey.chain.iter().map(|segment| segment.end).sum(),
        segments: survey.chain.len(),
        torn: survey.torn.clone(),
    };
    if let Some(torn) = &recovery.torn {
        let path = torn.segment.display();
        tracing::warn!(segment = %path, from = torn.from, bytes = torn.bytes, "cut a torn tail that nobody was answered for");
    }
    Ok((survey, recovery))
}

/// Cuts, syncs and tidies.
fn mend(disk: &dyn Disk, folder: &Path, survey: &Survey) -> Result<(), Error> {
    if let Some((last, older)) = survey.chain.split_last() {
        mend_last(disk, last, survey)?;
        // The log itself left all this durable: a segment is whole before the next one is begun, and has its
        // name before its first frame. But somebody may just have put copies in the place of bad files.
        for segment in older {
            let file = open_segment(disk, &segment.path)?;
            let synced = file.sync(Site("log.recover.older"));
            synced.map_err(|cause| Error::io("sync segment", &segment.path, cause))?;
        }
        sync_folder(disk, folder, Site("log.recover.name"))?;
        let above = folder.parent().unwrap_or(Path::new(""));
        sync_folder(disk, above, Site("log.recover.folder"))?;
    }
    for (path, why) in &survey.leftovers {
        tracing::debug!(segment = %path.display(), why, "unlink");
        disk.unlink(path).map_err(|cause| Error::io("unlink", path, cause))?;
        // The next one, in order of age, may be the only witness of where this one ends.
        sync_folder(disk, folder, Site("log.recover.unlinked"))?;
    }
    Ok(())
}

/// Of the last segment only what lies below its highest mark is known to be durable, so all above is written
/// once more: a sync that failed before the crash may have left bytes that the system takes for clean, and
/// another sync would do nothing for them.
fn mend_last(disk: &dyn Disk, last: &Found, survey: &Survey) -> Result<(), Error> {
    let path = &*last.path;
    let file = open_segment(disk, path)?;
    let mut buffer = vec![0; 64 << 10];
    let mut at = survey.proven;
    while at < last.end {
        let count = usize::try_from(last.end - at).unwrap_or(usize::MAX).min(buffer.len());
        let room = buffer.get_mut(..count).unwrap_or_default();
        let read = file.read_at(at, room).map_err(|cause| Error::io("read segment", path, cause))?;
        let bytes = room.get(..read).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| {
            let cause = std::io::ErrorKind::UnexpectedEof.into();
            Error::io("read segment", path, cause)
        })?;
        file.write_all_at(at, bytes).map_err(|cause| Error::io("write segment", path, cause))?;
        at += read as u64;
    }
    if survey.torn.is_some() {
        file.set_len(last.end).map_err(|cause| Error::io("cut segment", path, cause))?;
    }
    let synced = file.sync(Site("log.recover.segment"));
    synced.map_err(|cause| Error::io("sync segment", path, cause))
}

fn open_segment(disk: &dyn Disk, path: &Path) -> Result<Arc<dyn File>, Error> {
    disk.open(path).map_err(|cause| Error::io("open segment", path, cause))
}

pub(crate) fn sync_folder(disk: &dyn Disk, folder: &Path, site: Site) -> Result<(), Error> {
    disk.sync_folder(folder, site).map_err(|cause| Error::io("sync folder", folder, cause))
}
