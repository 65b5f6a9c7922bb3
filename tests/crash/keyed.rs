//! The same with records that hold several JSON objects, partitions by a query, and a backup in another bucket.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::compiled::state_with_query;
use crate::ledger::Ledger;
use crate::parts::{expected, folder, line, prefix_and_query};
use crate::scene::{Scene, failpoints, walk};
use crate::unpack::unpack;
use crate::{draw, number};

const FILES: u32 = 3;
const COMPRESSIONS: [&str; 6] = ["gzip", "none", "zstd", "snappy", "zip", "hadoop-snappy"];

/// A folder with an input, a config and what the program makes of them.
struct Keyed {
    scene: Scene,
    lines: u32,
    /// Whether the backup has only records that failed.
    failed: bool,
}

impl Keyed {
    fn new(lines: u32, failed: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let buckets = folder.path().join("buckets");
        state_with_query(&folder.path().join("state"));
        let mut keyed = Self { scene: Scene::bare(folder, buckets), lines: 0, failed };
        keyed.add(lines);
        keyed.change(0);
        keyed
    }

    /// Adds lines to the input.
    fn add(&mut self, lines: u32) {
        let mut texts = vec![String::new(); FILES as usize];
        for number in self.lines..self.lines + lines {
            texts[(number % FILES) as usize] += &(line(number).text + "\n");
        }
        for (file, text) in texts.iter().enumerate() {
            let path = self.scene.path(&format!("{file}.log"));
            let before = fs::read_to_string(&path).unwrap_or_default();
            fs::write(path, before + text).unwrap();
        }
        self.lines += lines;
    }

    /// Another choice of keys, prefixes, sizes, compressions and lanes.
    fn change(&self, choice: u64) {
        let (prefix, query) = prefix_and_query(choice);
        let one = |of: &[&'static str], way: u64| of[usize::try_from(choice / way).unwrap() % of.len()];
        let (compression, backup_compression) = (one(&COMPRESSIONS, 5), one(&COMPRESSIONS, 31));
        let (size, backup_size) = (one(&["64KiB", "256KiB"], 7), one(&["16KiB", "128KiB", "1MiB"], 11));
        let mode = if self.failed { "failed" } else { "all" };
        let (place, lanes) = (choice / 3 % 3, 3 - choice / 13 % 3);
        let config = format!(
            r#"
quota = "128MiB"
buffer_memory = "8MiB"
s3 = {{ directory = "./buckets" }}

[streams.lines]
source.file = {{ path = ["0.log", "1.log", "2.log"] }}
lanes = {lanes}
split = {{ deaggregate = "json" }}

[streams.lines.destination.s3]
bucket = "records"
prefix = "{prefix}"
error_output_prefix = "failed/{place}/!{{firehose:error-output-type}}/"
compression = "{compression}"
partitioning = {{ query = "{query}" }}
buffering = {{ size = "{size}", interval = "300s" }}

[streams.lines.backup]
mode = "{mode}"
bucket = "sources"
prefix = "raw/!{{timestamp:'{place}'}}/"
compression = "{backup_compression}"
buffering = {{ size = "{backup_size}", interval = "300s" }}
"#
        );
        fs::write(self.scene.path("standpipe.toml"), config).unwrap();
    }

    /// How often each text is where.
    fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::new();
        self.scene.look();
        let buckets = self.scene.path("buckets");
        walk(&buckets, &mut |path| {
            let key = path.strip_prefix(&buckets).unwrap().to_str().unwrap();
            let content = String::from_utf8(unpack(key, &fs::read(path).unwrap())).unwrap();
            assert!(!content.is_empty(), "{key} is empty");
            for text in content.lines() {
                *ledger.entry(entry(key, text)).or_default() += 1;
            }
        });
        ledger
    }

    /// Each part and each source record once in its place, and nothing left anywhere.
    fn check(&self, when: &str) {
        let (got, want) = (self.ledger(), expected(self.lines, self.failed));
        let wrong = want.keys().chain(got.keys()).filter(|key| want.get(*key) != got.get(*key));
        let wrong: Vec<String> = wrong
            .take(5)
            .map(|key| {
                let text: String = key.1.chars().take(60).collect();
                format!("{} `{text}`: {:?} instead of {:?}", key.0, got.get(key), want.get(key))
            })
            .collect();
        assert!(wrong.is_empty(), "{when}: {}", wrong.join("; "));
        self.scene.check_emptied(when);
        let items = fs::read_dir(self.scene.path("buckets")).unwrap().count();
        assert_eq!(items, 2, "{when}: there are other buckets");
    }
}

/// What a line of an object stands for. Its bucket and its prefix must be those of its keys or its error.
fn entry(key: &str, text: &str) -> (&'static str, String) {
    let parent = Path::new(key).parent().unwrap().to_str().unwrap();
    if let Some(place) = parent.strip_prefix("sources/") {
        assert!(["raw/0", "raw/1", "raw/2"].contains(&place), "{key}");
        return ("backup", text.to_owned());
    }
    let place = parent.strip_prefix("records/").unwrap_or_else(|| panic!("{key} is in no bucket"));
    if let Some(place) = place.strip_prefix("failed/") {
        assert_eq!(place.split_once('/').unwrap().1, "processing-failed", "{key}");
        let error: serde_json::Value = serde_json::from_str(text).unwrap();
        let raw = STANDARD.decode(error["rawData"].as_str().unwrap()).unwrap();
        let place = match error["errorCode"].as_str().unwrap() {
            "DynamicPartitioning.DeaggregationFailed" => "apart",
            "DynamicPartitioning.MetadataExtractionFailed" => "keyless",
            other => panic!("{other}: {text}"),
        };
        return (place, String::from_utf8(raw).unwrap());
    }
    assert_eq!(
        place,
        folder(place.split_once('/').unwrap().0, text),
        "{key} has a part of another partition"
    );
    ("out", text.to_owned())
}

#[test]
fn partitions_and_a_backup_lose_and_double_nothing_by_kills_at_random_moments() {
    // They take longer: two for five of the others'.
    let (kills, seed) = ((number("STANDPIPE_KILLS", 25) * 2).div_ceil(5), number("STANDPIPE_SEED", 1));
    println!("replay: STANDPIPE_SEED={seed} cargo test -p standpipe --test crash keyed, up to {kills} kills");
    let mut state = seed;
    let undisturbed = Keyed::new(4_000, false);
    let began = Instant::now();
    undisturbed.scene.drain();
    let whole = began.elapsed();
    undisturbed.check("undisturbed");
    let (mut done, mut failed) = (0, false);
    while done < kills {
        let keyed = Keyed::new(4_000, failed);
        failed = !failed;
        keyed.change(draw(&mut state));
        for _ in 0..5 {
            let moment = whole.mul_f64((draw(&mut state) % 800) as f64 / 1_000.0)
                + Duration::from_micros(draw(&mut state) % 1_000);
            done += u64::from(keyed.scene.kill_after(moment));
            keyed.change(draw(&mut state));
        }
        keyed.scene.drain();
        keyed.check(&format!("seed {seed}, after {done} kills"));
    }
    println!("{done} kills of {whole:?}");
}

#[test]
fn partitions_and_a_backup_lose_and_double_nothing_by_kills_at_any_step() {
    let mut keyed = Keyed::new(0, false);
    let (mut choice, mut missed) = (1, Vec::new());
    for name in failpoints() {
        keyed.add(120);
        keyed.change(draw(&mut choice));
        if !keyed.scene.run_to(&format!("{name}:1")) {
            missed.push(name);
        }
        // And once more while it recovers, under other keys.
        keyed.change(draw(&mut choice));
        keyed.scene.run_to(&format!("{name}:1"));
        keyed.scene.drain();
        keyed.check(&format!("failpoint {name}"));
    }
    assert_eq!(missed, [""; 0], "nothing comes by these");
}

/// A checker that cannot see is worth nothing.
#[test]
fn the_check_of_partitions_sees_what_lies_elsewhere() {
    let keyed = Keyed::new(50, false);
    keyed.scene.drain();
    keyed.check("undisturbed");
    let of =
        |key: &'static str| std::panic::catch_unwind(move || entry(key, r#"{"k":"c001","g":1}"#)).is_ok();
    assert!(of("records/a/c001/x") && of("records/b/k=c001/g=1/x") && of("sources/raw/0/x"));
    assert!(!of("records/a/c002/x") && !of("records/a/c001/c001/x") && !of("other/a/c001/x"));
}
