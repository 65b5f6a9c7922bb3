//! Source records that are kept beside what becomes of them.

use serde_json::json;

use crate::partitioning::{Web, by_query};
use crate::program::{run, standpipe};
use crate::run::objects;

/// Some that are delivered, some that are taken apart, and some that fail.
fn lines() -> Vec<String> {
    let good = |number: u32| json!({ "k": number % 3, "number": number }).to_string();
    (0..40)
        .map(|number| match number % 10 {
            3 => format!("nonsense {number}"),
            // Of this one, the middle fails.
            6 => format!("{}{{\"number\":{number}}} {}", good(number), good(number + 100)),
            9 => format!("{} {}", good(number), good(number + 100)),
            _ => good(number),
        })
        .collect()
}

fn web(mode: &str, more: &str) -> Web {
    let web = Web::new(
        "split = { deaggregate = \"json\" }",
        &format!(
            "compression = \"zip\"\n{}\n[streams.web.backup]\nbucket = \"sources\"\nprefix = \"raw/!{{timestamp:yyyy}}/\"\n\
             mode = \"{mode}\"\n{more}",
            by_query("{k: .k}")
        ),
    );
    web.lines(lines());
    web
}

/// What is in the backup, sorted. Its objects have names like others.
#[track_caller]
fn kept(web: &Web, extension: &str) -> Vec<String> {
    for key in objects(&web.path("buckets/sources")).keys() {
        let rest = key.strip_prefix("raw/20").unwrap();
        assert_eq!(rest.rfind('.').map_or("", |dot| rest.split_at(dot).1), extension, "{key}");
    }
    let mut all: Vec<String> = web.backup().into_values().flatten().collect();
    all.sort();
    all
}

#[test]
fn each_source_record_is_kept_once_as_it_came() {
    for (compression, extension) in [("none", ""), ("gzip", ".gz"), ("zstd", ".zst")] {
        let web = web("all", &format!("compression = \"{compression}\""));
        let err = web.drain();
        // 12 of two parts or three; 8 of them fail.
        assert!(err.contains("40 records read, 44 out, 0 dropped, 8 failed"), "{err}");
        let mut want = lines();
        want.sort();
        assert_eq!(kept(&web, extension), want, "{compression}");
    }
}

#[test]
fn only_those_that_failed_are_kept_once_each() {
    let web = web("failed", "");
    web.drain();
    let mut want = lines();
    want.retain(|line| line.starts_with("nonsense") || line.contains("{\"number\""));
    want.sort();
    assert_eq!(want.len(), 8);
    assert_eq!(kept(&web, ""), want);
    assert_eq!(web.outputs().values().map(Vec::len).sum::<usize>(), 44);
}

/// Each failure of a record, and the record once.
#[test]
fn a_record_that_fails_in_several_places_is_kept_once() {
    let web = web("failed", "");
    let line = "{\"k\":1}[2]{\"j\":3}[4]{\"j\":5}end";
    web.lines([line, "{\"k\":7}"]).drain();
    assert_eq!(kept(&web, ""), [line]);
    let mut failed: Vec<String> =
        web.failed().into_iter().map(|failed| String::from_utf8(failed.raw).unwrap()).collect();
    failed.sort();
    assert_eq!(failed, ["[2]", "[4]", "end", "{\"j\":3}", "{\"j\":5}"]);
}

/// A line too long to be a record is kept as it is told in the error output: its beginning.
#[test]
fn a_line_that_is_too_long_stands_in_nobodys_way() {
    let web = web("all", "");
    let long = "x".repeat(1_500_000);
    web.lines(["{\"k\":1}", long.as_str(), "{\"k\":2}"]).drain();
    assert_eq!(web.failed().len(), 1);
    assert_eq!(web.outputs().values().map(Vec::len).sum::<usize>(), 2);
    let kept = kept(&web, "");
    assert!(kept.contains(&"{\"k\":1}".to_owned()) && kept.contains(&"{\"k\":2}".to_owned()));
}

/// What is open for a backup that is gone is not forgotten.
#[test]
fn a_backup_that_is_gone_while_it_holds_records_is_refused() {
    let web = web("all", "buffering = { size = \"1MiB\", interval = \"300s\" }");
    let mut killed = standpipe(web.folder());
    killed.env("STANDPIPE_FAILPOINT", "entry.after:1").args(["run", "--drain"]);
    assert_ne!(run(&mut killed, b"").0, 0);
    let config = web.path("standpipe.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.split("[streams.web.backup]").next().unwrap()).unwrap();
    let (code, _, err) = run(standpipe(web.folder()).args(["run", "--drain"]), b"");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("backup"), "{err}");
    std::fs::write(&config, text).unwrap();
    web.drain();
    let mut want = lines();
    want.sort();
    assert_eq!(kept(&web, ""), want);
}

#[test]
fn a_kill_in_the_middle_keeps_each_once() {
    for failpoint in
        ["cut.after:1", "entry.before:1", "entry.after:1", "link.after:2", "note.before:1", "unlink.after:1"]
    {
        let web = web("failed", "buffering = { size = \"1KiB\", interval = \"300s\" }");
        let mut killed = standpipe(web.folder());
        killed.env("STANDPIPE_FAILPOINT", failpoint).args(["run", "--drain"]);
        assert_ne!(run(&mut killed, b"").0, 0, "{failpoint}");
        web.drain();
        assert_eq!(kept(&web, "").len(), 8, "{failpoint}");
        assert_eq!(web.failed().len(), 8, "{failpoint}");
    }
}
