//! Queries that are hostile to some records, or to all.

use serde_json::json;

use crate::partitioning::Web;
use crate::program::{run, standpipe};

/// Records among which every third is one that a query does something bad with.
fn lines() -> (Vec<String>, Vec<String>) {
    let line = |number: u32| {
        let key = if number.is_multiple_of(3) { "bad" } else { ["a", "b"][number as usize % 2] };
        json!({ "k": key, "number": number }).to_string()
    };
    (0..9).map(line).partition(|line| !line.contains("bad"))
}

/// The bad ones fail with `code`, and the others are delivered.
#[track_caller]
fn fails(what: &str, code: &str) -> Web {
    let web = Web::keyed(&format!("{{k: (if .k == \"bad\" then ({what}) else .k end)}}"));
    let (good, bad) = lines();
    let mut all = [good.clone(), bad.clone()].concat();
    // Good ones on both sides of each.
    all.sort_by_key(|line| line.rsplit(':').next().map(str::to_owned));
    web.lines(&all).drain();
    let mut outputs: Vec<String> = web.outputs().into_values().flatten().collect();
    outputs.sort();
    let mut want = good;
    want.sort();
    assert_eq!(outputs, want, "{what}");
    assert_eq!(web.outputs().into_keys().collect::<Vec<_>>(), ["out/a", "out/b"], "{what}");
    for failed in web.keyless(&bad) {
        assert_eq!(failed.code, code, "{what}: {failed:?}");
    }
    web
}

#[test]
fn a_query_that_loops_is_stopped() {
    fails("def f: f; f", "time-limit");
    fails("last(range(1e12))", "time-limit");
    fails("range(1e12) | select(. < 0)", "time-limit");
    fails("[.[] | tostring] | until(false; . + [1]) | length", "time-limit");
}

#[test]
fn a_query_that_takes_memory_or_stack_is_stopped() {
    for what in ["def f: [f]; f", "def f: 1 + f; f", "def f: f | f; [f]"] {
        let web = fails_somehow(what);
        assert!(
            web.iter().all(|code| ["trap", "time-limit", "memory-limit"].contains(&code.as_str())),
            "{web:?}"
        );
    }
    for what in [
        "[range(1e12)] | length",
        "\"x\" | until(false; . + .)",
        "[limit(30; repeat(\"x\"))] | until(false; . + .) | length",
    ] {
        let web = fails_somehow(what);
        assert!(
            web.iter().all(|code| ["trap", "time-limit", "memory-limit"].contains(&code.as_str())),
            "{web:?}"
        );
    }
}

/// The codes of those that fail, where which limit is met first is nobody's promise.
#[track_caller]
fn fails_somehow(what: &str) -> Vec<String> {
    let web = Web::keyed(&format!("{{k: (if .k == \"bad\" then ({what}) else .k end)}}"));
    let (good, bad) = lines();
    web.lines(good.iter().chain(&bad)).drain();
    let outputs = web.outputs();
    assert_eq!(outputs.values().map(Vec::len).sum::<usize>(), good.len(), "{what}: {outputs:?}");
    web.keyless(&bad).into_iter().map(|failed| failed.code).collect()
}

#[test]
fn a_query_must_make_one_object_with_keys_that_are_values() {
    fails("empty", "no-result");
    fails(".k, .k", "several-results");
    fails("1, range(1e12)", "several-results");
    fails("null", "key-is-null");
    fails(".nosuch", "key-is-null");
    fails("{}", "key-is-object");
    fails("[1]", "key-is-array");
    fails("nan", "key-is-null");
    fails("infinite", "key-is-infinite");
    fails("error", "query-failed");
    fails("error(null)", "query-failed");
    fails("error({a: [range(9)]})", "query-failed");
    fails(".number.x", "query-failed");
    fails(".k | tonumber", "query-failed");
    fails("\"\"", "partition-keys");
    fails("\"..\"", "partition-keys");
    fails("\"\\u0000\"", "partition-keys");
    fails("[limit(600; repeat(\"x\"))] | add", "partition-keys");
}

/// A number is a value, of whatever a query makes it.
#[test]
fn numbers_and_text_of_the_query_are_keys() {
    let web = Web::keyed(
        "{k: (if .k == 1 then 1e3 elif .k == 2 then 0.1 elif .k == 3 then (.k | tostring) else (.k | not) end)}",
    );
    web.lines((1..5).map(|k| json!({ "k": k }).to_string())).drain();
    let folders: Vec<String> = web.outputs().into_keys().collect();
    assert_eq!(folders, ["out/0.1", "out/1000", "out/3", "out/false"]);
    assert!(web.failed().is_empty());
}

/// Nothing is delivered, nothing is lost, and it ends.
#[test]
fn a_query_that_fails_every_record_fails_no_run() {
    let (good, bad) = lines();
    let all = [good, bad].concat();
    for query in ["{k: last(range(1e12))}", "{k: (def f: f; f)}", "{k: empty}", "{k: null}"] {
        let web = Web::keyed(query);
        let err = web.lines(&all).drain();
        assert!(err.contains("9 records read, 0 out, 0 dropped, 9 failed"), "{query}: {err}");
        web.keyless(&all);
    }
}

/// What a query that is no good says is in `snapshots/partitioning.txt`. It is refused before anything is read.
#[test]
fn what_can_be_known_beforehand_is_refused_by_both() {
    for query in [
        "def f: f; f",
        ".k",
        "{k: .k",
        "{k: .k, j: .k}",
        "{(.k): .k}",
        "{k: nosuch}",
        "{k: input}",
        "{k: $ENV}",
    ] {
        let web = Web::keyed(query);
        web.lines(["{\"k\":\"a\"}"]);
        for args in [&["check"][..], &["run", "--drain"]] {
            let (code, out, err) = run(standpipe(web.folder()).args(args), b"");
            assert_eq!((code, out.as_str()), (2, ""), "{query}: {err}");
            assert!(
                err.contains("`query` ") || err.contains("of `query`") || err.contains("key `j`"),
                "{query}: {err}"
            );
        }
        assert!(!web.path("buckets").exists(), "{query}");
    }
}
