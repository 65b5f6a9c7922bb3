use std::collections::BTreeSet;
use std::time::Duration;

use standpipe_stream::{Amount, BackupReading, DeliveryReading, Level, PluginReading, PutReading, Trouble};

use super::super::table::Row;
use super::*;

const README: &str = include_str!("../../../../README.md");
const GOLDEN: &str = include_str!("golden.txt");

fn amount(count: u64, bytes: u64) -> Amount {
    Amount { count, bytes }
}

/// `count` times of about 2ⁿ⁻¹ ms.
fn times(place: usize, count: u64, sum_ms: u64) -> Times {
    let mut times = Times { sum: Duration::from_millis(sum_ms), ..Times::default() };
    times.counts[place] = count;
    times
}

fn reading() -> Reading {
    let put = |count, bytes, times| PutReading { records: amount(count, bytes), times };
    let mut delivered = times(6, 4, 200);
    delivered.counts[23] = 1;
    Reading {
        puts: BTreeMap::from([
            (PutKind::PutRecord, put(3, 30, times(0, 3, 1))),
            (PutKind::PutRecordBatch, put(500, 5_000, times(4, 2, 20))),
            (PutKind::Records, put(0, 0, Times::default())),
        ]),
        throttled_records: 1,
        forgotten_answers: 2,
        read: amount(503, 5_030),
        outputs: amount(480, 9_600),
        dropped: 13,
        failed: 10,
        plugins: PluginReading { calls: 31, good_calls: 30, cpu: Duration::from_millis(1_250) },
        deliveries: DeliveryReading {
            objects: amount(5, 700),
            records: 490,
            tries: 9,
            refused: 4,
            throttled: 3,
            times: delivered,
        },
        backup: BackupReading { objects: amount(4, 44), records: 40 },
        partitions: Some(Level { total: 500, used: 7 }),
        refused_partitions: 8,
        open: amount(2, 77),
        sealed: amount(6, 88),
        oldest_ms: Some(7_500),
        trouble: Some(Trouble { since_ms: 1, message: "no such bucket".into(), to_mend: true }),
    }
}

fn snapshot() -> Snapshot {
    Snapshot {
        streams: BTreeMap::from([("web".to_owned(), reading())]),
        shared: HostReading {
            quota: Some(Level { total: 1_000, used: 100 }),
            memory: Some(Level { total: 2_000, used: 200 }),
        },
        host: HostFigures {
            connections: 4,
            connections_most: 40,
            memory_used: 5,
            memory_most: 50,
            refused_requests: 6,
            streams: vec![("web".into(), true), ("down".into(), false)],
        },
        now_ms: 10_000,
    }
}

/// The names of metrics in a text, without the suffixes that parts of a histogram have.
fn names(text: &str) -> BTreeSet<String> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let name = line.split(['{', ' ']).next().unwrap();
            let parts = ["_bucket", "_sum", "_count"];
            let of = parts
                .iter()
                .find_map(|part| name.strip_suffix(part))
                .filter(|of| METRICS.iter().any(|row| row.name == *of && row.kind == MetricType::Histogram));
            of.unwrap_or(name).to_owned()
        })
        .collect()
}

/// What a row is in the README.
fn markdown(row: &Row) -> String {
    let cloudwatch = match row.cloudwatch {
        [] => "–".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    format!("| `{}` | {cloudwatch} | {} | {} |", row.name, row.unit, row.meaning)
}

#[test]
fn the_whole_text() {
    let text = text(snapshot());
    assert!(text == GOLDEN, "golden.txt is to have:\n{text}");
}

#[test]
fn each_name_of_the_table_is_in_the_text_and_the_other_way_round() {
    let table: BTreeSet<_> = METRICS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(table.len(), METRICS.len());
    assert_eq!(names(&text(snapshot())), table);
    let typed = |row: &Row| format!("\n# TYPE {} {}\n", row.name, row.kind.as_str());
    assert!(METRICS.iter().all(|row| text(snapshot()).contains(&typed(row))));
}

#[test]
fn the_readme_has_the_same_table() {
    let section = README.split("\n## ").find(|section| section.starts_with("Metrics\n")).unwrap_or_default();
    let told: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let meant: Vec<_> = METRICS.iter().map(markdown).collect();
    assert!(told == meant, "the README's table of metrics is to be:\n{}", meant.join("\n"));
}

#[test]
fn names_are_as_prometheus_wants_them() {
    for Row { name, kind, unit, meaning, .. } in METRICS {
        let rest = name.strip_prefix("standpipe_").unwrap_or_else(|| panic!("{name}"));
        let words: Vec<_> = rest.split('_').collect();
        let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(words.iter().all(is_word), "{name}");
        let last = *words.last().unwrap();
        assert_eq!(last == "total", *kind == MetricType::Counter, "{name}");
        assert!(!["bucket", "count", "created", "info", "sum"].contains(&last), "{name}");
        // Base units, and where there is one, its name ends the metric's, or stands before `total`.
        let named = words.iter().rev().find(|word| **word != "total").unwrap();
        for base in ["bytes", "seconds"] {
            assert_eq!(*named == base, *unit == base, "{name}");
        }
        assert!(!meaning.contains(['\n', '\\', '|', '"']) && !meaning.ends_with('.'), "{meaning}");
    }
}

#[test]
fn what_is_read_is_shown_for_each_stream() {
    let metrics = Metrics::default();
    metrics.stream("b").note_put(PutKind::Records, 3, 30, Duration::from_millis(2));
    metrics.stream("a").note_throttled(9);
    let host = HostFigures { streams: vec![("a".into(), true)], ..HostFigures::default() };
    let text = render(&metrics, &host, 1);
    for line in [
        "standpipe_put_records_total{stream=\"a\",operation=\"Records\"} 0",
        "standpipe_put_records_total{stream=\"b\",operation=\"Records\"} 3",
        "standpipe_put_duration_seconds_sum{stream=\"b\",operation=\"Records\"} 0.002",
        "standpipe_throttled_records_total{stream=\"a\"} 9",
        "standpipe_data_freshness_seconds{stream=\"a\"} 0.0",
        "standpipe_stream_up{stream=\"a\"} 1",
        "standpipe_connections 0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    assert!(!text.contains("quota"), "nobody watches it: {text}");
}

#[test]
fn a_name_that_cannot_be_is_escaped_all_the_same() {
    let mut snapshot = snapshot();
    snapshot.streams = BTreeMap::from([("a\"b\\c\nd".to_owned(), reading())]);
    let text = text(snapshot);
    assert!(text.contains("standpipe_sealed_files{stream=\"a\\\"b\\\\c\\nd\"} 6\n"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("# ") || line.starts_with("standpipe_")), "{text}");
}

#[test]
fn the_bounds_of_times_are_those_that_are_counted() {
    let bounds: Vec<_> = Times::default().buckets().filter_map(|(bound, _)| bound).collect();
    for bound in BOUNDS_MS {
        assert!(bounds.iter().any(|known| known.as_millis() == bound), "{bound}");
    }
    let shown = buckets(&times(5, 3, 60));
    assert_eq!(shown.len(), BOUNDS_MS.len() + 1);
    assert_eq!(shown.iter().filter(|(_, count)| *count > 0).copied().collect::<Vec<_>>(), [(0.064, 3)]);
    assert_eq!(buckets(&times(23, 2, 1 << 24)).last(), Some(&(f64::INFINITY, 2)));
}
