//! Laying records into a buffer against one plain copy of the same payload, and gzip beside it:
//! `cargo bench -p standpipe-format`.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use standpipe_format::{Compression, Compressor, Delimiter, Level, append_records};
use standpipe_record::Batch;

const RECORDS: usize = 4_096;
const BYTES: usize = 230;

fn main() {
    let bare = batch(|_| false);
    let ended = batch(|_| true);
    let mixed = batch(|record| record % 2 == 0);
    let mut out = Vec::with_capacity(2 * RECORDS * (BYTES + 1));
    let copy = best(|| {
        out.clear();
        out.extend_from_slice(bare.payload());
        black_box(&out);
    });
    report("one copy of the payload", copy, copy);
    for (what, batch) in
        [("no record ends in a newline", &bare), ("every second does", &mixed), ("all do", &ended)]
    {
        let time = best(|| {
            out.clear();
            append_records(&mut out, batch.view(), Delimiter::Newline);
            black_box(&out);
        });
        report(what, time, copy);
    }
    let mut compressor = Compressor::new(Compression::Gzip, Level::default());
    let gzip = best(|| {
        let mut encoder = compressor.object(0, None, Vec::new());
        encoder.write(&out);
        black_box(encoder.finish());
    });
    report("gzip of it", gzip, copy);
}

/// Records of text that look a little like log lines.
fn batch(ends_in_newline: impl Fn(usize) -> bool) -> Batch {
    let mut batch = Batch::new();
    for number in 0..RECORDS {
        let mut record = format!("10.0.{}.{} - - \"GET /page/{number}\" 200 ", number % 7, number % 251);
        while record.len() < BYTES - 1 {
            record.push(char::from(b'a' + u8::try_from((number * record.len()) % 26).unwrap_or_default()));
        }
        record.push(if ends_in_newline(number) { '\n' } else { '.' });
        batch.push(record.as_bytes(), 0).expect("it is far below 4 GiB");
    }
    batch
}

/// The shortest of many runs, to leave out what else the machine did.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..200).map(|_| time(&mut run)).min().unwrap_or_default()
}

fn report(what: &str, time: Duration, copy: Duration) {
    let record = time.as_nanos() as f64 / RECORDS as f64;
    let ratio = time.as_secs_f64() / copy.as_secs_f64();
    println!("{what:<30} {record:>8.1} ns a record {ratio:>8.2} x");
}
