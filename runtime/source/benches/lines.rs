//! Lines into a batch against the same loop written by hand: `cargo bench -p standpipe-source`.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::io::Read;
use std::time::{Duration, Instant};

use memchr::memchr_iter;
use standpipe_record::{Batch, SystemClock};
use standpipe_source::{Lines, Step};

const LINES: usize = 1 << 17;

fn main() {
    for bytes in [30, 230, 2_000] {
        let input = text(bytes);
        let find = best(|| search(&input));
        let copy = best(|| columns(&input));
        let lines = best(|| records(&input));
        println!(
            "lines of {bytes:>4} bytes: {:>6.1} ns each, {:>5.2} GB/s, {:.2} x reading and searching, {:.2} x with copies",
            lines.as_nanos() as f64 / LINES as f64,
            input.len() as f64 / lines.as_nanos() as f64,
            lines.as_secs_f64() / find.as_secs_f64(),
            lines.as_secs_f64() / copy.as_secs_f64(),
        );
    }
}

/// Lines of about `bytes` bytes.
fn text(bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for line in 0..LINES {
        out.extend(std::iter::repeat_n(b'x', bytes * 3 / 4 + line * 7 % (bytes / 2)));
        out.push(b'\n');
    }
    out
}

/// What `Lines` does.
fn records(mut input: &[u8]) -> usize {
    let mut lines = Lines::new(&mut input);
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    let mut count = 0;
    while lines.read(&mut batch, &mut refused, &SystemClock).is_ok_and(|step| step == Step::More) {
        count += black_box(&batch).len();
        batch.clear();
    }
    count
}

/// A loop that reads and finds newlines, and does nothing with them.
fn search(input: &[u8]) -> usize {
    by_hand(input, |piece| memchr_iter(b'\n', piece).map(|end| usize::from(end != usize::MAX)).sum())
}

/// The same, with each line copied into columns as a batch has them.
fn columns(input: &[u8]) -> usize {
    let (mut payload, mut ends, mut arrivals) = (Vec::new(), Vec::new(), Vec::new());
    by_hand(input, |piece| {
        payload.clear();
        ends.clear();
        arrivals.clear();
        let mut start = 0;
        for end in memchr_iter(b'\n', piece) {
            payload.extend_from_slice(piece.get(start..end).unwrap_or_default());
            ends.push(u32::try_from(payload.len()).unwrap_or_default());
            arrivals.push(7_u64);
            start = end + 1;
        }
        black_box((&payload, &ends, &arrivals)).1.len()
    })
}

/// Reads `input` into one buffer of 1 MiB, without care for lines that two reads share.
fn by_hand(mut input: &[u8], mut each: impl FnMut(&[u8]) -> usize) -> usize {
    let mut buffer = vec![0; 1 << 20];
    let mut count = 0;
    while let Ok(read @ 1..) = input.read(&mut buffer) {
        count += each(buffer.get(..read).unwrap_or_default());
    }
    count
}

/// The shortest of several runs, to leave out what else the machine did.
fn best(mut run: impl FnMut() -> usize) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..15 {
        let start = Instant::now();
        black_box(run());
        best = best.min(start.elapsed());
    }
    best
}
