//! Frames that say what they cannot mean, under checksums that fit.

use standpipe_log::testing::{MemoryDisk, Rng};
use standpipe_log::{Error, Flaw, Frame};
use standpipe_record::{Malformed, Position};

use super::{HEAD, change, corrupt_at, frames, log_of, put, refused, reseal, sum};
use crate::golden::bytes;
use crate::support::{append, new_disk, open, read};

/// Changes the first frame of a log of three, in its last or an earlier segment, and makes its checksums fit.
fn resealed(segments: &[&[&str]], at: usize, with: &[u8]) -> (MemoryDisk, usize) {
    let disk = log_of(segments);
    let frame = frames(&disk, 1)[0];
    change(&disk, 1, frame + at, with);
    reseal(&disk, 1, frame);
    (disk, frame)
}

#[test]
fn a_frame_longer_than_its_file_is_torn_or_refused() {
    let (disk, frame) = resealed(&[&["a"]], 8, &5_000u32.to_le_bytes());
    assert_eq!(open(&disk, 0).unwrap().1.torn.unwrap().from, frame as u64);
    let (disk, frame) = resealed(&[&["a"], &["b"]], 8, &5_000u32.to_le_bytes());
    assert!(matches!(corrupt_at(&disk, 1, frame), Flaw::Short { .. }));
}

#[test]
fn heads_that_cannot_be_are_refused_whatever_their_checksum() {
    let cases: [(usize, &[u8]); 14] = [
        (16, &u64::MAX.to_le_bytes()),
        (8, &14u32.to_le_bytes()),
        (8, &(17u32 << 20).to_le_bytes()),
        (8, &u32::MAX.to_le_bytes()),
        (12, &0u32.to_le_bytes()),
        (12, &u32::MAX.to_le_bytes()),
        (12, &2u32.to_le_bytes()),
        (24, &4_096u64.to_le_bytes()),
        (32, &u32::MAX.to_le_bytes()),
        (32, &2u32.to_le_bytes()),
        (36, &1u16.to_le_bytes()),
        (40, &1u16.to_le_bytes()),
        (42, &0x8000u16.to_le_bytes()),
        (44, &[1]),
    ];
    for (at, with) in cases {
        let (disk, frame) = resealed(&[&["a"]], at, with);
        let flaw = corrupt_at(&disk, 1, frame);
        assert!(matches!(flaw, Flaw::Length { .. } | Flaw::Unknown(_)), "{at}: {flaw}");
    }
}

#[test]
fn ends_that_do_not_ascend_are_refused_whatever_their_checksum() {
    let disk = new_disk(0);
    append(&open(&disk, 0).unwrap().0, &["one", "two"]).unwrap();
    let frame = frames(&disk, 1)[0];
    change(&disk, 1, frame + HEAD + 8, &9u32.to_le_bytes());
    reseal(&disk, 1, frame);
    let flaw = corrupt_at(&disk, 1, frame);
    assert_eq!(flaw, Flaw::Malformed(Malformed::Descending { index: 1, end: 6, before: 9 }));
    change(&disk, 1, frame + HEAD + 8, &[3, 0, 0, 0, 5, 0, 0, 0]);
    reseal(&disk, 1, frame);
    let flaw = corrupt_at(&disk, 1, frame);
    assert_eq!(flaw, Flaw::Malformed(Malformed::PayloadLength { end: 5, payload: 6 }));
}

#[test]
fn positions_that_do_not_follow_are_refused_whatever_their_checksum() {
    let disk = log_of(&[&["a", "b"]]);
    let second = frames(&disk, 1)[1];
    change(&disk, 1, second + 16, &7u64.to_le_bytes());
    reseal(&disk, 1, second);
    let flaw = corrupt_at(&disk, 1, second);
    assert_eq!(flaw, Flaw::Position { found: Position::new(7), want: Position::new(1) });
}

#[test]
fn any_body_with_good_checksums_is_read_or_refused() {
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let disk = new_disk(0);
        let log = open(&disk, 0).unwrap().0;
        let mut batch = crate::support::batch(&["one", "two", "three"]);
        batch.set_column(standpipe_record::Column::new("key", 3)).unwrap();
        let _ = log.append(&standpipe_log::Append::new(batch.view())).unwrap();
        let frame = frames(&disk, 1)[0];
        for _ in 0..1 + rng.below(3) {
            let at = if rng.coin() { 8 + rng.below(40) } else { HEAD + rng.below(60) };
            let with = if rng.coin() { rng.below(256) as u8 } else { rng.below(4) as u8 };
            change(&disk, 1, frame + at, &[with]);
        }
        reseal(&disk, 1, frame);
        if let Ok((log, _)) = open(&disk, 0) {
            read(&log, 0).unwrap();
        }
        // A reader meets bytes that changed after recovery.
        let mut reader = log.reader(Position::ZERO);
        while let Ok(true) = reader.next(&mut Frame::new()) {}
    }
}

/// Changes the header of segment `number` and makes its checksum fit.
fn resealed_header(number: u64, at: usize, with: &[u8]) -> MemoryDisk {
    let disk = log_of(&[&["a"], &["b"]]);
    change(&disk, number, at, with);
    let sum = sum(&bytes(&disk, number)[..68]);
    change(&disk, number, 68, &sum);
    disk
}

#[test]
fn headers_that_cannot_be_are_refused_whatever_their_checksum() {
    let unknown = corrupt_at(&resealed_header(2, 8, &0u32.to_le_bytes()), 2, 8);
    assert_eq!(unknown, Flaw::Unknown("format version 0"));
    let long = corrupt_at(&resealed_header(2, 64, &4_097u32.to_le_bytes()), 2, 64);
    assert_eq!(long, Flaw::Length { what: "the cipher block", found: 4_097, limit: 4_096 });
    let jump = corrupt_at(&resealed_header(2, 40, &3u64.to_le_bytes()), 2, 0);
    assert_eq!(jump, Flaw::Position { found: Position::new(3), want: Position::new(1) });
    let short = corrupt_at(&resealed_header(2, 56, &8u64.to_le_bytes()), 1, 136);
    assert_eq!(short, Flaw::Short { have: 136, want: 8 });
    assert!(matches!(refused(&resealed_header(2, 48, &7u64.to_le_bytes()), 0), Error::Missing { .. }));
    assert!(matches!(refused(&resealed_header(2, 48, &0u64.to_le_bytes()), 0), Error::Gap { .. }));
}

#[test]
fn a_cipher_block_is_refused_until_there_is_a_cipher() {
    let disk = log_of(&[&["a"]]);
    let mut header = bytes(&disk, 1)[..68].to_vec();
    header[64] = 4;
    header.extend_from_slice(b"none");
    header.extend_from_slice(&sum(&header));
    header.resize(80, 0);
    put(&disk, 1, &header);
    assert_eq!(corrupt_at(&disk, 1, 64), Flaw::Unknown("a cipher block"));
}
