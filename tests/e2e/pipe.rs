use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::program::{access_log, run, standpipe};

const GOOD: &str = "h - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 7";

#[test]
fn every_line_of_a_real_log_comes_out() {
    let folder = tempfile::tempdir().unwrap();
    let log = access_log();
    let mut command = standpipe(folder.path());
    let (code, out, err) =
        run(command.args(["pipe", "--strict", "--plugin", "apache-log-to-json"]).arg(&log), b"");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out.lines().count(), 5_000);
    assert!(out.lines().next().unwrap().starts_with(r#"{"host":"83.149.9.216","ident":"-""#));
}

#[test]
fn failures_are_kept_with_their_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let input = format!("{GOOD}\nnonsense\n{GOOD}");
    let args = ["pipe", "--strict", "--failed", "failed.jsonl", "--plugin", "apache-log-to-csv"];
    let (code, _, err) = run(standpipe(folder.path()).args(args), input.as_bytes());
    assert_eq!((code, err.as_str()), (1, "1 of 3 records failed\n"));
    let failed = std::fs::read_to_string(folder.path().join("failed.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&failed).unwrap();
    assert_eq!(line["errorCode"], "Lambda.ProcessingFailedStatus");
    assert_eq!((&line["code"], &line["rawData"]), (&"not-apache".into(), &"bm9uc2Vuc2U=".into()));
    assert!(line["pluginDigest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn a_line_follows_its_input_while_more_is_awaited() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = standpipe(folder.path())
        .args(["pipe", "--plugin", "apache-log-to-json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(input, "{GOOD}").unwrap();
        let mut line = String::new();
        // Returns only because the line comes before the input ends.
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with("{\"host\":\"h\""), "{line}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = standpipe(folder.path())
        .args(["pipe", "--plugin", "apache-log-to-json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    drop(child.stdout.take());
    let feed = std::thread::spawn(move || while writeln!(input, "{GOOD}").is_ok() {});
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(err, "");
    feed.join().unwrap();
}

#[test]
fn a_line_that_is_too_long_fails_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut input = format!("{GOOD}\n").into_bytes();
    let start = input.len();
    input.extend(std::iter::repeat_n(b'x', 3_000_000));
    input.extend(format!("\n{GOOD}\n").as_bytes());
    let args = ["pipe", "--failed", "failed.jsonl", "--plugin", "apache-log-to-json"];
    let (code, out, _) = run(standpipe(folder.path()).args(args), &input);
    assert_eq!((code, out.lines().count()), (0, 2));
    let failed = std::fs::read_to_string(folder.path().join("failed.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(&failed).unwrap();
    assert_eq!((&line["offset"], &line["length"]), (&start.into(), &3_000_000.into()));
    assert_eq!(line["rawData"].as_str().unwrap().len(), 1_024_000_usize.div_ceil(3) * 4);
}
