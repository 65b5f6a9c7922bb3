//! What `standpipe pipe` costs, as CPU of the whole process: `cargo bench -p standpipe --bench pipe`.
//!
//! `plain` is a program that reads lines into the columns of a batch and writes them, and nothing else. `identity`
//! is `pipe` with a plugin that answers what it was given, so that the two write the same bytes; `apache` is
//! `pipe` with `apache-log-to-json`; `panics` is a Rust plugin that panics at none, one in a hundred or all of its
//! lines. Linux only: CPU comes from `/proc/self/stat`, in hundredths of a second.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end with a panic")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const LOG: &[u8] = include_bytes!("../../../blueprints/apache-log-to-json/cases/access.log");
const COPIES: usize = 200;
const ROUNDS: usize = 5;

#[path = "../../plugin/tests/hostile/guest.rs"]
#[allow(dead_code, reason = "the hostile suite uses the rest")]
mod guest;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("plain") {
        return plain(&std::env::args().nth(2).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let lines: Vec<&[u8]> = LOG.split_inclusive(|byte| *byte == b'\n').collect();
    write(&path("log"), COPIES * lines.len(), |number| lines[number % lines.len()]);
    let some = 20 * lines.len();
    write(&path("none"), some, |number| lines[number % lines.len()]);
    write(&path("hundredth"), some, |number| {
        if number % 100 == 50 { b"panic\n" } else { lines[number % lines.len()] }
    });
    write(&path("all"), lines.len(), |_| b"panic\n");
    fs::write(path("identity.wasm"), guest::component(&guest::Guest::default())).unwrap();
    let panics = panics();

    let this = std::env::current_exe().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_standpipe"));
    let pipe = |plugin: &Path, log: &str| {
        let mut command = Command::new(program);
        command.args(["pipe", "--failed", "/dev/null", "--plugin"]).arg(plugin).arg(path(log));
        command
    };
    let mut plain = Command::new(&this);
    plain.arg("plain").arg(path("log"));
    let (all, some) = (COPIES * lines.len(), some);
    let plain = cpu("plain", plain, all);
    let identity = cpu("identity", pipe(&path("identity.wasm"), "log"), all);
    println!("{:35} {:.2} x plain", "", identity / plain);
    let apache = cpu("apache", pipe(Path::new("apache-log-to-json"), "log"), all);
    println!("{:35} {:+.3} us over identity", "", apache - identity);
    let none = cpu("panics at none", pipe(&panics, "none"), some);
    let hundredth = cpu("panics at one in a hundred", pipe(&panics, "hundredth"), some);
    println!("{:35} {:.2} x none", "", hundredth / none);
    cpu("panics at all", pipe(&panics, "all"), lines.len());
}

fn write<'a>(path: &Path, lines: usize, line: impl Fn(usize) -> &'a [u8]) {
    let mut out = std::io::BufWriter::new(File::create(path).unwrap());
    for number in 0..lines {
        out.write_all(line(number)).unwrap();
    }
}

/// Builds the plugin `panics` and says where it is: a core module, which `pipe` turns into a component.
fn panics() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("plugins");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--profile", "plugin", "--target", "wasm32-unknown-unknown"])
        .args(["-p", "panics", "--target-dir"])
        .arg(&target)
        .current_dir(top)
        .status()
        .unwrap();
    assert!(built.success(), "`panics` is not built: `rustup target add wasm32-unknown-unknown` first");
    target.join("wasm32-unknown-unknown/plugin/panics.wasm")
}

/// Runs a command several times and prints the median of its CPU in microseconds a record.
fn cpu(name: &str, mut command: Command, records: usize) -> f64 {
    // With it, each trap collects a backtrace of the host too.
    command.env_remove("RUST_BACKTRACE").stdout(Stdio::null()).stderr(Stdio::null());
    let mut spent: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let before = children();
            assert!(command.status().unwrap().success(), "{name}");
            (children() - before) * 1e6 / records as f64
        })
        .collect();
    spent.sort_by(f64::total_cmp);
    println!("{name:35} {:.3} us a record", spent[ROUNDS / 2]);
    spent[ROUNDS / 2]
}

/// Seconds of CPU that ended children have used.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // cutime and cstime, the 16th and 17th of proc(5), behind the two that come before the `)`.
    (fields[13].parse::<f64>().unwrap() + fields[14].parse::<f64>().unwrap()) / 100.0
}

/// Lines of a file into payload, ends and arrival times, then out again, each with its newline.
fn plain(path: &str) {
    let mut input = File::open(path).unwrap();
    let mut out = std::io::stdout().lock();
    let (mut buffer, mut kept) = (vec![0u8; 1 << 18], 0);
    let (mut payload, mut ends, mut arrivals, mut text) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    loop {
        let read = input.read(&mut buffer[kept..]).unwrap();
        let filled = kept + read;
        payload.clear();
        ends.clear();
        arrivals.clear();
        text.clear();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &buffer[..filled]) {
            payload.extend_from_slice(&buffer[start..end]);
            ends.push(u32::try_from(payload.len()).unwrap());
            arrivals.push(7u64);
            start = end + 1;
        }
        let mut from = 0;
        for &end in &ends {
            text.extend_from_slice(&payload[from..end as usize]);
            text.push(b'\n');
            from = end as usize;
        }
        out.write_all(&text).unwrap();
        if read == 0 {
            return;
        }
        buffer.copy_within(start..filled, 0);
        kept = filled - start;
    }
}
