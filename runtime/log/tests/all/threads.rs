//! Many callers at once.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use standpipe_log::testing::{Fault, Loss, Operation, Rng};
use standpipe_log::{Frame, Log};
use standpipe_record::Position;

use crate::support::{append, new_disk, open, opening, read, share};

const PRODUCERS: usize = 8;
const EACH: usize = 200;

#[test]
fn what_was_acknowledged_is_there_although_syncs_fail() {
    for seed in 0..10 {
        let disk = new_disk(seed);
        let log = Log::open(opening(&disk, &share(), 0, 4_000), &mut |_| {}).unwrap().0;
        let mut chance = Rng::new(seed);
        disk.fail(move |call| {
            (call.operation == Operation::Sync && chance.below(9) == 0).then_some(Fault::Io)
        });
        let kept = Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let (log, kept) = (&log, &kept);
                scope.spawn(move || {
                    for number in 0..EACH {
                        let record = format!("{producer:02} {number:04}");
                        if let Ok(span) = append(log, &[&record]) {
                            kept.lock().unwrap().insert((span.first.get(), record));
                        }
                    }
                });
            }
        });
        let kept = kept.into_inner().unwrap();
        assert!(kept.len() > EACH);
        let found = disk.crash(&mut Rng::new(seed), Loss::Random);
        let records = read(&open(&found, 0).unwrap().0, 0).unwrap();
        for (position, record) in &kept {
            assert_eq!(records.get(*position as usize), Some(record), "seed {seed}");
        }
        let distinct: BTreeSet<_> = records.iter().collect();
        assert_eq!(distinct.len(), records.len(), "a record is there twice");
    }
}

#[test]
fn a_reader_that_releases_sees_every_record_once() {
    let disk = new_disk(0);
    let share = share();
    let log = Log::open(opening(&disk, &share, 0, 2_000), &mut |_| {}).unwrap().0;
    let total = (PRODUCERS * EACH) as u64;
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let log = &log;
            scope.spawn(move || {
                for number in 0..EACH {
                    append(log, &[&format!("{producer} {number}")]).unwrap();
                }
            });
        }
        let mut reader = log.reader(Position::ZERO);
        let mut frame = Frame::new();
        while reader.position().get() < total {
            if !reader.next(&mut frame).unwrap() {
                log.wait(reader.position(), Duration::from_secs(10));
                continue;
            }
            seen.extend(frame.batch().iter().map(<[u8]>::to_vec));
            if seen.len() % 7 == 0 {
                log.release(reader.position()).unwrap();
                log.rest().unwrap();
                reader.rest();
            }
        }
    });
    assert_eq!(seen.len() as u64, total);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len() as u64, total);
    log.release(Position::new(total)).unwrap();
    log.rest().unwrap();
    assert_eq!(share.held(), 0);
}

#[test]
fn waiting_ends_with_records_a_call_or_time() {
    let log = open(&new_disk(0), 0).unwrap().0;
    let long = Duration::from_secs(60);
    assert_eq!(log.wait(Position::ZERO, Duration::from_millis(1)), Position::ZERO);
    log.wake();
    assert_eq!(log.wait(Position::ZERO, long), Position::ZERO);
    std::thread::scope(|scope| {
        scope.spawn(|| append(&log, &["a"]).unwrap());
        assert_eq!(log.wait(Position::ZERO, long), Position::new(1));
        scope.spawn(|| log.wake());
        assert_eq!(log.wait(Position::new(1), long), Position::new(1));
    });
}

#[test]
fn who_listens_hears_of_every_move_and_may_use_the_log() {
    static HEARD: AtomicU64 = AtomicU64::new(0);
    static READ: AtomicBool = AtomicBool::new(false);
    let disk = new_disk(0);
    let log = Log::open(opening(&disk, &share(), 0, 1), &mut |_| {}).unwrap().0;
    let inner = log.clone();
    assert!(log.on_durable(move |end| {
        HEARD.fetch_max(end.get(), Ordering::Relaxed);
        READ.store(!read(&inner, 0).unwrap().is_empty(), Ordering::Relaxed);
        inner.rest().unwrap();
    }));
    assert!(!log.on_durable(|_| {}));
    append(&log, &["a"]).unwrap();
    assert_eq!(HEARD.load(Ordering::Relaxed), 1);
    assert!(READ.load(Ordering::Relaxed));
    // The second write begins a segment and makes the first durable on its way.
    let batch = crate::support::batch(&["b"]);
    let _ = log.write(&standpipe_log::Append::new(batch.view())).unwrap();
    let span = log.write(&standpipe_log::Append::new(batch.view())).unwrap();
    assert_eq!(HEARD.load(Ordering::Relaxed), 2);
    log.sync(span).unwrap();
    assert_eq!(HEARD.load(Ordering::Relaxed), 3);
}
