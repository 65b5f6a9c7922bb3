use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use standpipe_record::{Clock, SystemClock};
use standpipe_sink::Sink;
use standpipe_sink::testing::Memory;
use tempfile::TempDir;

use super::*;
use crate::plan::Source;

/// Far longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host on a folder, and who ended by itself.
struct Host {
    streams: Streams,
    stop: Stop,
    sink: Arc<Memory>,
    ends: Receiver<String>,
    _folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Host {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let workers = Workers::new(runtime.handle().clone(), 2, 1 << 20, None).unwrap();
        let (folder, stop) = (tempfile::tempdir().unwrap(), Stop::default());
        let state = State::open(folder.path(), Some(1 << 30)).unwrap();
        let (tell, ends) = channel();
        let streams = Streams::new(state, workers, stop.clone(), move |plan, result| {
            result.unwrap();
            drop(tell.send(plan.name.clone()));
        });
        Self { streams, stop, sink: Arc::default(), ends, _folder: folder, _runtime: runtime }
    }

    fn plan(&self, name: &str, prefix: &str) -> Plan {
        crate::plan::testing::plan(name, prefix, Arc::clone(&self.sink) as Arc<dyn Sink>)
    }

    fn put(&self, stream: &str, line: &str) -> Option<Result<Put, PutError>> {
        put(&self.streams, stream, line)
    }

    /// Stops all streams, and delivers what they hold. How often each line was delivered.
    fn drain(self) -> BTreeMap<String, u32> {
        let names: Vec<String> = self.streams.plans().iter().map(|plan| plan.name.clone()).collect();
        self.streams
            .change(
                names
                    .iter()
                    .map(|name| Plan {
                        source: Source::Files(vec![PathBuf::from("/dev/null")]),
                        ..self.plan(name, "rest/")
                    })
                    .collect(),
            )
            .unwrap();
        for _ in &names {
            self.ends.recv_timeout(PATIENCE).expect("it ends");
        }
        let mut lines = BTreeMap::new();
        for object in self.sink.objects() {
            for line in std::str::from_utf8(&object.body).unwrap().lines() {
                *lines.entry(line.to_owned()).or_default() += 1;
            }
        }
        lines
    }
}

fn put(streams: &Streams, stream: &str, line: &str) -> Option<Result<Put, PutError>> {
    let mut records = Batch::new();
    records.push(format!("{line}\n").as_bytes(), SystemClock.now_ms()).unwrap();
    streams.put(stream, &records, None)
}

#[test]
fn streams_change_under_load_and_no_record_is_refused_lost_or_doubled() {
    let host = Host::new();
    host.streams.start(Arc::new(host.plan("web", "0/"))).unwrap();
    let (over, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for client in 0..4 {
            let (streams, over, sent) = (&host.streams, &over, &sent);
            scope.spawn(move || {
                for number in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let line = format!("{client} {number} {}", "x".repeat(500));
                    put(streams, "web", &line).unwrap().expect("no put is refused");
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 1..=10 {
            let before = sent.load(Ordering::Relaxed);
            let changes = host.streams.change(vec![host.plan("web", &format!("{round}/"))]).unwrap();
            assert_eq!(changes, Changes { changed: vec!["web".into()], ..Changes::default() });
            while sent.load(Ordering::Relaxed) < before + 20 {
                std::thread::yield_now();
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    let sent = sent.into_inner();
    let lines = host.drain();
    assert!(lines.values().all(|times| *times == 1));
    assert_eq!(lines.len() as u64, sent);
}

#[test]
fn what_is_as_it_was_is_not_touched_and_what_holds_records_is_not_removed() {
    let host = Host::new();
    let unchanged = Changes::default();
    for name in ["empty", "full"] {
        host.streams.start(Arc::new(host.plan(name, "p/"))).unwrap();
    }
    let both = || vec![host.plan("empty", "p/"), host.plan("full", "p/")];
    assert_eq!(host.streams.change(both()).unwrap(), unchanged);
    host.put("full", "kept").unwrap().unwrap();
    let refused = host.streams.change(vec![host.plan("empty", "p/")]).unwrap_err();
    assert!(refused.to_string().contains("stream `full` is not in the config"), "{refused}");
    host.put("full", "more").unwrap().unwrap();
    let removed = host.streams.change(vec![host.plan("full", "p/"), host.plan("new", "p/")]).unwrap();
    assert_eq!(
        (removed.added, removed.changed, removed.removed),
        (vec!["new".into()], vec![], vec!["empty".into()])
    );
    assert!(host.put("empty", "too late").is_none());
    host.put("new", "new").unwrap().unwrap();
    let want = ["kept", "more", "new"].map(|line| (line.to_owned(), 1));
    assert_eq!(host.drain(), want.into());
}

#[test]
fn a_repeat_has_its_answer_from_the_stream_that_took_the_place() {
    let host = Host::new();
    host.streams.start(Arc::new(host.plan("web", "a/"))).unwrap();
    let mut records = Batch::new();
    records.push(b"once\n", SystemClock.now_ms()).unwrap();
    let id = Some(RequestId([7; 16]));
    let first = host.streams.put("web", &records, id).unwrap().unwrap();
    host.streams.change(vec![host.plan("web", "b/")]).unwrap();
    let again = host.streams.put("web", &records, id).unwrap().unwrap();
    assert_eq!((again.accepted, again.ids), (first.accepted, first.ids));
    assert_eq!(host.drain(), [("once".to_owned(), 1)].into());
}

#[test]
fn a_host_that_stops_refuses_records_and_tells_of_each_stream() {
    let host = Host::new();
    host.streams.start(Arc::new(host.plan("web", "a/"))).unwrap();
    host.put("web", "kept").unwrap().unwrap();
    host.stop.ask(PATIENCE);
    assert_eq!(host.ends.recv_timeout(PATIENCE).unwrap(), "web");
    assert!(matches!(host.put("web", "late"), Some(Err(PutError::Ended))));
    assert_eq!(host.streams.health(), [("web".to_owned(), Health::Ended)]);
}

#[test]
fn a_stream_that_discards_runs_its_records_and_delivers_none() {
    let host = Host::new();
    host.streams.start(Arc::new(Plan { discards: true, ..host.plan("null", "a/") })).unwrap();
    let first = host.put("null", "one").unwrap().unwrap();
    let second = host.put("null", "two").unwrap().unwrap();
    assert_ne!(first.ids.id(0), second.ids.id(0));
    let refused = host.streams.change(vec![host.plan("null", "a/")]).unwrap_err();
    assert!(refused.to_string().contains("begins or ends to discard"), "{refused}");
    let plan = host.streams.plan("null").unwrap();
    // What is not run by then stays in the log.
    while plan.metrics.totals().outputs < 2 {
        std::thread::yield_now();
    }
    host.stop.ask(PATIENCE);
    host.ends.recv_timeout(PATIENCE).unwrap();
    assert_eq!((plan.metrics.totals().outputs, host.sink.objects().len()), (2, 0));
    host.streams.state().holds_nothing("null").unwrap();
}
