//! Decoding a batch of 500 records of 230 bytes, beside serde into owned strings and then base64.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may end with a panic, and prints its figures"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use standpipe_api::Put;

#[derive(Deserialize)]
#[allow(dead_code, reason = "what serde reads is looked at by nobody")]
struct Many {
    #[serde(rename = "DeliveryStreamName")]
    stream: String,
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Data")]
    data: String,
}

const RECORDS: usize = 500;

fn main() {
    let record = |number: usize| {
        let line = format!("{number:06} {}", "GET /index.html HTTP/1.1 200 ".repeat(8));
        format!("{{\"Data\":\"{}\"}}", STANDARD.encode(line.get(..230).unwrap()))
    };
    let records: Vec<String> = (0..RECORDS).map(record).collect();
    let body = format!("{{\"DeliveryStreamName\":\"web\",\"Records\":[{}]}}", records.join(",")).into_bytes();
    // In turns, so that both see the same machine; the best of each counts.
    let (mut ours, mut serdes) = (Duration::MAX, Duration::MAX);
    for _ in 0..400 {
        ours = ours.min(time(|| drop(black_box(Put::batch(black_box(&body)).unwrap()))));
        serdes = serdes.min(time(|| {
            let many: Many = serde_json::from_slice(black_box(&body)).unwrap();
            let records: Vec<Vec<u8>> =
                many.records.iter().map(|record| STANDARD.decode(&record.data).unwrap()).collect();
            drop(black_box(records));
        }));
    }
    let each = |time: Duration| time.as_nanos() as f64 / RECORDS as f64;
    println!(
        "ours {:.0} ns a record, serde and base64 {:.0}: {:.2} x",
        each(ours),
        each(serdes),
        serdes.as_secs_f64() / ours.as_secs_f64()
    );
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}
