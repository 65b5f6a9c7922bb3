//! The bytes of every format version, which every later program must read.

use std::path::PathBuf;

use standpipe_log::testing::MemoryDisk;
use standpipe_log::{Append, Disk, Frame, Log, RequestId, SourceRange, verify};
use standpipe_record::{Batch, Column, Position};

use crate::support::{SITE, append, folder, new_disk, opening, segment, share};

/// A second segment with a frame of every kind.
fn write(disk: &MemoryDisk) {
    let log = Log::open(opening(disk, &share(), 0, 1), &mut |_| {}).unwrap().0;
    append(&log, &["the first segment"]).unwrap();
    drop(log);
    let log = Log::open(opening(disk, &share(), 0, 1 << 20), &mut |_| {}).unwrap().0;
    append(&log, &["alone"]).unwrap();
    append(&log, &["one", "", "three"]).unwrap();
    let mut batch = Batch::new();
    batch.push(b"with", 1_700_000_000_000).unwrap();
    batch.push(b"everything", 1_700_000_000_001).unwrap();
    let mut key = Column::new("key", 0);
    key.push(Some(b"k"));
    key.push(None);
    batch.set_column(key).unwrap();
    batch.set_column(Column::new("void", 2)).unwrap();
    let source = source();
    let request = Some(request());
    let _ = log.append(&Append { records: batch.view(), request, source: Some(&source) }).unwrap();
    let _ = log.append(&Append::new(batch.view().slice(1..2))).unwrap();
}

fn source() -> SourceRange {
    SourceRange { identity: b"device 1, inode 2".to_vec(), from: 10, to: 27 }
}

fn request() -> RequestId {
    RequestId(*b"sixteen bytes of")
}

pub(crate) fn bytes(disk: &MemoryDisk, number: u64) -> Vec<u8> {
    let file = disk.open(&segment(number)).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

fn golden(version: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}.log"))
}

#[test]
fn this_version_writes_the_same_bytes() {
    let disk = new_disk(0);
    write(&disk);
    let written = bytes(&disk, 2);
    let golden = golden(standpipe_log::FORMAT_VERSION);
    if std::env::var_os("SNAPSHOTS").is_some_and(|what| what == "overwrite") {
        std::fs::write(&golden, &written).unwrap();
    }
    assert_eq!(std::fs::read(golden).unwrap(), written, "the format changed without a new version");
}

#[test]
fn every_version_reads_back() {
    for version in 1..=standpipe_log::FORMAT_VERSION {
        let disk = new_disk(0);
        disk.create_folder(&folder()).unwrap();
        let file = disk.create(&segment(2)).unwrap();
        file.write_all_at(0, &std::fs::read(golden(version)).unwrap()).unwrap();
        file.sync(SITE).unwrap();
        check(&disk);
    }
}

fn check(disk: &MemoryDisk) {
    let verdict = verify(disk, &folder(), Some(Position::new(1))).unwrap();
    assert_eq!((verdict.first, verdict.end), (Position::new(1), Position::new(8)));
    assert_eq!((verdict.segments, verdict.frames, verdict.torn), (1, 4, None));
    let mut visits = Vec::new();
    let (log, recovery) = Log::open(opening(disk, &share(), 1, 1 << 20), &mut |summary| {
        visits.push((summary.first.get(), summary.end.get(), summary.newest_ms, summary.request));
        assert_eq!(summary.source.cloned(), (summary.first.get() == 5).then(source));
    })
    .unwrap();
    assert_eq!(recovery.records, 7);
    let late = 1_700_000_000_001;
    let expected =
        [(1, 2, 1_000, None), (2, 5, 1_000, None), (5, 7, late, Some(request())), (7, 8, late, None)];
    assert_eq!(visits, expected);

    let mut frame = Frame::new();
    let mut reader = log.reader(Position::new(1));
    let mut records: Vec<(Vec<u8>, u64)> = Vec::new();
    while reader.next(&mut frame).unwrap() {
        let arrivals = frame.batch().arrival_ms().iter().copied();
        records.extend(frame.batch().iter().map(<[u8]>::to_vec).zip(arrivals));
        let keys = frame.batch().column("key").map(|key| (key.get(0), key.get(1)));
        assert_eq!(
            keys,
            match frame.first().get() {
                5 => Some((Some(&b"k"[..]), None)),
                7 => Some((None, None)),
                _ => None,
            }
        );
        assert_eq!(frame.batch().columns().len(), if frame.first().get() < 5 { 0 } else { 2 });
    }
    let expected: [(&[u8], u64); 7] = [
        (b"alone", 1_000),
        (b"one", 1_000),
        (b"", 1_000),
        (b"three", 1_000),
        (b"with", late - 1),
        (b"everything", late),
        (b"everything", late),
    ];
    assert_eq!(records, expected.map(|(record, arrival)| (record.to_vec(), arrival)));
}
