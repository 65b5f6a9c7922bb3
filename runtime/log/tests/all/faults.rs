//! The disk fails while the log is in use.

use std::sync::atomic::{AtomicU64, Ordering};

use standpipe_log::testing::{Call, Fault, Loss, MemoryDisk, Operation, Rng};
use standpipe_log::{Append, Disk, Error, Log, Site, inspect};
use standpipe_record::{Kind, Position};

use crate::support::{append, batch, folder, new_disk, open, opening, read, segment, share};

/// Fails the first `times` calls that `which` chooses.
fn fail(disk: &MemoryDisk, times: u64, fault: Fault, which: impl Fn(&Call) -> bool + Send + 'static) {
    let left = AtomicU64::new(times);
    let countdown = move |call: &Call| {
        let hit = which(call)
            && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
        hit.then_some(fault)
    };
    disk.fail(countdown);
}

#[test]
fn after_a_failed_sync_positions_go_on_from_what_is_durable_in_a_new_segment() {
    let disk = new_disk(0);
    let log = open(&disk, 0).unwrap().0;
    append(&log, &["a"]).unwrap();
    let end = log.bytes();
    fail(&disk, 1, Fault::Io, |call| call.operation == Operation::Sync);
    let early = log.write(&Append::new(batch(&["lost"]).view())).unwrap();
    let late = log.write(&Append::new(batch(&["also lost"]).view())).unwrap();
    let error = log.sync(late).unwrap_err();
    assert_eq!(error.kind(), Kind::Retry);
    let text = "records 2 to 3 of the log `web/lane-3` were not made durable: Input/output error (os error 5); append them again";
    assert_eq!(error.to_string(), text);
    assert_eq!(append(&log, &["b"]).unwrap().first, Position::new(1));
    // The same position is durable by now, with another record.
    assert!(matches!(log.sync(early), Err(Error::Lost { .. })));
    assert_eq!(read(&log, 0).unwrap(), ["a", "b"]);
    let segments = inspect(&disk, &folder()).unwrap();
    let header = segments[1].header.as_ref().unwrap();
    assert_eq!((header.first, header.predecessor), (Position::new(1), Some((1, end))));
    // The lost frames are still in the file, and void.
    assert!(segments[0].bytes > end);
    let found = disk.crash(&mut Rng::new(0), Loss::Nothing);
    let (log, recovery) = open(&found, 0).unwrap();
    assert_eq!(recovery.torn, None);
    assert_eq!(read(&log, 0).unwrap(), ["a", "b"]);
}

#[test]
fn a_sync_that_succeeded_before_the_failure_stays_a_success() {
    let disk = new_disk(0);
    let log = open(&disk, 0).unwrap().0;
    let good = append(&log, &["a"]).unwrap();
    fail(&disk, 1, Fault::Io, |call| call.operation == Operation::Sync);
    append(&log, &["lost"]).unwrap_err();
    log.sync(good).unwrap();
}

#[test]
fn a_failed_write_takes_nobody_along() {
    for fault in [Fault::NoSpace, Fault::Io, Fault::Short(20), Fault::Short(70)] {
        let disk = new_disk(0);
        let log = open(&disk, 0).unwrap().0;
        append(&log, &["a"]).unwrap();
        let before = log.write(&Append::new(batch(&["b"]).view())).unwrap();
        fail(&disk, 1, fault, |call| call.operation == Operation::Write);
        let error = log.write(&Append::new(batch(&["failed"]).view())).unwrap_err();
        assert_eq!(error.kind(), Kind::Retry, "{error}");
        log.sync(before).unwrap();
        assert_eq!(append(&log, &["c"]).unwrap().first, Position::new(2));
        assert_eq!(read(&log, 0).unwrap(), ["a", "b", "c"]);
        assert_eq!(disk.list(&folder()).unwrap().len(), 2, "the segment of the failed write is given up");
        let found = disk.crash(&mut Rng::new(0), Loss::Random);
        assert_eq!(read(&open(&found, 0).unwrap().0, 0).unwrap(), ["a", "b", "c"]);
    }
}

#[test]
fn a_segment_that_cannot_be_begun_costs_one_append() {
    let steps: [fn(&Call) -> bool; 6] = [
        |call| call.operation == Operation::Create,
        |call| call.operation == Operation::Write,
        |call| call.site == Some(Site("log.header")),
        |call| call.site == Some(Site("log.name")),
        |call| call.site == Some(Site("log.folder")),
        |call| call.operation == Operation::CreateFolder,
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let disk = new_disk(0);
        let share = share();
        let log = Log::open(opening(&disk, &share, 0, 1 << 20), &mut |_| {}).unwrap().0;
        fail(&disk, 2, Fault::Io, step);
        append(&log, &["failed"]).unwrap_err();
        append(&log, &["failed"]).unwrap_err();
        assert_eq!((share.held(), log.bytes()), (0, 0), "step {number}");
        assert_eq!(append(&log, &["a"]).unwrap().first, Position::ZERO);
        assert_eq!(share.held(), log.bytes());
        let found = disk.crash(&mut Rng::new(0), Loss::Random);
        assert_eq!(read(&open(&found, 0).unwrap().0, 0).unwrap(), ["a"], "step {number}");
    }
}

#[test]
fn writes_that_fail_one_after_the_other_leave_no_files_behind() {
    let disk = new_disk(0);
    let log = open(&disk, 0).unwrap().0;
    append(&log, &["a"]).unwrap();
    // Headers can be written, frames cannot.
    let mut writes = 0;
    disk.fail(move |call| {
        writes += u32::from(call.operation == Operation::Write);
        (call.operation == Operation::Write && writes % 2 == 1 && writes < 40).then_some(Fault::Short(40))
    });
    for _ in 0..20 {
        append(&log, &["failed"]).unwrap_err();
    }
    assert!(disk.list(&folder()).unwrap().len() <= 2);
    assert_eq!(append(&log, &["b"]).unwrap().first, Position::new(1));
    assert_eq!(disk.list(&folder()).unwrap().len(), 2);
}

#[test]
fn a_full_disk_fills_up_with_no_headers_and_is_used_again_when_there_is_room() {
    let disk = new_disk(0);
    disk.set_capacity(3_000);
    let log = Log::open(opening(&disk, &share(), 0, 700), &mut |_| {}).unwrap().0;
    let record = "x".repeat(200);
    let mut accepted = 0;
    while append(&log, &[&record]).is_ok() {
        accepted += 1;
    }
    for _ in 0..50 {
        let error = append(&log, &[&record]).unwrap_err();
        assert_eq!(error.kind(), Kind::Retry);
        assert!(error.to_string().ends_with("make room and try again"), "{error}");
    }
    let files = disk.list(&folder()).unwrap();
    assert!(files.len() <= accepted / 2 + 2, "{files:?}");
    assert_eq!(read(&log, 0).unwrap().len(), accepted);
    assert!(log.release(Position::new(3)).unwrap() > 0);
    append(&log, &[&record]).unwrap();
    let found = disk.crash(&mut Rng::new(0), Loss::Random);
    let log = open(&found, 3).unwrap().0;
    assert_eq!(read(&log, 3).unwrap().len(), accepted + 1 - 3);
}

#[test]
fn an_unlink_that_fails_is_tried_again() {
    let disk = new_disk(0);
    let share = share();
    let log = Log::open(opening(&disk, &share, 0, 1), &mut |_| {}).unwrap().0;
    append(&log, &["a"]).unwrap();
    append(&log, &["b"]).unwrap();
    let before = share.held();
    fail(&disk, 1, Fault::Io, |call| call.operation == Operation::Unlink);
    log.release(Position::new(1)).unwrap_err();
    assert_eq!(share.held(), before);
    assert!(log.release(Position::new(1)).unwrap() > 0);
    assert!(disk.open(&segment(1)).is_err());
}

#[test]
fn what_cannot_be_settled_or_read_is_said() {
    let log = open(&new_disk(0), 0).unwrap().0;
    append(&log, &["a"]).unwrap();
    append(&log, &["b"]).unwrap();
    assert_eq!(log.release(Position::new(3)).unwrap_err().kind(), Kind::Bug);
    log.release(Position::new(2)).unwrap();
    log.rest().unwrap();
    let error = read(&log, 0).unwrap_err();
    assert!(matches!(error, Error::Absent { .. }), "{error}");
    assert!(read(&log, 2).unwrap().is_empty());
    let none = standpipe_record::Batch::new();
    assert!(matches!(log.write(&Append::new(none.view())), Err(Error::Empty)));
    let huge = batch(&[&"x".repeat(17 << 20)]);
    assert_eq!(log.write(&Append::new(huge.view())).unwrap_err().kind(), Kind::Reject);
}

#[test]
fn reads_that_come_in_pieces_are_put_together() {
    let disk = new_disk(0);
    let log = open(&disk, 0).unwrap().0;
    let records: Vec<String> = (0..20).map(|number| format!("{number}").repeat(100)).collect();
    for record in &records {
        append(&log, &[record]).unwrap();
    }
    let mut rng = Rng::new(0);
    disk.fail(move |call| (call.operation == Operation::Read).then(|| Fault::Short(1 + rng.below(90))));
    assert_eq!(read(&log, 0).unwrap(), records);
    assert_eq!(read(&open(&disk, 0).unwrap().0, 0).unwrap(), records);
}
