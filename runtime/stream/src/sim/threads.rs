//! A whole stream with its threads: intake, turning and keeping, on a disk that fails once, at each operation in turn.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use standpipe_format::Delimiter;
use standpipe_log::testing::{Fault, MemoryDisk, Operation};
use standpipe_log::{Quota, RequestId};
use standpipe_record::{Batch, Clock, SystemClock};
use standpipe_sink::testing::Memory;

use crate::home::Home;
use crate::plan::{Outlet, Source};
use crate::{Accepted, Plan, Stop, Stream, Workers};

/// Lines of the file, of which a read takes about a fifth: a group has several frames and segments.
const LINES: usize = 900;
/// Far longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn plan(source: Source, sink: &Arc<Memory>) -> Plan {
    let plain = crate::plan::testing::plan("s", "out/", Arc::clone(sink) as Arc<dyn standpipe_sink::Sink>);
    let (size, interval) = (200_000, Duration::from_secs(60));
    let destination = Outlet { size, interval, delimiter: Delimiter::Newline, ..plain.destination.clone() };
    Plan { source, destination, ..plain }
}

/// A host with one stream.
struct Host {
    runtime: tokio::runtime::Runtime,
    workers: Arc<Workers>,
    sink: Arc<Memory>,
}

impl Host {
    fn new(sink: &Arc<Memory>) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let workers = Workers::new(runtime.handle().clone(), 2, 1 << 20, None).unwrap();
        Self { runtime, workers, sink: Arc::clone(sink) }
    }

    fn start(
        &self,
        source: Source,
        disk: &MemoryDisk,
        stop: &Stop,
    ) -> (Stream, mpsc::Receiver<Result<(), crate::Error>>) {
        let home = Home {
            disk: Arc::new(disk.clone()),
            folder: PathBuf::from("streams/s"),
            state: 7,
            incarnation: 9,
            share: Quota::new(1 << 30, 1 << 20).share(),
            segment_bytes: 150_000,
            prepared: AtomicBool::new(false),
            preparing: std::sync::Mutex::default(),
        };
        let (tell, ended) = mpsc::channel();
        let on_end = move |how| drop(tell.send(how));
        let stream = Stream::start(Arc::new(plan(source, &self.sink)), home, &self.workers, stop, on_end);
        (stream, ended)
    }

    /// How often each line was delivered.
    fn lines(self) -> BTreeMap<String, u32> {
        let mut lines = BTreeMap::new();
        for object in self.sink.objects() {
            for line in std::str::from_utf8(&object.body).unwrap().lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
        drop(self.runtime);
        lines
    }
}

fn end(ended: &mpsc::Receiver<Result<(), crate::Error>>) {
    ended.recv_timeout(PATIENCE).expect("it ends").expect("it ends well");
}

/// Runs a stream of a file to its end. Returns how often each line was delivered, and the operations of the disk.
fn run(file: &std::path::Path, disk: MemoryDisk) -> (BTreeMap<String, u32>, u64) {
    let host = Host::new(&Arc::default());
    let (_stream, ended) = host.start(Source::Files(vec![file.to_owned()]), &disk, &Stop::default());
    end(&ended);
    (host.lines(), disk.operations())
}

/// Fails operation `at`, once.
fn failing(at: u64) -> MemoryDisk {
    let fault = if at.is_multiple_of(3) { Fault::NoSpace } else { Fault::Io };
    let disk = MemoryDisk::new(at);
    disk.fail(move |call| {
        let spared = matches!(call.operation, Operation::Free | Operation::List);
        (call.number == at && !spared).then_some(fault)
    });
    disk
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
    at_each(operations, |at| check(at, &run(&file, failing(at)).0, &want));
}

/// Several at a time: they mostly wait.
fn at_each(operations: u64, life: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    match next.fetch_add(1, Ordering::Relaxed) {
                        at if at < operations => life(at),
                        _ => return,
                    }
                }
            });
        }
    });
}

/// Each line was delivered as often as it should be, and no other was.
fn check(at: u64, got: &BTreeMap<String, u32>, want: &BTreeMap<String, u32>) {
    let wrong = want.keys().filter(|line| got.get(*line) != want.get(*line));
    let wrong: Vec<_> = wrong.map(|line| (line.get(..4), got.get(line))).collect();
    assert!(wrong.is_empty() && got.len() == want.len(), "at {at}: {wrong:?}");
}

/// Clients that repeat a request until it is answered, and once more.
fn put(at: u64) -> (BTreeMap<String, u32>, Vec<(RequestId, Accepted)>, u64) {
    let (disk, sink) = (failing(at), Arc::default());
    let (host, stop) = (Host::new(&sink), Stop::default());
    let (stream, ended) = host.start(Source::Puts, &disk, &stop);
    let answers = std::thread::scope(|scope| {
        let clients = (0..CLIENTS).map(|client| {
            let stream = &stream;
            scope.spawn(move || (0..REQUESTS).map(|number| ask(stream, client, number)).collect::<Vec<_>>())
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    stop.ask(Duration::from_secs(20));
    end(&ended);
    drop((stream, host));
    let operations = disk.operations();
    // What is kept is delivered by the next host, which still knows the answers.
    let (host, stop) = (Host::new(&sink), Stop::default());
    let (stream, ended) = host.start(Source::Puts, &disk, &stop);
    for (id, answer) in &answers {
        assert_eq!(stream.put(&batch("a repeat is not looked at"), Some(*id)).unwrap(), *answer, "at {at}");
    }
    stop.ask(Duration::from_secs(20));
    end(&ended);
    drop((stream, host));
    let host = Host::new(&sink);
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    std::fs::write(&nothing, "").unwrap();
    let (_stream, ended) = host.start(Source::Files(vec![nothing]), &disk, &Stop::default());
    end(&ended);
    (host.lines(), answers, operations)
}

const CLIENTS: u64 = 4;
const REQUESTS: u64 = 6;

fn line(client: u64, number: u64) -> String {
    format!("{client} {number} {}", "x".repeat(30_000))
}

fn batch(line: &str) -> Batch {
    let mut batch = Batch::new();
    batch.push(line.as_bytes(), SystemClock.now_ms()).unwrap();
    batch
}

fn ask(stream: &Stream, client: u64, number: u64) -> (RequestId, Accepted) {
    let id = RequestId(u128::from(client * 1_000 + number + 1).to_be_bytes());
    let records = batch(&line(client, number));
    loop {
        if let Ok(answer) = stream.put(&records, Some(id)) {
            assert_eq!(stream.put(&records, Some(id)).unwrap(), answer);
            return (id, answer);
        }
    }
}

#[test]
fn requests_that_are_repeated_over_a_disk_that_fails_once_are_kept_once() {
    let (_, _, operations) = put(u64::MAX);
    let want: BTreeMap<String, u32> =
        (0..CLIENTS).flat_map(|client| (0..REQUESTS).map(move |number| (line(client, number), 1))).collect();
    at_each(operations, |at| check(at, &put(at).0, &want));
}
