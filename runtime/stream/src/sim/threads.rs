//! A whole stream with its threads: intake, turning and keeping, on a disk that fails once, at each operation in turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use standpipe_format::{Compression, Delimiter, Prefixes};
use standpipe_log::Quota;
use standpipe_log::testing::{Fault, MemoryDisk, Operation};
use standpipe_record::SystemClock;
use standpipe_sink::testing::Memory;

use crate::home::Home;
use crate::{Plan, Stop, Stream, Workers};

/// Lines of the file, of which a read takes about a fifth: a group has several frames and segments.
const LINES: usize = 900;
/// Far longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn plan(file: PathBuf, sink: &Arc<Memory>) -> Plan {
    Plan {
        name: "s".into(),
        metrics: Arc::default(),
        concurrency: 2,
        sources: vec![file],
        lanes: 2,
        plugins: Vec::new(),
        prefixes: Prefixes::parse(Some("out/"), Some("failed/")).unwrap(),
        bucket: "b".into(),
        compression: Compression::None,
        size: 200_000,
        interval: Duration::from_secs(60),
        delimiter: Delimiter::Newline,
        sink: Arc::clone(sink) as Arc<dyn standpipe_sink::Sink>,
        clock: Arc::new(SystemClock),
    }
}

/// Runs the stream to its end. Returns how often each line was delivered, and the operations of the disk.
fn run(file: &std::path::Path, disk: MemoryDisk) -> (BTreeMap<String, u32>, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let workers = Workers::new(runtime.handle().clone(), 2, 1 << 20, None).unwrap();
    let sink = Arc::new(Memory::new());
    let home = Home {
        disk: Arc::new(disk.clone()),
        folder: PathBuf::from("streams/s"),
        state: 7,
        incarnation: 9,
        share: Quota::new(1 << 30, 1 << 20).share(),
        segment_bytes: 150_000,
        prepared: AtomicBool::new(false),
    };
    let (tell, ended) = mpsc::channel();
    let on_end = move |how| drop(tell.send(how));
    let _stream =
        Stream::start(Arc::new(plan(file.to_owned(), &sink)), home, &workers, &Stop::default(), on_end);
    ended.recv_timeout(PATIENCE).expect("it ends").expect("it ends well");
    let mut lines = BTreeMap::new();
    for object in sink.objects() {
        for line in std::str::from_utf8(&object.body).unwrap().lines() {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }
    (lines, disk.operations())
}

#[test]
fn a_disk_that_fails_once_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.log");
    let lines: Vec<String> = (0..LINES).map(|number| format!("{number:04}{}", "x".repeat(1_000))).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let want: BTreeMap<String, u32> = lines.into_iter().map(|line| (line, 1)).collect();
    let (undisturbed, operations) = run(&file, MemoryDisk::new(0));
    assert_eq!(undisturbed.len(), want.len());

    // Which thread does which operation when is never the same twice, so one run does not repeat another.
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= operations {
                        return;
                    }
                    let fault = if at.is_multiple_of(3) { Fault::NoSpace } else { Fault::Io };
                    let disk = MemoryDisk::new(at);
                    disk.fail(move |call| {
                        let spared = matches!(call.operation, Operation::Free | Operation::List);
                        (call.number == at && !spared).then_some(fault)
                    });
                    let (got, _) = run(&file, disk);
                    let wrong: Vec<_> = want
                        .keys()
                        .filter(|line| got.get(*line) != Some(&1))
                        .map(|line| (line.get(..4), got.get(line)))
                        .collect();
                    assert!(wrong.is_empty() && got.len() == want.len(), "{fault:?} at {at}: {wrong:?}");
                }
            });
        }
    });
}
