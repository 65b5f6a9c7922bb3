use std::path::Path;
use std::sync::Arc;

use standpipe_log::testing::MemoryDisk;
use standpipe_log::{Disk, File};

use super::{Journal, JournalError, Place};
use crate::entry::{Carry, Counts, Entry, Role, SealedFile};

/// Written once by format 1. Whoever changes the format adds a file and goes on reading this one.
const GOLDEN: &[u8] = include_bytes!("../../tests/golden/v1.journal");
const NAME: &str = "j/00000000000000000001.journal";

fn place(disk: &MemoryDisk) -> Place {
    Place { disk: Arc::new(disk.clone()), folder: "j".into(), incarnation: 0x1234, lane: 5 }
}

fn entry(number: u64) -> Entry {
    Entry {
        number,
        position: number * 10,
        next_parcel: 3,
        sealed: vec![SealedFile {
            pack: None,
            at: 0,
            file: format!("{number:020}-00000"),
            parcel: 1,
            role: Role::Destination,
            key: "out/key.gz".into(),
            id: "ab".into(),
            records: 7,
            bytes: 70,
            sha256: "00ff".into(),
            oldest_ms: None,
            encoding: Some("gzip".into()),
            plugins: vec!["sha256:11".into()],
        }],
        carries: vec![Carry {
            group: None,
            parcel: 2,
            role: Role::ErrorOutput,
            opened_ms: 1_000,
            oldest_ms: 900,
            records: 1,
            bytes: 4,
        }],
        sources: [("aa".to_owned(), 99)].into(),
        counts: Counts { records: 8, outputs: 7, dropped: 0, failed: 1 },
        ..Entry::default()
    }
}

/// A checkpoint and three entries.
fn written() -> (MemoryDisk, Arc<dyn File>) {
    let disk = MemoryDisk::new(1);
    disk.create_folder(Path::new("j")).unwrap();
    let mut journal = Journal::behind(place(&disk), 0);
    journal.checkpoint(&Entry { checkpoint: true, ..Entry::default() }, &[]).unwrap();
    for number in 1..=3 {
        journal.append(&entry(number), &[vec![b"tail".as_slice()]]).unwrap();
    }
    let file = disk.open(Path::new(NAME)).unwrap();
    (disk, file)
}

fn bytes(file: &dyn File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

#[test]
fn format_1_is_written_and_read_as_it_always_was() {
    let (disk, file) = written();
    let now = bytes(file.as_ref());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1.journal"), &now).unwrap();
        return;
    }
    assert_eq!(now, GOLDEN);
    let found = place(&disk).read().unwrap();
    assert_eq!((found.number, found.torn, found.frames.len()), (1, 0, 4));
    assert_eq!(found.frames[3].entry, entry(3));
    let [carry] = found.frames[3].carries[..] else { panic!("{found:?}") };
    let at = usize::try_from(carry.at).unwrap();
    assert_eq!((&now[at..], carry.bytes), (&b"tail"[..], 4));
}

#[test]
fn a_torn_end_is_left_out_wherever_it_is_torn() {
    let (disk, file) = written();
    let whole = file.len().unwrap();
    let before = {
        let found = place(&disk).read().unwrap();
        let last = serde_json::to_vec(&found.frames[3].entry).unwrap().len() + 4 + super::HEAD;
        whole - last as u64
    };
    for len in before..whole {
        file.set_len(len).unwrap();
        let found = place(&disk).read().unwrap();
        assert_eq!((found.frames.len(), found.torn), (3, len - before), "{len}");
    }
}

#[test]
fn a_flipped_bit_below_what_was_durable_is_corruption_with_its_place() {
    let (disk, file) = written();
    let good = bytes(file.as_ref());
    let found = place(&disk).read().unwrap();
    let first = serde_json::to_vec(&found.frames[0].entry).unwrap().len() + super::HEAD;
    for at in [first, first + 9, first + 17, first + 40] {
        file.write_all_at(at as u64, &[good[at] ^ 1]).unwrap();
        match place(&disk).read() {
            Err(JournalError::Corrupt { offset, .. }) => assert_eq!(offset, first as u64),
            other => panic!("{at}: {other:?}"),
        }
        file.write_all_at(at as u64, &[good[at]]).unwrap();
    }
}

#[test]
fn a_journal_that_begins_in_the_middle_is_corrupt() {
    let (disk, file) = written();
    file.write_all_at(8, &[7]).unwrap();
    assert!(matches!(place(&disk).read(), Err(JournalError::Corrupt { offset: 0, .. })));
}

#[test]
fn a_frame_of_another_stream_lane_or_place_is_none() {
    let (disk, file) = written();
    for other in [Place { incarnation: 9, ..place(&disk) }, Place { lane: 6, ..place(&disk) }] {
        assert!(matches!(other.read(), Err(JournalError::Corrupt { offset: 0, .. })));
    }
    // The last frame once more, behind itself.
    let good = bytes(file.as_ref());
    let found = place(&disk).read().unwrap();
    let last = serde_json::to_vec(&found.frames[3].entry).unwrap().len() + 4 + super::HEAD;
    file.write_all_at(good.len() as u64, &good[good.len() - last..]).unwrap();
    let found = place(&disk).read().unwrap();
    assert_eq!((found.frames.len(), found.torn), (4, last as u64));
}

#[test]
fn a_new_journal_replaces_the_one_before_it() {
    let (disk, _) = written();
    let mut journal = Journal::behind(place(&disk), 1);
    let old = place(&disk).read().unwrap();
    // A carry that was made of two.
    let tails: Vec<_> = old.frames[1..3].iter().map(|frame| frame.carries[0]).collect();
    let mut whole = Entry { checkpoint: true, ..entry(3) };
    whole.carries[0].bytes = 8;
    let copied = journal.checkpoint(&whole, &[tails]).unwrap();
    let found = place(&disk).read().unwrap();
    assert_eq!((found.number, found.frames.len(), &found.frames[0].carries), (2, 1, &copied));
    let mut text = Vec::new();
    journal.read(&copied[0], &mut |piece| text.extend_from_slice(piece)).unwrap();
    assert_eq!(text, b"tailtail");
    assert_eq!(found.leftovers, [Path::new(NAME)]);
    // One that was not finished counts for nothing.
    disk.create(Path::new("j/00000000000000000003.journal.new")).unwrap();
    let found = place(&disk).read().unwrap();
    assert_eq!((found.number, found.leftovers.len()), (2, 2));
}

#[test]
fn a_carry_that_changed_on_disk_is_corruption_with_its_place() {
    let (disk, file) = written();
    let carry = place(&disk).read().unwrap().frames[3].carries[0];
    file.write_all_at(carry.at, b"T").unwrap();
    let mut journal = Journal::behind(place(&disk), 1);
    match journal.checkpoint(&Entry { checkpoint: true, ..entry(3) }, &[vec![carry]]) {
        Err(JournalError::Corrupt { offset, .. }) => assert_eq!(offset, carry.at),
        other => panic!("{other:?}"),
    }
    assert!(
        journal.append(&entry(4), &[vec![b"tail".as_slice()]]).is_err(),
        "nothing is appended behind a failure"
    );
}

#[test]
fn large_carries_are_read_and_copied_in_pieces() {
    let (disk, _) = written();
    let mut journal = Journal::behind(place(&disk), 1);
    journal.checkpoint(&Entry { checkpoint: true, ..Entry::default() }, &[]).unwrap();
    let large: Vec<u8> =
        (0..super::PIECE * 2 + 17).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
    let mut big = entry(4);
    big.carries[0].bytes = large.len() as u64;
    let extents = journal.append(&big, &[vec![large.as_slice()]]).unwrap();
    let mut checkpoint = Entry { checkpoint: true, ..big };
    checkpoint.carries[0].bytes *= 2;
    let twice = journal.checkpoint(&checkpoint, &[vec![extents[0], extents[0]]]).unwrap();
    assert_eq!(place(&disk).read().unwrap().frames[0].carries, twice);
    let mut text = Vec::new();
    journal.read(&twice[0], &mut |piece| text.extend_from_slice(piece)).unwrap();
    assert_eq!(text, [large.as_slice(), &large].concat());
}
