//! What the tests have in common.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use standpipe_log::testing::MemoryDisk;
use standpipe_log::{Append, Disk, Error, Frame, Log, Open, Quota, Recovery, Settings, Share, Site, Span};
use standpipe_record::{Batch, Position};

pub(crate) const LANE: u32 = 3;
pub(crate) const INCARNATION: u128 = 0x0123_4567_89ab_cdef_0011_2233_4455_6677;
pub(crate) const SITE: Site = Site("test");

pub(crate) fn folder() -> PathBuf {
    PathBuf::from("web/lane-3")
}

pub(crate) fn segment(number: u64) -> PathBuf {
    folder().join(format!("{number:020}.log"))
}

pub(crate) fn new_disk(seed: u64) -> MemoryDisk {
    let disk = MemoryDisk::new(seed);
    disk.create_folder(Path::new("web")).unwrap();
    disk.sync_folder(Path::new(""), SITE).unwrap();
    disk
}

pub(crate) fn share() -> Arc<Share> {
    Quota::new(1 << 40, 0).share()
}

pub(crate) fn opening(disk: &MemoryDisk, share: &Arc<Share>, settled: u64, segment_bytes: u64) -> Open {
    Open {
        disk: Arc::new(disk.clone()),
        folder: folder(),
        settings: Settings { segment_bytes, lane: LANE, incarnation: INCARNATION },
        share: Arc::clone(share),
        settled: Position::new(settled),
    }
}

/// Opens a log whose frames nobody asks for.
pub(crate) fn open(disk: &MemoryDisk, settled: u64) -> Result<(Log, Recovery), Error> {
    Log::open(opening(disk, &share(), settled, 1 << 20), &mut |_| {})
}

pub(crate) fn batch(records: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for record in records {
        batch.push(record.as_bytes(), 1_000).unwrap();
    }
    batch
}

pub(crate) fn append(log: &Log, records: &[&str]) -> Result<Span, Error> {
    log.append(&Append::new(batch(records).view()))
}

/// All records from `from` on.
pub(crate) fn read(log: &Log, from: u64) -> Result<Vec<String>, Error> {
    let mut reader = log.reader(Position::new(from));
    let mut frame = Frame::new();
    let mut records = Vec::new();
    while reader.next(&mut frame)? {
        records.extend(frame.batch().iter().map(|record| String::from_utf8_lossy(record).into_owned()));
    }
    Ok(records)
}
