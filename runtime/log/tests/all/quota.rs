//! Who may keep how many bytes.

use std::sync::Arc;

use standpipe_log::testing::{MemoryDisk, Rng};
use standpipe_log::{Append, Error, Log, Quota, Settings};
use standpipe_record::{Kind, Position};

use crate::support::{append, batch, new_disk, opening, read};

#[test]
fn a_stream_holds_at_most_what_is_still_free() {
    let quota = Quota::new(1_000, 0);
    let (stuck, other) = (quota.share(), quota.share());
    let mut held = 0;
    while let Ok(taken) = stuck.take(10) {
        held += taken.keep();
    }
    assert_eq!((held, quota.usage().free), (500, 500));
    let full = stuck.take(10).unwrap_err();
    let text = "10 bytes do not fit: the stream holds 500 and 500 of 1000 are free; \
                wait until some are delivered or raise the quota";
    assert_eq!(full.to_string(), text);
    other.take(250).unwrap().keep();
    assert!(other.take(1).is_err());
    stuck.give_back(500);
    other.take(250).unwrap().keep();
    drop(other);
    assert_eq!(quota.usage().used, 0);
}

#[test]
fn taken_bytes_go_back_unless_they_are_kept() {
    let quota = Quota::new(1_000, 0);
    let share = quota.share();
    drop(share.take(100).unwrap());
    assert_eq!(share.held(), 0);
    assert_eq!(share.take(100).unwrap().keep(), 100);
    assert_eq!(share.held(), 100);
    // More than is held cannot be given back.
    share.give_back(1_000);
    assert_eq!((share.held(), quota.usage().used), (0, 0));
}

#[test]
fn the_reserve_is_for_one_at_a_time_and_for_nobody_else() {
    let quota = Quota::new(1_000, 300);
    let (one, two) = (quota.share(), quota.share());
    one.found(690);
    assert!(one.take(20).is_err() && two.take(20).is_err());
    let reserve = one.reserve().unwrap();
    assert!(two.reserve().is_none());
    reserve.take(300).unwrap().keep();
    assert!(reserve.take(20).is_err());
    drop(reserve);
    assert!(two.reserve().is_some());
    // What was found at recovery may pass every limit, and only time makes room.
    two.found(5_000);
    assert_eq!(quota.usage().free, 0);
    assert!(two.take(1).is_err());
}

#[test]
fn a_full_quota_refuses_appends_until_something_is_released() {
    let disk = new_disk(0);
    // What comes in may be half of what is left: a third of all.
    let quota = Quota::new(6_000, 0);
    let share = quota.share();
    let log = Log::open(opening(&disk, &share, 0, 600), &mut |_| {}).unwrap().0;
    let record = "x".repeat(150);
    let mut accepted = 0;
    let error = loop {
        match append(&log, &[&record]) {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Retry);
    assert!(share.held() <= 2_000 && share.held() > 1_400);
    assert_eq!(log.positions().written, Position::new(accepted));
    let freed = log.release(Position::new(4)).unwrap();
    assert!(freed > 0);
    append(&log, &[&record]).unwrap();
    // Recovery finds as many bytes as were held.
    let held = share.held();
    drop(log);
    let share = quota.share();
    let log = Log::open(opening(&disk, &share, 4, 600), &mut |_| {}).unwrap().0;
    assert_eq!(share.held(), held);
    assert_eq!(read(&log, 4).unwrap().len() as u64, accepted + 1 - 4);
    log.release(log.positions().durable).unwrap();
    log.rest().unwrap();
    assert_eq!((share.held(), log.bytes()), (0, 0));
}

#[test]
fn a_log_that_rests_keeps_nothing_that_is_settled() {
    let disk = new_disk(0);
    let share = crate::support::share();
    let log = Log::open(opening(&disk, &share, 0, Settings::SEGMENT_BYTES), &mut |_| {}).unwrap().0;
    log.rest().unwrap();
    let span = log.write(&Append::new(batch(&["a"]).view())).unwrap();
    assert_eq!(log.rest().unwrap(), 0);
    log.sync(span).unwrap();
    log.release(span.end).unwrap();
    assert!(log.bytes() > 0, "a small segment is written to again");
    assert!(log.rest().unwrap() > 0);
    assert_eq!(append(&log, &["b"]).unwrap().first, Position::new(1));
    let found = disk.crash(&mut Rng::new(0), standpipe_log::testing::Loss::Random);
    let log = Log::open(opening(&found, &crate::support::share(), 1, 600), &mut |_| {}).unwrap().0;
    assert_eq!(read(&log, 1).unwrap(), ["b"]);
}

#[test]
fn what_others_leave_on_the_disk_is_not_taken_to_the_last_byte() {
    let disk = MemoryDisk::new(1);
    disk.set_capacity(10_000);
    let quota = Quota::on(Arc::new(disk.clone()), 1 << 20, 4_000);
    let share = quota.share();
    let taken = share.take(5_000).unwrap();
    let full = share.take(6_001).unwrap_err();
    assert_eq!((full.disk, full.free), (true, 10_000));
    assert_eq!(
        full.to_string(),
        "6001 bytes do not fit: the disk has 10000 free and some of it is kept for what makes room; free some"
    );
    // The reserve is for this.
    drop(share.reserve().unwrap().take(6_001).unwrap());
    drop(taken);
    disk.set_capacity(1 << 20);
    assert!(share.take(6_001).is_ok());
}

#[test]
fn a_part_takes_what_its_share_may_and_gives_it_back_when_it_goes() {
    let quota = Quota::new(1_000, 0);
    let share = quota.share();
    let (one, two) = (share.part(), share.part());
    let _ = one.take(300).unwrap().keep();
    two.found(100);
    assert_eq!((one.held(), two.held(), share.held(), quota.usage().used), (300, 100, 400, 400));
    assert!(two.take(101).is_err(), "the stream would hold more than is free");
    drop(one);
    assert_eq!((share.held(), quota.usage().used), (100, 100));
    let _ = two.take(200).unwrap().keep();
    two.give_back(1_000);
    assert_eq!((two.held(), share.held(), quota.usage().used), (0, 0, 0));
}

/// A quota that was lowered below what is held: sealing that is the only way down.
#[test]
fn the_reserve_comes_on_top_of_what_was_found_beyond_the_quota() {
    let quota = Quota::new(1_000, 100);
    let share = quota.share();
    share.found(5_000);
    assert!(share.take(1).is_err());
    let reserve = share.reserve().unwrap();
    assert!(reserve.take(101).is_err());
    reserve.take(100).unwrap().keep();
    drop(reserve);
    share.give_back(5_100);
    assert_eq!(quota.usage().used, 0);
}
