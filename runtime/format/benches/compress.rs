//! What each compression costs (time of the processor) and gives, level by level: `cargo bench -p standpipe-format --bench compress`. Over the
//! file that `STANDPIPE_BENCH_FILE` names, or over lines made up to look like an access log.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use standpipe_format::{Compression, Compressor, Level};

/// How much is put into an object, which is what Firehose buffers unless it is told otherwise.
const OBJECT: usize = 5 << 20;
/// How much made-up lines there are.
const LINES: usize = 20 << 20;

fn main() {
    let (what, bytes) = match std::env::var_os("STANDPIPE_BENCH_FILE") {
        Some(path) => {
            let bytes = std::fs::read(&path).expect("`STANDPIPE_BENCH_FILE` names a file");
            (path.to_string_lossy().into_owned(), bytes)
        }
        None => ("made-up lines".to_owned(), lines(LINES)),
    };
    let megabytes = bytes.len() as f64 / 1e6;
    println!("{what}: {megabytes:.1} MB in objects of {} MiB", OBJECT >> 20);
    println!("{:<16} {:>5} {:>12} {:>8}", "compression", "level", "ms per MB", "ratio");
    for compression in Compression::ALL {
        let levels: Vec<Level> = (1..=19).filter_map(|level| Level::new(compression, level).ok()).collect();
        let levels = if levels.is_empty() { vec![Level::default()] } else { levels };
        for level in levels {
            let mut compressor = Compressor::new(compression, level);
            let mut size = 0;
            let time = best(|| size = compressed(&mut compressor, &bytes, OBJECT));
            let ratio = bytes.len() as f64 / size as f64;
            let ms = time.as_secs_f64() * 1e3 / megabytes;
            let number = level.number(compression);
            let number = if number == 0 { "-".to_owned() } else { number.to_string() };
            println!("{:<16} {number:>5} {ms:>12.2} {ratio:>8.2}", compression.name());
        }
    }
    small(&bytes);
}

/// Many small objects, with one compressor for all and with one for each.
fn small(bytes: &[u8]) {
    const SMALL: usize = 4 << 10;
    let bytes = bytes.get(..bytes.len().min(4 << 20)).unwrap_or_default();
    let objects = bytes.len().div_ceil(SMALL).max(1) as f64;
    println!("\n{:<16} {:>22} {:>14}", "objects of 4 KiB", "µs with one compressor", "µs with many");
    for compression in Compression::ALL {
        let level = Level::default();
        let mut compressor = Compressor::new(compression, level);
        let one = best(|| {
            compressed(&mut compressor, bytes, SMALL);
        });
        let many = best(|| {
            for object in bytes.chunks(SMALL) {
                compressed(&mut Compressor::new(compression, level), object, SMALL);
            }
        });
        let [one, many] = [one, many].map(|time| time.as_secs_f64() * 1e6 / objects);
        println!("{:<16} {one:>22.1} {many:>14.1}", compression.name());
    }
}

/// How much `bytes` come to in objects that hold so much of them each.
fn compressed(compressor: &mut Compressor, bytes: &[u8], object: usize) -> usize {
    let mut size = 0;
    for bytes in bytes.chunks(object) {
        let mut encoder = compressor.object(0, Some(bytes.len() as u64), Vec::new());
        // As much as a batch has.
        for piece in bytes.chunks(1 << 20) {
            encoder.write(piece);
        }
        size += black_box(encoder.finish()).len();
    }
    size
}

/// The shortest of several runs, in time that the thread ran.
fn best(mut run: impl FnMut()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default();
    let mut time = || {
        let start = now();
        run();
        now() - start
    };
    let first = time();
    let more = if first > Duration::from_secs(1) { 1 } else { 6 };
    (0..more).map(|_| time()).min().map_or(first, |best| best.min(first))
}

fn lines(bytes: usize) -> Vec<u8> {
    const AGENTS: [&str; 3] =
        ["Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "Mozilla/5.0 (compatible; bot/2.1)"];
    let mut state = 1u64;
    // The constants are those of a linear congruential generator, MMIX's.
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut out = Vec::new();
    let mut second = 0;
    while out.len() < bytes {
        second += next(3);
        let agent = AGENTS.get(usize::try_from(next(3)).unwrap_or_default()).copied().unwrap_or_default();
        let line = format!(
            "10.{}.{}.{} - - [10/Sep/2026:{:02}:{:02}:{:02} +0000] \"GET /item/{}?page={} HTTP/1.1\" {} {} \"-\" \"{agent}\"\n",
            next(4),
            next(20),
            next(250),
            second / 3_600 % 24,
            second / 60 % 60,
            second % 60,
            next(5_000),
            next(10),
            [200, 200, 200, 304, 404]
                .get(usize::try_from(next(5)).unwrap_or_default())
                .copied()
                .unwrap_or(200),
            next(90_000),
        );
        out.extend_from_slice(line.as_bytes());
    }
    out
}
