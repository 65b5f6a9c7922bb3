use std::sync::mpsc;

use standpipe_plugin::Host;

use super::*;
use crate::{Stop, Stream, plan};

const MS: Duration = Duration::from_millis(1);

#[test]
fn quantiles_are_bounds_of_what_was_counted() {
    let histogram = Histogram::default();
    assert_eq!(histogram.read().quantile_ms(1, 2), 0);
    for ms in [0, 3, 3, 3, 900] {
        histogram.add(MS * ms);
    }
    let times = histogram.read();
    assert_eq!((times.quantile_ms(1, 2), times.quantile_ms(99, 100)), (4, 1024));
    histogram.add(Duration::from_secs(1 << 40));
    assert_eq!(histogram.read().quantile_ms(1, 1), 1 << 23);
}

#[test]
fn times_have_a_bound_a_count_and_a_sum() {
    let histogram = Histogram::default();
    for time in [MS / 4, MS, MS * 3 / 2, MS * 900, Duration::from_secs(1 << 20)] {
        histogram.add(time);
    }
    let times = histogram.read();
    let counted: Vec<_> = times.buckets().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(Some(MS), 1), (Some(2 * MS), 2), (Some(1024 * MS), 1), (None, 1)]);
    assert_eq!(times.buckets().count(), times.counts.len());
    assert_eq!((times.count(), times.sum), (5, Duration::from_micros((1 << 20) * 1_000_000 + 902_750)));
}

#[test]
fn trouble_is_news_when_it_begins_changes_or_ends() {
    let stream = StreamMetrics::default();
    let trouble = |message: &str, since_ms| Trouble { since_ms, message: message.into(), to_mend: true };
    assert!(!stream.is_news(None));
    assert!(stream.is_news(Some(("no bucket", trouble("a: no bucket", 2)))));
    assert!(!stream.is_news(Some(("no bucket", trouble("b: no bucket", 3)))));
    assert!(stream.is_news(Some(("no keys", trouble("c: no keys", 4)))));
    assert_eq!(stream.trouble(), Some(trouble("c: no keys", 2)));
    assert_eq!(stream.reading().trouble, stream.trouble());
    assert!(stream.is_news(None));
    assert_eq!(stream.trouble(), None);
}

#[test]
fn what_all_lanes_hold_and_the_oldest_of_all_places_counts() {
    let stream = StreamMetrics::default();
    assert_eq!(stream.figures().oldest_ms, None);
    let amount = |count, bytes| Amount { count, bytes };
    stream.lane(0).open.note(Some(9), amount(1, 100));
    stream.lane(1).open.note(None, amount(2, 20));
    stream.lane(1).sealed.note(Some(5), amount(3, 7));
    assert_eq!(stream.figures().oldest_ms, Some(5));
    let reading = stream.reading();
    assert_eq!((reading.open, reading.sealed, reading.oldest_ms), (amount(3, 120), amount(3, 7), Some(5)));
    stream.lane(1).sealed.note(None, Amount::default());
    set(&stream.lane(1).cut, Some(8));
    assert_eq!(stream.figures().oldest_ms, Some(8));
    for lane in [0, 1] {
        stream.lane(lane).forget_memory();
    }
    assert_eq!(stream.figures().oldest_ms, None);
    assert_eq!(stream.reading(), StreamMetrics::default().reading());
}

#[test]
fn puts_are_counted_by_their_kind() {
    let stream = StreamMetrics::default();
    stream.note_put(PutKind::PutRecord, 1, 10, MS);
    stream.note_put(PutKind::PutRecordBatch, 500, 5_000, 2 * MS);
    stream.note_put(PutKind::PutRecordBatch, 3, 30, 5 * MS);
    stream.note_throttled(7);
    let reading = stream.reading();
    assert_eq!(reading.puts.keys().copied().collect::<Vec<_>>(), PutKind::ALL);
    let batches = reading.puts[&PutKind::PutRecordBatch];
    assert_eq!(batches.records, Amount { count: 503, bytes: 5_030 });
    assert_eq!((batches.times.count(), batches.times.sum), (2, 7 * MS));
    assert_eq!(reading.puts[&PutKind::PutRecord].records, Amount { count: 1, bytes: 10 });
    assert_eq!(reading.puts[&PutKind::Records], PutReading::default());
    assert_eq!(reading.throttled_records, 7);
}

#[test]
fn deliveries_are_counted_by_how_they_end() {
    let stream = StreamMetrics::default();
    stream.delivered(Role::Destination, 4, 100, 3 * MS);
    stream.delivered(Role::Backup, 9, 900, 3 * MS);
    stream.refused(true);
    stream.refused(false);
    let deliveries = stream.reading().deliveries;
    assert_eq!((deliveries.tries, deliveries.refused, deliveries.throttled), (4, 2, 1));
    assert_eq!((deliveries.objects, deliveries.records), (Amount { count: 1, bytes: 100 }, 4));
    assert_eq!(deliveries.times.sum, 6 * MS);
    let backup = stream.reading().backup;
    assert_eq!((backup.objects, backup.records), (Amount { count: 1, bytes: 900 }, 9));
    let Figures { objects, bytes, tries, refused, throttled, .. } = stream.figures();
    assert_eq!((objects, bytes, tries, refused, throttled), (2, 1_000, 4, 2, 1));
}

#[test]
fn what_plugins_did_is_counted_once_however_often_one_looks() {
    let stream = StreamMetrics::default();
    let mut before = PluginReading::default();
    for calls in [0, 3, 3, 8] {
        let now = PluginReading { calls, good_calls: calls / 2, cpu: Duration::from_nanos(700 * calls) };
        stream.plugins(&before, &now);
        before = now;
    }
    let cpu = Duration::from_micros(5);
    assert_eq!(stream.reading().plugins, PluginReading { calls: 8, good_calls: 4, cpu });
}

#[test]
fn the_host_says_what_is_watched() {
    let metrics = Metrics::default();
    assert_eq!(metrics.host(), HostReading::default());
    let quota = Quota::new(1_000, 100);
    let share = quota.share();
    share.found(300);
    metrics.watch_quota(quota);
    metrics.watch_memory(Budget::new(64));
    let quota = Some(Level { total: 1_000, used: 300 });
    assert_eq!(metrics.host(), HostReading { quota, memory: Some(Level { total: 64, used: 0 }) });
}

#[test]
fn a_stream_that_is_gone_is_not_shown() {
    let metrics = Metrics::default();
    metrics.stream("a").note_throttled(1);
    metrics.stream("b");
    metrics.forget("a");
    assert_eq!(metrics.readings().into_keys().collect::<Vec<_>>(), ["b"]);
    assert_eq!(metrics.stream("a").reading().throttled_records, 0);
}

#[test]
fn a_stream_counts_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let line = r#"192.0.2.1 - - [23/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5"#;
    let lines = format!("{line}\n{line}\nno such line\n{line}\n");
    std::fs::write(folder.path().join("lines"), &lines).unwrap();
    let plugin =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../blueprints/apache-log-to-json/apache-log-to-json.wasm");
    let config = format!(
        "s3.directory = \"buckets\"\nplugins.apache.source = {plugin:?}\n[streams.web]\nlanes = 1\n\
         transform = [\"apache\"]\nsource.file.path = \"lines\"\n[streams.web.destination.s3]\nbucket = \"logs\"\n\
         prefix = \"web/\"\nerror_output_prefix = \"failed/\"\n"
    );
    std::fs::write(folder.path().join("standpipe.toml"), config).unwrap();

    let metrics = Metrics::default();
    let mut file = standpipe_spec::load(&folder.path().join("standpipe.toml")).unwrap();
    let plans = plan(&mut file, &Host::new(None), &metrics);
    let plan = plans.unwrap_or_else(|| panic!("{:?}", file.findings)).1.pop().unwrap();
    let state = State::open(&folder.path().join("state"), Some(1 << 30)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let workers = Workers::new(runtime.handle().clone(), 1, 1 << 20, None).unwrap();
    metrics.watch(&state, &workers);
    let (home, stop) = (state.home("web").unwrap(), Stop::default());
    let (tell, ended) = mpsc::channel();
    let _stream = Stream::start(Arc::new(plan), home, &workers, &stop, move |how| tell.send(how).unwrap());
    ended.recv_timeout(Duration::from_secs(60)).unwrap().unwrap();

    let reading = metrics.readings().remove("web").unwrap();
    let bytes = lines.len() as u64 - 4;
    assert_eq!(reading.read, Amount { count: 4, bytes });
    assert_eq!((reading.outputs.count, reading.dropped, reading.failed), (3, 0, 1));
    assert!(reading.outputs.bytes > bytes, "{reading:?}");
    let PluginReading { calls, good_calls, cpu } = reading.plugins;
    assert!(good_calls > 0 && calls >= good_calls && cpu > Duration::ZERO, "{reading:?}");
    let DeliveryReading { objects, records, tries, refused, times, .. } = reading.deliveries;
    assert_eq!((objects.count, records, tries, refused, times.count()), (2, 4, 2, 0, 2));
    assert!(objects.bytes > 0 && times.sum > Duration::ZERO, "{reading:?}");
    assert_eq!((reading.open, reading.sealed), Default::default());
    assert_eq!((reading.oldest_ms, reading.trouble), (None, None));
    let HostReading { quota, memory } = metrics.host();
    assert_eq!(quota.map(|quota| quota.total), Some(1 << 30));
    assert_eq!(memory, Some(Level { total: 1 << 20, used: 0 }));
}
