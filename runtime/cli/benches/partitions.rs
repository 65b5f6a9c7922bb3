//! What dynamic partitioning costs: `cargo bench -p standpipe --bench partitions`.
//!
//! A million records of about 230 bytes over 1, 1,000 and 10,000 keys through the durable log into folders, gzip, no
//! parcel filled by its size; the key found by a plugin, and the same by jq. CPU and the most resident memory of the
//! whole process, objects and their sizes. `RECORDS=N` has another number of records, `BY=plugin` leaves jq out. Linux only.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end with a panic")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const KEYS: [u64; 3] = [1, 1_000, 10_000];

fn main() {
    let records: u64 = std::env::var("RECORDS").map_or(1_000_000, |records| records.parse().unwrap());
    let wanted = std::env::var("BY").ok();
    let folder = tempfile::tempdir().unwrap();
    let keyed = keyed();
    let mut first: Option<Figures> = None;
    for keys in KEYS {
        let log = folder.path().join("in.log");
        write(&log, records, keys);
        for by in ["plugin", "jq"].into_iter().filter(|by| wanted.as_ref().is_none_or(|wanted| wanted == by))
        {
            // Its own folder for each run, and none is removed before the end: a file system that has just lost ten
            // thousand files is slow to make others.
            let place = folder.path().join(format!("{keys}-{by}"));
            fs::create_dir(&place).unwrap();
            let figures = run(&place, &keyed, &log, by, records);
            let Figures { cpu, memory, objects, bytes } = figures;
            let first = first.get_or_insert(Figures { ..figures });
            println!(
                "{keys:6} keys by {by:6} {cpu:6.2} us a record ({:.2} x), {:4} MiB resident ({:+} MiB), {objects} objects, {:.1} MiB ({:.2} x)",
                cpu / first.cpu,
                memory >> 20,
                (memory >> 20).cast_signed() - (first.memory >> 20).cast_signed(),
                bytes as f64 / 1048576.0,
                bytes as f64 / first.bytes as f64,
            );
        }
    }
}

/// What a run came to.
#[derive(Clone, Copy)]
struct Figures {
    /// Microseconds of CPU a record.
    cpu: f64,
    /// The most bytes resident.
    memory: u64,
    objects: u64,
    /// Bytes of all objects.
    bytes: u64,
}

fn run(folder: &Path, keyed: &Path, log: &Path, by: &str, records: u64) -> Figures {
    let namespace = if by == "jq" { "Query" } else { "Plugin" };
    let (transform, query) = match by {
        "jq" => ("", "query = \"{customer: .customer}\", "),
        _ => ("transform = [\"keyed\"]", ""),
    };
    let buckets = folder.join("buckets");
    fs::create_dir_all(buckets.join("logs")).unwrap();
    let config = folder.join("standpipe.toml");
    let text = format!(
        r#"
        [s3]
        directory = "buckets"
        [plugins.keyed]
        source = {keyed:?}
        [streams.web]
        source.file = {{ path = {log:?} }}
        lanes = 1
        {transform}
        [streams.web.destination.s3]
        bucket = "logs"
        prefix = "!{{partitionKeyFrom{namespace}:customer}}/"
        error_output_prefix = "failed/!{{firehose:error-output-type}}/"
        compression = "gzip"
        partitioning = {{ {query}max_active = 20000 }}
        buffering = {{ size = "128MiB", interval = "900s" }}
        "#
    );
    // What is not used is not loaded.
    let text = if by == "jq" { text.replace("[plugins.keyed]", "[plugins.unused]") } else { text };
    fs::write(&config, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpipe"));
    command.args(["run", "--drain"]).arg(&config).stdout(Stdio::null()).stderr(Stdio::piped());
    let before = children();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    while child.try_wait().unwrap().is_none() {
        memory = memory.max(high_water(&status));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cpu = (children() - before) * 1e6 / records as f64;
    let (mut objects, mut bytes) = (0, 0);
    count(&buckets, &mut objects, &mut bytes);
    Figures { cpu, memory, objects, bytes }
}

/// `VmHWM` of a process in bytes; 0 once it has ended.
fn high_water(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).map_or(0, |kib| kib.parse::<u64>().unwrap() << 10)
}

fn count(folder: &Path, objects: &mut u64, bytes: &mut u64) {
    for item in fs::read_dir(folder).unwrap() {
        let item = item.unwrap();
        if item.file_type().unwrap().is_dir() {
            count(&item.path(), objects, bytes);
        } else {
            *objects += 1;
            *bytes += item.metadata().unwrap().len();
        }
    }
}

/// Lines that differ in nothing but their customer and a few numbers, whatever `keys` is.
fn write(path: &Path, records: u64, keys: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut random = 88_172_645_463_325_252u64;
    for number in 0..records {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (customer, status) = (random % keys, [200, 200, 200, 304, 404][(random >> 32) as usize % 5]);
        let (path, bytes) = ((random >> 40) % 1_000, (random >> 20) % 100_000);
        writeln!(
            out,
            r#"{{"customer":"c{customer:06}","host":"10.{}.{}.{}","time":{number},"request":"GET /catalogue/{path:04}/item HTTP/1.1","status":{status},"bytes":{bytes},"referrer":"https://www.example.com/catalogue/","agent":"Mozilla/5.0 (X11; Linux x86_64)"}}"#,
            random >> 8 & 255,
            random >> 16 & 255,
            random >> 24 & 255,
        )
        .unwrap();
    }
}

/// Seconds of CPU that ended children have used.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // cutime and cstime, the 16th and 17th of proc(5), behind the two that come before the `)`.
    (fields[13].parse::<f64>().unwrap() + fields[14].parse::<f64>().unwrap()) / 100.0
}

/// Builds the plugin `keyed` and says where it is: a core module, which the host turns into a component.
fn keyed() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--profile", "plugin", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "keyed", "--target-dir"])
        .arg(&target)
        .current_dir(top)
        .status()
        .unwrap();
    assert!(built.success(), "`keyed` is not built: `rustup target add wasm32-unknown-unknown` first");
    target.join("wasm32-unknown-unknown/plugin/keyed.wasm")
}
