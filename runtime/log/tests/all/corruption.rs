//! One test per way in which the bytes can be wrong.

mod sealed;

use standpipe_log::testing::{Loss, MemoryDisk, Rng};
use standpipe_log::{Append, Disk, Error, Flaw, Frame, Log, inspect, verify};
use standpipe_record::{Kind, Position};

use crate::golden::bytes;
use crate::support::{
    INCARNATION, LANE, append, batch, folder, new_disk, open, opening, read, segment, share,
};

const HEADER: usize = 72;
const HEAD: usize = 48;

/// A log of segments, each with frames of one record each, all synced.
fn log_of(segments: &[&[&str]]) -> MemoryDisk {
    let disk = new_disk(0);
    for frames in segments {
        let log = open(&disk, 0).unwrap().0;
        for record in *frames {
            append(&log, &[record]).unwrap();
        }
    }
    disk
}

fn put(disk: &MemoryDisk, number: u64, bytes: &[u8]) {
    if disk.unlink(&segment(number)).is_ok() || !bytes.is_empty() {
        disk.create(&segment(number)).unwrap().write_all_at(0, bytes).unwrap();
    }
}

fn change(disk: &MemoryDisk, number: u64, at: usize, with: &[u8]) {
    disk.open(&segment(number)).unwrap().write_all_at(at as u64, with).unwrap();
}

fn sum(bytes: &[u8]) -> [u8; 4] {
    let sum = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes);
    u32::try_from(sum).unwrap().to_le_bytes()
}

/// Makes the checksums of the frame at `at` fit whatever is there, as the format's description says.
fn reseal(disk: &MemoryDisk, number: u64, at: usize) {
    let mut all = bytes(disk, number);
    let frame = &mut all[at..];
    let body = u32::from_le_bytes(frame[8..12].try_into().unwrap()) as usize;
    if let Some(body) = frame.get(HEAD..HEAD + body) {
        let sum = sum(body);
        frame[4..8].copy_from_slice(&sum);
    }
    let salt = [
        &INCARNATION.to_le_bytes()[..],
        &LANE.to_le_bytes(),
        &number.to_le_bytes(),
        &(at as u64).to_le_bytes(),
        &frame[4..HEAD],
    ];
    let head = sum(&salt.concat());
    frame[..4].copy_from_slice(&head);
    put(disk, number, &all);
}

/// Where each frame of a segment begins.
fn frames(disk: &MemoryDisk, number: u64) -> Vec<usize> {
    let all = bytes(disk, number);
    let mut at = HEADER + 8 - HEADER % 8 - if HEADER.is_multiple_of(8) { 8 } else { 0 };
    let mut frames = Vec::new();
    while at < all.len() {
        frames.push(at);
        at +=
            HEAD + u32::from_le_bytes(all[at + 8..at + 12].try_into().unwrap()).next_multiple_of(8) as usize;
    }
    frames
}

/// The error that opening gives; verifying says the same and changes nothing.
fn refused(disk: &MemoryDisk, settled: u64) -> Error {
    disk.start_trace();
    let verdict = verify(disk, &folder(), Some(Position::new(settled))).unwrap_err();
    assert!(!disk.trace().iter().any(|call| call.operation.changes()));
    let error = open(disk, settled).unwrap_err();
    assert!(!disk.trace().iter().any(|call| call.operation.changes()), "a refused log is left as it is");
    assert!(verdict.to_string() == error.to_string() || matches!(error, Error::Foreign { .. }));
    error
}

/// Asserts corruption of the frame or header at `at` and returns what is wrong there.
fn corrupt_at(disk: &MemoryDisk, number: u64, at: usize) -> Flaw {
    match refused(disk, 0) {
        Error::Corrupt { path, at: found, what } => {
            assert_eq!((path, found), (segment(number), at as u64), "{what}");
            what
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_bit_flipped_below_the_mark_is_refused_with_its_place() {
    let disk = log_of(&[&["a", "b", "c"]]);
    let second = frames(&disk, 1)[1];
    change(&disk, 1, second + HEAD + 3, &[0xff]);
    assert_eq!(corrupt_at(&disk, 1, second), Flaw::Checksum("a frame's body"));
    let error = refused(&disk, 0);
    assert_eq!(error.kind(), Kind::Corrupt);
    let text = format!(
        "`{}` is corrupt at byte {second}: the checksum of a frame's body is wrong; \
         put a good copy in its place, or give up the stream's data",
        segment(1).display()
    );
    assert_eq!(error.to_string(), text);
}

/// Frames that were written before the first of them was synced have no mark that vouches for them.
#[test]
fn a_bit_flipped_below_what_is_settled_is_refused_though_no_mark_says_so() {
    let written = new_disk(0);
    let log = open(&written, 0).unwrap().0;
    let spans = ["a", "b", "c"].map(|record| log.write(&Append::new(batch(&[record]).view())).unwrap());
    log.sync(spans[2]).unwrap();
    let all = frames(&written, 1);
    for (settled, bad) in [(2, 0), (2, 1), (3, 2)] {
        let disk = written.crash(&mut Rng::new(0), Loss::Nothing);
        change(&disk, 1, all[bad] + HEAD + 3, &[0xff]);
        assert!(matches!(refused(&disk, settled), Error::Corrupt { at, .. } if at == all[bad] as u64));
    }
    // What is behind may as well be a write that nobody was answered for.
    let disk = written.crash(&mut Rng::new(0), Loss::Nothing);
    change(&disk, 1, all[2] + HEAD + 3, &[0xff]);
    assert!(open(&disk, 2).unwrap().1.torn.is_some());
}

#[test]
fn a_broken_length_below_the_mark_does_not_hide_what_follows() {
    let disk = log_of(&[&["a", "b", "c"]]);
    let first = frames(&disk, 1)[0];
    change(&disk, 1, first + 8, &[0xff; 4]);
    assert_eq!(corrupt_at(&disk, 1, first), Flaw::Checksum("a frame's head"));
}

#[test]
fn no_flipped_bit_goes_unnoticed_or_changes_a_record() {
    let written = log_of(&[&["a", "bb"], &["ccc", "dddd"]]);
    let last = *frames(&written, 2).last().unwrap();
    for number in [1, 2] {
        let good = bytes(&written, number);
        for bit in 0..good.len() * 8 {
            let disk = written.crash(&mut Rng::new(0), Loss::Nothing);
            change(&disk, number, bit / 8, &[good[bit / 8] ^ (1 << (bit % 8))]);
            match open(&disk, 0) {
                Err(error) => {
                    assert!(matches!(error.kind(), Kind::Corrupt | Kind::Invalid), "{bit}: {error}")
                }
                Ok((log, recovery)) => {
                    let records = read(&log, 0).unwrap();
                    // The last frame is above the highest mark; elsewhere only padding may differ.
                    let whole = records == ["a", "bb", "ccc", "dddd"];
                    let cut = records == ["a", "bb", "ccc"] && recovery.torn.is_some();
                    assert!(
                        whole || cut && number == 2 && bit / 8 >= last,
                        "bit {bit} of {number}: {records:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let disk = log_of(&[&["a", "b", "c"]]);
    let last = frames(&disk, 1)[2];
    let whole = bytes(&disk, 1);
    put(&disk, 1, &whole[..whole.len() - 5]);
    let verdict = verify(&disk, &folder(), None).unwrap();
    let (log, recovery) = open(&disk, 0).unwrap();
    let torn = recovery.torn.clone().unwrap();
    assert_eq!(
        (torn.segment.clone(), torn.from, torn.bytes),
        (segment(1), last as u64, (whole.len() - 5 - last) as u64)
    );
    assert_eq!(verdict.torn, Some(torn));
    assert_eq!(read(&log, 0).unwrap(), ["a", "b"]);
    assert_eq!(bytes(&disk, 1).len(), last);
    assert_eq!(open(&disk, 0).unwrap().1.torn, None);
    assert_eq!(append(&log, &["d"]).unwrap().first, Position::new(2));
}

#[test]
fn a_segment_cut_anywhere_gives_a_beginning_of_its_records() {
    let whole = bytes(&log_of(&[&["a", "b", "c"]]), 1);
    for len in 0..whole.len() {
        let disk = log_of(&[&["a"]]);
        put(&disk, 1, &whole[..len]);
        let (log, _) = open(&disk, 0).unwrap();
        let records = read(&log, 0).unwrap();
        assert!(
            ["a", "b", "c"].starts_with(&records.iter().map(String::as_str).collect::<Vec<_>>()),
            "{len}: {records:?}"
        );
        append(&log, &["d"]).unwrap();
        assert_eq!(read(&open(&disk, 0).unwrap().0, 0).unwrap(), [records, vec!["d".into()]].concat());
    }
}

#[test]
fn a_tail_of_zeros_is_torn() {
    let disk = log_of(&[&["a"]]);
    let len = bytes(&disk, 1).len();
    change(&disk, 1, len, &[0; 5_000]);
    let (log, recovery) = open(&disk, 0).unwrap();
    assert_eq!(recovery.torn.map(|torn| (torn.from, torn.bytes)), Some((len as u64, 5_000)));
    assert_eq!(read(&log, 0).unwrap(), ["a"]);
}

#[test]
fn frames_behind_a_torn_one_are_cut_with_it() {
    // Three frames of one group: the first is lost, the marks of the others do not reach it.
    let disk = new_disk(0);
    let log = open(&disk, 0).unwrap().0;
    append(&log, &["a"]).unwrap();
    for record in ["b", "c", "d"] {
        let _ = log.write(&Append::new(batch(&[record]).view())).unwrap();
    }
    let second = frames(&disk, 1)[1];
    change(&disk, 1, second, &[0; HEAD]);
    let (log, recovery) = open(&disk, 0).unwrap();
    assert_eq!(recovery.torn.unwrap().from, second as u64);
    assert_eq!(read(&log, 0).unwrap(), ["a"]);
}

#[test]
fn a_record_that_quotes_the_log_is_no_frame() {
    let disk = log_of(&[&["a", "b", "c"]]);
    let quoted = bytes(&disk, 1);
    let log = open(&disk, 0).unwrap().0;
    let mut batch = standpipe_record::Batch::new();
    for shift in 0..8 {
        batch.push(&[&vec![0; shift], &quoted[..]].concat(), 0).unwrap();
    }
    let _ = log.append(&Append::new(batch.view())).unwrap();
    let at = frames(&disk, 2)[0];
    change(&disk, 2, at + 1, &[0xaa]);
    assert_eq!(open(&disk, 0).unwrap().1.torn.unwrap().from, at as u64);
}

#[test]
fn a_segment_whose_creation_was_interrupted_is_removed() {
    for len in 0..HEADER {
        let disk = log_of(&[&["a"], &["b"]]);
        let whole = bytes(&disk, 2);
        put(&disk, 3, &whole[..len]);
        if len == 0 {
            disk.create(&segment(3)).unwrap().set_len(77).unwrap();
        }
        let (log, _) = open(&disk, 0).unwrap();
        assert_eq!(read(&log, 0).unwrap(), ["a", "b"]);
        assert_eq!(disk.list(&folder()).unwrap().len(), 2);
    }
}

#[test]
fn a_header_cut_short_before_the_last_segment_is_refused() {
    let disk = log_of(&[&["a"], &["b"]]);
    let whole = bytes(&disk, 1);
    put(&disk, 1, &whole[..30]);
    assert_eq!(corrupt_at(&disk, 1, 30), Flaw::Header);
}

#[test]
fn a_header_with_a_flipped_bit_is_refused_although_nothing_follows() {
    let disk = log_of(&[&["a"]]);
    change(&disk, 1, 33, &[9]);
    assert_eq!(corrupt_at(&disk, 1, 0), Flaw::Checksum("its header"));
}

#[test]
fn another_magic_is_refused() {
    let disk = log_of(&[&["a"]]);
    change(&disk, 1, 0, b"X");
    assert_eq!(corrupt_at(&disk, 1, 0), Flaw::Magic);
}

#[test]
fn a_short_file_that_is_no_beginning_of_a_segment_is_refused() {
    let disk = log_of(&[&["a"]]);
    put(&disk, 2, b"hello");
    assert_eq!(corrupt_at(&disk, 2, 5), Flaw::Header);
}

#[test]
fn a_log_that_ends_before_what_is_settled_goes_on_behind_it() {
    let disk = log_of(&[&["a", "b"]]);
    let (log, recovery) = open(&disk, 7).unwrap();
    assert_eq!((recovery.next, recovery.segments), (Position::new(7), 0));
    assert!(disk.list(&folder()).unwrap().is_empty());
    assert_eq!(append(&log, &["h"]).unwrap().first, Position::new(7));
    assert_eq!(read(&open(&disk, 7).unwrap().0, 7).unwrap(), ["h"]);
}

#[test]
fn a_future_version_is_refused_by_name() {
    let disk = log_of(&[&["a"]]);
    change(&disk, 1, 8, &[2]);
    let error = refused(&disk, 0);
    assert!(matches!(error, Error::Version { found: 2, .. }), "{error}");
    assert_eq!(error.kind(), Kind::Invalid);
    let shown = inspect(&disk, &folder()).unwrap();
    assert!(matches!(shown[0].header, Err(Error::Version { .. })));
}

#[test]
fn a_missing_segment_is_refused_by_name() {
    for number in [1, 2] {
        let disk = log_of(&[&["a"], &["b"], &["c"]]);
        disk.unlink(&segment(number)).unwrap();
        match refused(&disk, 0) {
            Error::Missing { path, follower, .. } => {
                assert_eq!((path, follower), (segment(number), segment(number + 1)));
            }
            other => panic!("{other}"),
        }
        // All that is missing is settled.
        assert_eq!(
            read(&open(&disk, number).unwrap().0, number).unwrap(),
            ["a", "b", "c"][number as usize..]
        );
    }
}

#[test]
fn a_log_that_begins_after_what_is_settled_is_refused() {
    let disk = new_disk(0);
    append(&open(&disk, 5).unwrap().0, &["f"]).unwrap();
    assert!(matches!(refused(&disk, 2), Error::Gap { first, .. } if first == Position::new(5)));
    assert!(open(&disk, 5).is_ok());
}

#[test]
fn a_file_shorter_than_its_successor_says_is_refused() {
    let disk = log_of(&[&["a", "b"], &["c"]]);
    let whole = bytes(&disk, 1);
    put(&disk, 1, &whole[..whole.len() - 8]);
    let want = whole.len() as u64;
    assert_eq!(corrupt_at(&disk, 1, whole.len() - 8), Flaw::Short { have: want - 8, want });
}

#[test]
fn a_copy_of_a_segment_under_another_number_is_refused() {
    let disk = log_of(&[&["a"], &["b"]]);
    put(&disk, 3, &bytes(&disk, 2));
    assert!(matches!(refused(&disk, 0), Error::Foreign { what: "segment", .. }));
}

#[test]
fn segments_of_another_lane_or_incarnation_are_refused() {
    let disk = log_of(&[&["a"]]);
    let mut other = opening(&disk, &share(), 0, 100);
    other.settings.lane = 4;
    let error = Log::open(other.clone(), &mut |_| {}).unwrap_err();
    let text = format!("`{}` belongs to lane 3, not 4; move it to where it came from", segment(1).display());
    assert_eq!(error.to_string(), text);
    other.settings = standpipe_log::Settings { lane: LANE, incarnation: 1, ..other.settings };
    assert!(matches!(Log::open(other, &mut |_| {}), Err(Error::Foreign { what: "incarnation", .. })));
}

#[test]
fn a_reader_refuses_what_changed_since_recovery() {
    let disk = log_of(&[&["a", "b"]]);
    let log = open(&disk, 0).unwrap().0;
    let second = frames(&disk, 1)[1];
    change(&disk, 1, second + 50, &[0xff]);
    let mut reader = log.reader(Position::ZERO);
    let mut frame = Frame::new();
    assert!(reader.next(&mut frame).unwrap());
    let error = reader.next(&mut frame).unwrap_err();
    assert!(matches!(error, Error::Corrupt { at, .. } if at == second as u64), "{error}");
}
