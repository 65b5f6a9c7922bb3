//! Taking records apart, by sub-record and by byte, with one plain copy and serde_json beside it:
//! `cargo bench -p standpipe-format --bench split`.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use serde::de::IgnoredAny;
use standpipe_format::split::{CloudWatchLogs, Deaggregate, Parts, Rules, Splitter};

/// What de-aggregation makes of one record at most.
const SUB_RECORDS: usize = 500;

fn main() {
    let short: Vec<String> = (0..SUB_RECORDS).map(|number| document(number, 0)).collect();
    let long: Vec<String> = (0..SUB_RECORDS).map(|number| document(number, 1_600)).collect();
    for (size, documents) in [("short", &short), ("long", &long)] {
        let lines = documents.join("\n").into_bytes();
        let copy = best(|| {
            black_box(black_box(&lines[..]).to_vec());
        });
        report(&format!("{size}: one copy"), copy, lines.len());
        let oracle = best(|| {
            let stream = serde_json::Deserializer::from_slice(black_box(&lines)).into_iter::<IgnoredAny>();
            black_box(stream.filter(Result::is_ok).count());
        });
        report(&format!("{size}: serde_json, ignored"), oracle, lines.len());
        let json = Rules { deaggregate: Some(Deaggregate::Json), ..Rules::default() };
        measure(&format!("{size}: json"), json, &lines);
        let newline = Deaggregate::delimited(b"\n").ok();
        measure(&format!("{size}: delimited"), Rules { deaggregate: newline, ..Rules::default() }, &lines);
        measure(&format!("{size}: kpl"), Rules { kpl: true, ..Rules::default() }, &aggregate(documents));
        let logs = envelope(documents);
        for (what, wanted) in
            [("envelopes", CloudWatchLogs::Envelopes), ("messages", CloudWatchLogs::Messages)]
        {
            let rules = Rules { cloudwatch_logs: Some(wanted), ..Rules::default() };
            measure(&format!("{size}: cloudwatch {what}"), rules, &logs);
        }
    }
}

/// An event as services write them, `text` bytes longer.
fn document(number: usize, text: usize) -> String {
    let text = "lorem \\\"ipsum\\\" dolor sit amet, consectetur adipiscing elit ".repeat(text / 64);
    format!(
        r#"{{"time":"2026-11-26T08:{:02}:{:02}.113Z","level":"info","request":{{"id":"{number:032x}","path":"/page/{number}","status":200,"ms":{}.25,"bot":false}},"tags":["web","eu-central-1",null],"message":"served {text}"}}"#,
        number % 60,
        number % 59,
        number % 97
    )
}

fn aggregate(documents: &[String]) -> Vec<u8> {
    let mut message = b"\x0a\x03key".to_vec();
    let field = |out: &mut Vec<u8>, tag: u8, bytes: &[u8]| {
        out.push(tag);
        let mut length = bytes.len();
        while length >= 0x80 {
            out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        out.push(u8::try_from(length).unwrap_or_default());
        out.extend_from_slice(bytes);
    };
    for document in documents {
        let mut record = vec![0x08, 0];
        field(&mut record, 0x1a, document.as_bytes());
        field(&mut message, 0x1a, &record);
    }
    let digest = Md5::digest(&message);
    [&[0xf3, 0x89, 0x9a, 0xc2], &message[..], &digest[..]].concat()
}

fn envelope(documents: &[String]) -> Vec<u8> {
    let mut json = String::from(
        r#"{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],"logEvents":["#,
    );
    for (number, document) in documents.iter().enumerate() {
        let comma = if number > 0 { "," } else { "" };
        let message = serde_json::Value::from(document.as_str());
        let _ =
            write!(json, r#"{comma}{{"id":"{number:056}","timestamp":1510109208016,"message":{message}}}"#);
    }
    json.push_str("]}");
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    gzip.write_all(json.as_bytes()).expect("a vector takes all bytes");
    gzip.finish().expect("a vector takes all bytes")
}

fn measure(what: &str, rules: Rules, record: &[u8]) {
    let mut splitter = Splitter::new(rules);
    let mut parts = Parts::new();
    let time = best(|| {
        parts.clear();
        splitter.split(black_box(record), &mut parts);
        black_box(&parts);
    });
    assert!(parts.failed().is_empty(), "{:?}", parts.failed());
    report(what, time, parts.payload().len());
}

/// The shortest of many runs, to leave out what else the machine did.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..300).map(|_| time(&mut run)).min().unwrap_or_default()
}

/// Bytes are those that came out.
fn report(what: &str, time: Duration, bytes: usize) {
    let sub_record = time.as_nanos() as f64 / SUB_RECORDS as f64;
    let rate = bytes as f64 / time.as_secs_f64() / 1e6;
    println!("{what:<32} {sub_record:>8.1} ns a sub-record {rate:>8.0} MB/s");
}
