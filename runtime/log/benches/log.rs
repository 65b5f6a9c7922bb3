//! Appending, reading back and recovering, each against plain calls on the same disk:
//! `cargo bench -p standpipe-log`.
//!
//! `STANDPIPE_BENCH_MIB` sets how much is read and recovered, `STANDPIPE_BENCH_DIR` where.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use standpipe_log::{Append, Disk, Frame, Item, Log, Open, Quota, RealDisk, Settings, Site};
use standpipe_record::{Batch, Position};

const PRODUCERS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(800);
/// What one plain call reads: as much as the log reads at once.
const CALL: usize = 256 << 10;

fn main() {
    let home =
        std::env::var_os("STANDPIPE_BENCH_DIR").map_or(env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    let mib = std::env::var("STANDPIPE_BENCH_MIB").ok().and_then(|mib| mib.parse().ok()).unwrap_or(1024);
    fs::create_dir_all(&home).expect("the folder for benchmarks can be made");
    println!(
        "{PRODUCERS} producers that sync every append, and one plain writer (write, fdatasync) in groups as large"
    );
    for (records, bytes) in [(1, 230), (100, 230), (500, 230), (1, 1_000_000)] {
        append(&home, &batch(records, bytes));
    }
    for (records, bytes) in [(100, 230), (2_000, 230)] {
        read_back(&home, &batch(records, bytes), mib);
    }
}

fn append(home: &Path, batch: &Batch) {
    let (mut ours, mut plain) = ((0, Duration::ZERO), (0, Duration::ZERO));
    let mut group = 0;
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir_in(home).expect("there is room");
        let disk = Arc::new(Counting {
            disk: RealDisk::open(folder.path()).expect("it is there"),
            syncs: Arc::default(),
        });
        let log = open(disk.clone(), Position::ZERO);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..PRODUCERS {
                scope.spawn(|| {
                    while start.elapsed() < ROUND {
                        let _ = log.append(&Append::new(batch.view())).expect("the disk works");
                    }
                });
            }
        });
        let (bytes, syncs) = (log.bytes(), disk.syncs.load(Ordering::Relaxed));
        ours = (ours.0 + bytes, ours.1 + start.elapsed());
        group = usize::try_from(bytes / syncs.max(1)).expect("a group fits into memory");
        let (bytes, time) = write_plain(folder.path(), group, bytes);
        plain = (plain.0 + bytes, plain.1 + time);
    }
    let (ours, plain) = (rate(ours), rate(plain));
    println!(
        "  {:4} records of {:7} bytes: {ours:6.1} MB/s beside {plain:6.1} MB/s in groups of {group:7} bytes: {:3.0} %, goal 60 %",
        batch.len(),
        batch.payload().len() / batch.len(),
        100.0 * ours / plain
    );
}

fn write_plain(folder: &Path, group: usize, bytes: u64) -> (u64, Duration) {
    let buffer = vec![7; group];
    let path = folder.join("plain");
    let mut file = File::create(path).expect("there is room");
    let start = Instant::now();
    let mut written = 0;
    while written < bytes && start.elapsed() < 2 * ROUND {
        file.write_all(&buffer).and_then(|()| file.sync_data()).expect("the disk works");
        written += group as u64;
    }
    (written, start.elapsed())
}

fn read_back(home: &Path, batch: &Batch, mib: u64) {
    let folder = tempfile::tempdir_in(home).expect("there is room");
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).expect("it is there"));
    let log = open(Arc::clone(&disk), Position::ZERO);
    let mut unsynced = 0;
    while log.bytes() < mib << 20 {
        let span = log.write(&Append::new(batch.view())).expect("there is room");
        unsynced += batch.payload().len();
        if unsynced > 4 << 20 {
            log.sync(span).expect("the disk works");
            unsynced = 0;
        }
    }
    let _ = log.append(&Append::new(batch.view())).expect("the disk works");
    let segments: Vec<File> = fs::read_dir(folder.path().join("log"))
        .expect("it is there")
        .map(|entry| File::open(entry.expect("it is there").path()).expect("it can be read"))
        .collect();
    let (bytes, records) = (log.bytes(), log.positions().durable.get());
    let mut plain = Duration::MAX;
    let mut back = Duration::MAX;
    let mut recovery = Duration::MAX;
    for _ in 0..ROUNDS {
        plain = plain.min(time(|| read_plain(&segments)));
        back = back.min(time(|| read_log(&log, records)));
        recovery = recovery.min(time(|| drop(open(Arc::clone(&disk), Position::ZERO))));
    }
    let gb = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e9;
    println!(
        "{} MiB in frames of {} records, {} bytes of payload",
        bytes >> 20,
        batch.len(),
        batch.payload().len()
    );
    println!("  plain read calls: {:5.2} GB/s", gb(plain));
    println!("  reading back:     {:5.2} GB/s: {:3.0} %, goal 45 %", gb(back), 100.0 * gb(back) / gb(plain));
    println!("  recovery:         {:5.2} GB/s: {:.2} ×, goal 2.5 ×", gb(recovery), gb(plain) / gb(recovery));
}

fn read_plain(segments: &[File]) {
    let mut buffer = vec![0; CALL];
    for segment in segments {
        let mut at = 0;
        loop {
            let read = segment.read_at(&mut buffer, at).expect("it can be read");
            black_box(&buffer);
            at += read as u64;
            if read == 0 {
                break;
            }
        }
    }
}

fn read_log(log: &Log, records: u64) {
    let mut reader = log.reader(Position::ZERO);
    let mut frame = Frame::new();
    while reader.next(&mut frame).expect("it can be read") {
        black_box(frame.batch());
    }
    assert_eq!(reader.position().get(), records);
}

fn open(disk: Arc<dyn Disk>, settled: Position) -> Log {
    let settings = Settings { segment_bytes: Settings::SEGMENT_BYTES, lane: 0, incarnation: 1 };
    let share = Quota::new(1 << 50, 0).share();
    Log::open(Open { disk, folder: "log".into(), settings, share, settled }, &mut |_| {})
        .expect("it is good")
        .0
}

fn batch(records: usize, bytes: usize) -> Batch {
    let mut batch = Batch::new();
    let record: Vec<u8> = (b'a'..=b'z').cycle().take(bytes).collect();
    for _ in 0..records {
        batch.push(&record, 1_700_000_000_000).expect("it is far below 4 GiB");
    }
    batch
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn rate((bytes, time): (u64, Duration)) -> f64 {
    bytes as f64 / time.as_secs_f64() / 1e6
}

/// The real disk, with a count of syncs.
#[derive(Debug)]
struct Counting {
    disk: RealDisk,
    syncs: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CountingFile(Arc<dyn standpipe_log::File>, Arc<AtomicU64>);

impl Disk for Counting {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        self.disk.list(folder)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn standpipe_log::File>> {
        Ok(Arc::new(CountingFile(self.disk.create(path)?, Arc::clone(&self.syncs))))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn standpipe_log::File>> {
        self.disk.open(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn unlink(&self, path: &Path) -> io::Result<()> {
        self.disk.unlink(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_folder(path)
    }
    fn sync_folder(&self, path: &Path, site: Site) -> io::Result<()> {
        self.disk.sync_folder(path, site)
    }
    fn free(&self) -> io::Result<u64> {
        self.disk.free()
    }
}

impl standpipe_log::File for CountingFile {
    fn write_all_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(at, bytes)
    }
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(at, into)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self, site: Site) -> io::Result<()> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.sync(site)
    }
}
