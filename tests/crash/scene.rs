//! A folder with an input, a config and what the program makes of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use sha2::Digest;
use tempfile::TempDir;

use crate::ledger::{Ledger, expected, line};
use crate::steps::{FILES_READ, KEPT};

/// A guest of the interface `each` that looks at the first letter of a record.
const GUEST: &str = r#"(module
  (memory (export "memory") 32)
  (global $heap (mut i32) (i32.const 4096))
  (data (i32.const 1024) "refused" "it said so")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "standpipe:transform/each@0.1.0#init") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "standpipe:transform/each@0.1.0#transform")
        (param $payload i32) (param $len i32) (param i64 i32 i32) (result i32) (local $kind i32)
    (global.set $heap (i32.const 4096))
    (local.set $kind (i32.load8_u (local.get $payload)))
    (if (i32.eq (local.get $kind) (i32.const 84)) (then unreachable))
    (i32.store8 (i32.const 128) (i32.const 0))
    (if (i32.eq (local.get $kind) (i32.const 68)) (then
      (i32.store8 offset=4 (i32.const 128) (i32.const 1)) (return (i32.const 128))))
    (if (i32.eq (local.get $kind) (i32.const 70)) (then
      (i32.store8 offset=4 (i32.const 128) (i32.const 2))
      (i32.store offset=8 (i32.const 128) (i32.const 1024)) (i32.store offset=12 (i32.const 128) (i32.const 7))
      (i32.store offset=16 (i32.const 128) (i32.const 1031)) (i32.store offset=20 (i32.const 128) (i32.const 10))
      (return (i32.const 128))))
    (i32.store8 offset=4 (i32.const 128) (i32.const 0))
    (i32.store offset=8 (i32.const 128) (i32.const 256))
    (i32.store offset=12 (i32.const 128)
      (select (i32.const 2) (i32.const 1) (i32.eq (local.get $kind) (i32.const 50))))
    (i32.store (i32.const 256) (local.get $payload)) (i32.store (i32.const 260) (local.get $len))
    (i64.store (i32.const 264) (i64.const 0))
    (i32.store (i32.const 272) (local.get $payload)) (i32.store (i32.const 276) (local.get $len))
    (i64.store (i32.const 280) (i64.const 0))
    (i32.const 128)))"#;

/// Where the program can be told to end as if it were killed, and comes by with lines of files.
pub(crate) fn failpoints() -> Vec<&'static str> {
    FILES_READ.into_iter().chain(KEPT).collect()
}

/// Files that the lines are in.
const FILES: u32 = 3;

pub(crate) struct Scene {
    folder: TempDir,
    lines: u32,
    s3: String,
    /// The folder of the bucket, as the program or a server keeps it.
    bucket: PathBuf,
    sizes: [&'static str; 3],
    /// The digest of each object that was ever there.
    seen: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Scene {
    /// Buckets that are folders.
    pub(crate) fn new(lines: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bucket = folder.path().join("buckets/records");
        Self::at(lines, folder, "directory = \"./buckets\"", bucket, ["64KiB", "256KiB", "1024KiB"])
    }

    /// Buckets elsewhere: `s3` says where, `bucket` is the folder in which a server keeps the files of bucket `b`.
    pub(crate) fn at(
        lines: u32,
        folder: TempDir,
        s3: &str,
        bucket: PathBuf,
        sizes: [&'static str; 3],
    ) -> Self {
        let scene = Self { lines, s3: s3.to_owned(), sizes, ..Self::bare(folder, bucket) };
        for file in 0..FILES {
            let share = lines.div_ceil(FILES);
            let mut input: String =
                (file * share..lines.min((file + 1) * share)).map(|number| line(number) + "\n").collect();
            // The last line of each has no newline.
            input.pop();
            fs::write(scene.path(&format!("{file}.log")), input).unwrap();
        }
        fs::write(scene.path("plugin.wasm"), crate::guest::encode(GUEST, "each-plugin")).unwrap();
        scene.change(0);
        scene
    }

    /// Without an input or a config.
    pub(crate) fn bare(folder: TempDir, bucket: PathBuf) -> Self {
        let (s3, seen) = (String::new(), RefCell::default());
        Self { folder, lines: 0, s3, bucket, sizes: [""; 3], seen }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another prefix, size, compression and number of lanes, as an operator may choose between two runs.
    pub(crate) fn change(&self, choice: u64) {
        let prefix = choice % 3;
        let compression = if choice.is_multiple_of(2) { "gzip" } else { "none" };
        let size = self.sizes[usize::try_from(choice / 7 % 3).unwrap()];
        let s3 = &self.s3;
        let lanes = 3 - choice / 3 % 3;
        let config = format!(
            r#"
quota = "64MiB"
buffer_memory = "8MiB"

[s3]
{s3}

[plugins.kinds]
source = "./plugin.wasm"

[streams.lines]
transform = ["kinds"]
source.file = {{ path = ["0.log", "1.log", "2.log"] }}
lanes = {lanes}

[streams.lines.destination.s3]
bucket = "records"
prefix = "out/{prefix}/"
error_output_prefix = "failed/{prefix}/!{{firehose:error-output-type}}/"
compression = "{compression}"
buffering = {{ size = "{size}", interval = "300s" }}
"#
        );
        fs::write(self.path("standpipe.toml"), config).unwrap();
    }

    fn command(&self) -> Command {
        let program = std::env::var_os("STANDPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_standpipe").into());
        let mut command = Command::new(program);
        command.args(["run", "--drain"]).current_dir(self.folder.path());
        command.env("S3_KEY", "AKIATEST").env("S3_SECRET", "secretsecret");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    fn start(&self, failpoint: Option<&str>) -> Child {
        let mut command = self.command();
        if let Some(failpoint) = failpoint {
            command.env("STANDPIPE_FAILPOINT", failpoint);
        }
        command.spawn().unwrap()
    }

    /// Runs it and kills it after `moment`. False if it ended before.
    pub(crate) fn kill_after(&self, moment: Duration) -> bool {
        let mut child = self.start(None);
        let until = Instant::now() + moment;
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        child.kill().unwrap();
        let killed = child.wait().unwrap().code().is_none();
        self.look();
        killed
    }

    /// Starts it, for whoever wants to do something meanwhile.
    #[allow(dead_code, reason = "not every suite does")]
    pub(crate) fn start_to_drain(&self) -> Child {
        self.start(None)
    }

    /// Sees to it that no key has other bytes than it had before.
    pub(crate) fn look(&self) {
        let mut seen = self.seen.borrow_mut();
        walk(&self.bucket, &mut |path| {
            // Half of an object, under a name of its own.
            if name_of(path).starts_with('.') {
                return;
            }
            let key = path.strip_prefix(&self.bucket).unwrap().to_str().unwrap().to_owned();
            let Ok(bytes) = fs::read(path) else { return };
            let digest = sha2::Sha256::digest(&bytes).to_vec();
            let before = seen.entry(key.clone()).or_insert_with(|| digest.clone());
            assert_eq!(*before, digest, "`{key}` was written with other bytes");
        });
    }

    /// Runs it until it ends itself at a failpoint. False if it never came there.
    pub(crate) fn run_to(&self, failpoint: &str) -> bool {
        self.start(Some(failpoint)).wait().unwrap().code().is_none()
    }

    /// Gives the stream up, under a config that has another one.
    #[allow(dead_code, reason = "not every suite does")]
    pub(crate) fn abandon(&self) {
        let config = fs::read_to_string(self.path("standpipe.toml")).unwrap();
        fs::write(self.path("standpipe.toml"), config.replace("streams.lines", "streams.other")).unwrap();
        let out = self.command().args(["--abandon", "lines"]).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && said.contains("its records are given up"), "{said}");
    }

    /// Runs it to its end.
    pub(crate) fn drain(&self) {
        let out = self.start(None).wait_with_output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }

    /// Every line once in the right place, and nothing left anywhere.
    pub(crate) fn check(&self, when: &str) {
        let (got, want) = (self.ledger(), expected(self.lines));
        if got != want {
            let wrong: Vec<String> = want
                .keys()
                .chain(got.keys())
                .filter(|key| want.get(*key) != got.get(*key))
                .take(5)
                .map(|key| {
                    let text = key.1.get(..9).unwrap_or(&key.1);
                    format!("{} `{text}`: {:?} instead of {:?}", key.0, got.get(key), want.get(key))
                })
                .collect();
            panic!("{when}: {}", wrong.join("; "));
        }
        self.check_emptied(when);
    }

    /// Nothing is left that was to be delivered.
    pub(crate) fn check_emptied(&self, when: &str) {
        for lane in self.lanes() {
            // One that was killed before its first record has none of them.
            let items = |name| fs::read_dir(lane.join(name)).map_or(0, Iterator::count);
            assert_eq!(items("parcels"), 0, "{when}: sealed files are left in {}", lane.display());
            assert_eq!(items("log"), 0, "{when}: segments are left in {}", lane.display());
        }
    }

    /// The folders of lanes that were ever used.
    pub(crate) fn lanes(&self) -> Vec<PathBuf> {
        let items = fs::read_dir(self.path("state/streams/lines")).unwrap().map(|item| item.unwrap().path());
        items.filter(|path| path.is_dir()).collect()
    }

    /// How often each text is where.
    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new();
        self.look();
        walk(&self.bucket, &mut |path| {
            let key = path.strip_prefix(&self.bucket).unwrap().to_str().unwrap();
            assert!(!key.contains("tmp"), "a temporary file is left: {key}");
            for text in unpacked(path).lines() {
                let entry = if key.starts_with("failed/") {
                    let error: serde_json::Value = serde_json::from_str(text).unwrap();
                    let raw =
                        base64::engine::general_purpose::STANDARD.decode(error["rawData"].as_str().unwrap());
                    ("failed", String::from_utf8(raw.unwrap()).unwrap())
                } else {
                    ("out", text.to_owned())
                };
                *ledger.entry(entry).or_default() += 1;
            }
        });
        ledger
    }
}

/// Every file below a folder. What a server keeps for itself is left out.
pub(crate) fn walk(folder: &Path, each: &mut impl FnMut(&Path)) {
    let Ok(items) = fs::read_dir(folder) else { return };
    for item in items {
        let path = item.unwrap().path();
        match path.is_dir() {
            true if name_of(&path).starts_with(".sgwtmp") => {}
            true => walk(&path, each),
            false => each(&path),
        }
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let mut file = fs::File::open(path).unwrap();
    if path.extension().is_some_and(|end| end == "gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        file.read_to_string(&mut text).unwrap();
    }
    text
}
