//! Many partitions, several outputs of a record, keys that plugins give, and keys that are other ones in the next run.

use std::collections::BTreeMap;
use std::io::Write;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;

use crate::host::{Host, wait_for};
use crate::http::send;
use crate::partitioning::{Web, by_query};

/// Answers a record with itself, once for each letter before its first space, which is then the value of the key `k`;
/// a `-` is no value.
const LETTERS: &str = r#"(module
  (memory (export "memory") 32)
  (global $heap (mut i32) (i32.const 8192))
  (data (i32.const 1024) "k")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "standpipe:transform/each@0.1.0#init") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "standpipe:transform/each@0.1.0#transform")
        (param $payload i32) (param $len i32) (param i64 i32 i32) (result i32)
        (local $n i32) (local $output i32) (local $column i32)
    (global.set $heap (i32.const 8192))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $n) (local.get $len)))
      (br_if $done (i32.eq (i32.const 32) (i32.load8_u (i32.add (local.get $payload) (local.get $n)))))
      (local.set $output (i32.add (i32.const 2048) (i32.mul (local.get $n) (i32.const 16))))
      (local.set $column (i32.add (i32.const 4096) (i32.mul (local.get $n) (i32.const 16))))
      (i32.store (local.get $output) (local.get $payload))
      (i32.store offset=4 (local.get $output) (local.get $len))
      (i32.store offset=8 (local.get $output) (local.get $column))
      (i32.store offset=12 (local.get $output)
        (i32.ne (i32.const 45) (i32.load8_u (i32.add (local.get $payload) (local.get $n)))))
      (i32.store (local.get $column) (i32.const 1024))
      (i32.store offset=4 (local.get $column) (i32.const 1))
      (i32.store offset=8 (local.get $column) (i32.add (local.get $payload) (local.get $n)))
      (i32.store offset=12 (local.get $column) (i32.const 1))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br $next)))
    (i32.store8 (i32.const 128) (i32.const 0))
    (i32.store8 offset=4 (i32.const 128) (i32.const 0))
    (i32.store offset=8 (i32.const 128) (i32.const 2048))
    (i32.store offset=12 (i32.const 128) (local.get $n))
    (i32.const 128)))"#;

const BY_PLUGIN: &str = "transform = [\"letters\"]";

fn by_letter(more: &str) -> String {
    // Behind the destination, as tables are.
    format!(
        "prefix = \"out/!{{partitionKeyFromPlugin:k}}/\"\n{more}\n[plugins.letters]\nsource = \"./plugin.wasm\""
    )
}

fn lettered(destination: &str) -> Web {
    let web = Web::new(BY_PLUGIN, destination);
    std::fs::write(web.path("plugin.wasm"), crate::guest::encode(LETTERS, "each-plugin")).unwrap();
    web
}

/// What each letter's partition holds if all is well.
fn of_letters(lines: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for line in lines {
        for letter in line.chars().take_while(|letter| *letter != ' ') {
            all.entry(format!("out/{letter}")).or_default().push(line.clone());
        }
    }
    all.values_mut().for_each(|lines| lines.sort());
    all
}

#[test]
fn a_plugin_gives_keys_under_either_name() {
    let lines = ["a 1", "b 2", "a 3"].map(str::to_owned);
    for namespace in ["partitionKeyFromPlugin", "partitionKeyFromLambda"] {
        let web = lettered(&by_letter("partitioning = {}").replace("partitionKeyFromPlugin", namespace));
        web.lines(&lines).drain();
        assert_eq!(web.outputs(), of_letters(&lines), "{namespace}");
    }
}

/// A record without a key, or with one that makes no prefix, fails with all its outputs, between others that are for one
/// partition.
#[test]
fn a_record_of_which_one_output_has_no_place_fails_whole() {
    let bad = ["a\u{1}b 1", ".a 2", "ba. 3", "- 4", "a- 5", "-a 6", "aba-a 7"].map(str::to_owned);
    let good = |number: usize| format!("a good {number}");
    let web = lettered(&by_letter("partitioning = {}"));
    web.lines(bad.iter().enumerate().flat_map(|(number, line)| [good(number), line.clone()])).drain();
    let lines: Vec<String> = (0..bad.len()).map(good).collect();
    web.keyless(&bad);
    let outputs = web.outputs();
    assert_eq!(outputs["out/a"], lines);
    assert_eq!(outputs.len(), 1, "{outputs:?}");
}

/// Parcels get full, and are opened anew, while the outputs of one record go into several of them.
#[test]
fn outputs_of_one_record_go_into_their_own_partitions_whatever_is_full() {
    for more in ["partitioning = {}", "partitioning = { max_active = 5, overflow = \"close-oldest\" }"] {
        let mut state = 7_u64;
        let mut draw = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let mut lines = Vec::new();
        for number in 0..2_000 {
            let letters: String =
                (0..=draw(6)).map(|_| char::from(b'a' + u8::try_from(draw(9)).unwrap())).collect();
            lines.push(format!("{letters} {number:05} {}", "x".repeat(usize::try_from(draw(400)).unwrap())));
        }
        let web =
            lettered(&by_letter(&format!("{more}\nbuffering = {{ size = \"1KiB\", interval = \"300s\" }}")));
        let err = web.lines(&lines).drain();
        assert!(web.failed().is_empty(), "{err}");
        let (got, want) = (web.outputs(), of_letters(&lines));
        let count = |all: &BTreeMap<String, Vec<String>>| {
            all.iter().map(|(folder, lines)| (folder.clone(), lines.len())).collect::<Vec<_>>()
        };
        assert_eq!(count(&got), count(&want), "{more}");
        assert!(got == want, "{more}: some lie elsewhere");
    }
}

fn numbered(number: usize) -> String {
    json!({ "k": format!("p{number:03}") }).to_string()
}

#[test]
fn one_partition_too_many_goes_to_the_error_output() {
    let web = Web::keyed("{k: .k}");
    // The last is one too many, then come ones that are open.
    let lines: Vec<String> = (0..501).chain(0..501).map(numbered).collect();
    let err = web.lines(&lines).drain();
    assert!(err.contains("1,002 records read, 1,000 out, 0 dropped, 2 failed; 501 objects"), "{err}");
    let want = (0..500).map(|number| (format!("out/p{number:03}"), vec![numbered(number); 2]));
    assert!(web.outputs() == want.collect());
    for failed in web.failed() {
        assert_eq!(failed.folder, "activePartitionExceeded");
        assert_eq!(failed.error_code, "DynamicPartitioning.ActivePartitionLimitExceeded");
        assert_eq!(failed.raw, numbered(500).into_bytes());
        assert!(failed.message.contains("500"), "{}", failed.message);
    }
    assert_eq!(web.failed().len(), 2);
}

#[test]
fn or_closes_the_oldest() {
    let query = by_query("{k: .k}");
    let query = query.replace("{ query", "{ overflow = \"close-oldest\", max_active = 500, query");
    let web = Web::new("", &query);
    let lines: Vec<String> = (0..501).chain(0..501).map(numbered).collect();
    let err = web.lines(&lines).drain();
    assert!(err.contains("1,002 records read, 1,002 out, 0 dropped, 0 failed"), "{err}");
    let want = (0..501).map(|number| (format!("out/p{number:03}"), vec![numbered(number); 2]));
    assert!(web.outputs() == want.collect());
}

/// What is open under other keys comes out as it was opened; the same keys elsewhere go where the config says now.
#[test]
fn keys_that_change_while_parcels_are_open_part_what_comes_then() {
    let line = |number: usize| json!({ "k": number % 3, "g": number % 2, "number": number }).to_string();
    let query =
        |prefix: &str, query: &str| format!("prefix = \"{prefix}\"\npartitioning = {{ query = '{query}' }}");
    let k = |prefix: &str| query(&format!("{prefix}!{{partitionKeyFromQuery:k}}/"), "{k: .k}");
    let cases = [
        // Other keys, one more, and none.
        (
            query("out/g=!{partitionKeyFromQuery:g}/", "{g: .g}"),
            "out/",
            vec!["out/g=0".to_owned(), "out/g=1".to_owned()],
        ),
        (
            query("out/g=!{partitionKeyFromQuery:g}/k=!{partitionKeyFromQuery:k}/", "{g: .g, k: .k}"),
            "out/",
            ["0/k=0", "0/k=1", "0/k=2", "1/k=0", "1/k=1", "1/k=2"]
                .map(|keys| format!("out/g={keys}"))
                .to_vec(),
        ),
        ("prefix = \"out/!{timestamp:'all'}/\"".to_owned(), "out/", vec!["out/all".to_owned()]),
        // Other text around the same key.
        (k("out/new/"), "out/new/", vec![]),
    ];
    for (next, of_first, of_second) in cases {
        let web = Web::new("", &k("out/"));
        leave_open(&web, (0..30).map(line));
        web.configure("", &next);
        web.lines((30..60).map(line)).drain();
        let outputs = web.outputs();
        let mut all: Vec<String> = outputs.values().flatten().cloned().collect();
        let mut want: Vec<String> = (0..60).map(line).collect();
        all.sort();
        want.sort();
        assert_eq!(all, want, "{next}");
        let is_there = |folder: &str| outputs.contains_key(folder);
        let mut folders: Vec<String> = (0..3).map(|k| format!("{of_first}{k}")).collect();
        for (k, folder) in folders.iter().enumerate() {
            let key = format!("\"k\":{k},");
            assert!(
                is_there(folder) && outputs[folder].iter().all(|line| line.contains(&key)),
                "{next}: {outputs:?}"
            );
        }
        folders.extend(of_second);
        assert!(
            outputs.keys().all(|folder| folders.contains(folder)) && outputs.len() == folders.len(),
            "{outputs:?}"
        );
    }
}

/// Has a host read lines and stop while all that came of them is open.
fn leave_open(web: &Web, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    let config = std::fs::read_to_string(web.path("standpipe.toml")).unwrap();
    let ports = "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\n";
    std::fs::write(web.path("standpipe.toml"), ports.to_owned() + &config).unwrap();
    // It waits for more, so that nothing is sealed.
    let input = web.path("in.log");
    mknodat(CWD, &input, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let host = Host::start(web.folder());
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&input).unwrap();
    pipe.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    let done = format!("standpipe_output_records_total{{stream=\"web\"}} {}\n", lines.len());
    wait_for("the outputs", || send(host.admin.unwrap(), "GET", "/metrics", &[], b"").body.contains(&done));
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!web.path("buckets/logs").exists() || web.outputs().is_empty(), "a stop seals nothing");
    std::fs::remove_file(&input).unwrap();
}
