//! Source records that hold several, taken apart: what is not what it says it is, and what would be too much.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::host::{Host, configured, drain};
use crate::http::send;
use crate::partitioning::{NO_KEYS, Web, by_query};
use crate::program::top;

/// A prefix without a date in it.
const OUT: &str = "prefix = \"out/!{timestamp:'all'}/\"";

/// A stream `web` that is put records to, with these rules.
fn put(split: &str, destination: &str, records: &[Vec<u8>]) -> tempfile::TempDir {
    let folder = configured(&format!(
        "[streams.web]\nlanes = 1\nsplit = {{ {split} }}\n[streams.web.destination.s3]\nbucket = \"logs\"\n\
         error_output_prefix = \"failed/!{{firehose:error-output-type}}/\"\nbuffering = {{ interval = \"1s\" }}\n{destination}\n"
    ));
    let host = Host::start(folder.path());
    for record in records {
        let body =
            json!({ "DeliveryStreamName": "web", "Record": { "Data": STANDARD.encode(record) } }).to_string();
        let headers =
            [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "Firehose_20150804.PutRecord")];
        let answer = send(host.api, "POST", "/", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    drain(folder.path());
    folder
}

/// A failure: its folder, error code, own code and bytes.
type Failure = (String, String, String, Vec<u8>);
/// A line, the parts that are delivered, and codes and bytes of those that fail.
type Case<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, &'a str)]);

/// All outputs, end to end, and all failures.
fn came(folder: &tempfile::TempDir) -> (Vec<u8>, Vec<Failure>) {
    let (mut outputs, mut failed) = (Vec::new(), Vec::new());
    for (key, body) in crate::host::objects(&folder.path().join("buckets/logs")) {
        let Some(rest) = key.strip_prefix("failed/") else {
            outputs.extend(body);
            continue;
        };
        for line in String::from_utf8(body).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let raw = STANDARD.decode(text("rawData")).unwrap();
            failed.push((rest.split_once('/').unwrap().0.to_owned(), text("errorCode"), text("code"), raw));
        }
    }
    (outputs, failed)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn envelope(messages: &[&str]) -> Vec<u8> {
    let events: Vec<Value> =
        messages.iter().map(|message| json!({ "id": "1", "timestamp": 0, "message": message })).collect();
    let envelope = json!({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": [],
        "logEvents": events,
    });
    gzip(envelope.to_string().as_bytes())
}

/// An aggregate of `one` and `two`, as a producer library makes it.
fn aggregate() -> Vec<u8> {
    let all = std::fs::read_to_string(top().join("runtime/format/tests/split/kpl.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&all).unwrap();
    let one = all.iter().find(|one| one["name"] == "two keys").unwrap();
    STANDARD.decode(one["record"].as_str().unwrap()).unwrap()
}

#[test]
fn an_aggregate_with_a_wrong_digest_is_a_record_of_its_own() {
    let good = aggregate();
    let mut wrong = good.clone();
    *wrong.last_mut().unwrap() ^= 1;
    let mut cut = good.clone();
    cut.pop();
    let folder = put("kpl = true", "", &[good.clone(), wrong.clone(), cut.clone(), good.clone()]);
    let (outputs, failed) = came(&folder);
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(outputs, [b"onetwo".as_slice(), &wrong, &cut, b"onetwo"].concat());
}

#[test]
fn and_fails_with_its_bytes_where_it_is_to_be_json() {
    let mut wrong = aggregate();
    *wrong.last_mut().unwrap() ^= 1;
    let records = [b"{\"k\":\"a\"}".to_vec(), wrong.clone(), b"{\"k\":\"a\"}".to_vec()];
    let folder = put("kpl = true", &by_query("{k: .k}"), &records);
    let (outputs, failed) = came(&folder);
    assert_eq!(outputs, b"{\"k\":\"a\"}{\"k\":\"a\"}");
    assert_eq!(failed, [("processing-failed".into(), NO_KEYS.into(), "not-json".into(), wrong)]);
}

/// 40 MB of one byte, which gzip makes 40 KB of; the same in many members, in a member in a member, and in a message.
#[test]
fn gzip_that_becomes_too_large_fails_with_its_compressed_bytes() {
    let bomb = gzip(&vec![b'a'; 40_000_000]);
    let members = gzip(&vec![b' '; 1_000_000]).repeat(40);
    let long = "x".repeat(39_000_000);
    let message = envelope(&[&long]);
    let bombs = [bomb, members, message];
    let mut records = vec![envelope(&["first"])];
    for bomb in &bombs {
        assert!(bomb.len() < 100_000, "{}", bomb.len());
        records.extend([bomb.clone(), envelope(&["between"])]);
    }
    let folder = put("cloudwatch_logs = \"messages\"", "", &records);
    let (outputs, failed) = came(&folder);
    assert_eq!(outputs, b"first\nbetween\nbetween\nbetween\n");
    let want = bombs.map(|bomb| {
        (
            "decompression-failed".to_owned(),
            "Decompression.Failed".to_owned(),
            "inflated-too-large".to_owned(),
            bomb,
        )
    });
    assert!(failed == want, "{:?}", failed.iter().map(|failed| &failed.2).collect::<Vec<_>>());
}

#[test]
fn what_is_no_envelope_fails_with_its_compressed_bytes() {
    let good = envelope(&["one", "two"]);
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    let bad = [
        (b"plain text".to_vec(), "not-gzip"),
        (Vec::new(), "not-gzip"),
        ([good.as_slice(), b"behind"].concat(), "not-gzip"),
        (good[..good.len() - 9].to_vec(), "damaged-gzip"),
        (damaged, "damaged-gzip"),
        (gzip(b"{}"), "not-an-envelope"),
        (gzip(b"text"), "not-an-envelope"),
        (gzip(&gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}")), "not-an-envelope"),
        (gzip(b"{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"1\"}]}"), "not-an-envelope"),
        (gzip(&b"[".repeat(1_000_000)), "not-an-envelope"),
    ];
    let records: Vec<Vec<u8>> = bad.iter().flat_map(|(record, _)| [good.clone(), record.clone()]).collect();
    let folder = put("cloudwatch_logs = \"messages\"", "", &records);
    let (outputs, failed) = came(&folder);
    assert_eq!(outputs, b"one\ntwo\n".repeat(bad.len()));
    let want = bad.map(|(record, code)| {
        ("decompression-failed".to_owned(), "Decompression.Failed".to_owned(), code.to_owned(), record)
    });
    assert_eq!(failed, want);
}

#[test]
fn a_delimiter_that_never_comes_leaves_the_record_whole() {
    let large = "x".repeat(1_000_000);
    let web = Web::new("split = { deaggregate = { delimiter = \"####\" } }", OUT);
    web.lines(["a####b", "no delimiter", "###", "####", "a########b####", &large]).drain();
    let mut want = ["a", "b", "no delimiter", "###", "####", "a", "b", &large].map(str::to_owned).to_vec();
    want.sort();
    assert!(web.outputs().into_values().next().unwrap() == want);
    assert!(web.failed().is_empty());
}

#[test]
fn a_record_of_more_than_500_is_one_record() {
    let many = |many: usize| vec!["{\"k\":1}"; many].concat();
    let delimited = |many: usize| vec!["x"; many].join("#");
    let web = Web::new("split = { deaggregate = \"json\" }", OUT);
    web.lines([many(500), many(501)]).drain();
    let outputs = web.outputs().remove("out/all").unwrap();
    assert_eq!(outputs.len(), 501);
    assert!(outputs.contains(&many(501)) && outputs.contains(&"{\"k\":1}".to_owned()));

    let web = Web::new("split = { deaggregate = { delimiter = \"#\" } }", OUT);
    web.lines([delimited(500), delimited(501)]).drain();
    let outputs = web.outputs().remove("out/all").unwrap();
    assert!(outputs.len() == 501 && outputs.contains(&delimited(501)));

    // Whole, it has no keys.
    let web = Web::new("split = { deaggregate = \"json\" }", &by_query("{k: .k}"));
    web.lines([many(501), many(500)]).drain();
    assert_eq!(web.outputs().remove("out/1").unwrap().len(), 500);
    web.keyless(&[many(501)]);
}

#[test]
fn what_is_no_object_fails_alone_and_what_is_no_json_with_all_behind_it() {
    let web = Web::new("split = { deaggregate = \"json\" }", &by_query("{k: .k}"));
    let deep = format!("{{\"k\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let cases: [Case<'_>; 8] = [
        ("{\"k\":1}{\"k\":2}", &["{\"k\":1}", "{\"k\":2}"], &[]),
        ("{\"k\":3} [1] {\"k\":4}", &["{\"k\":3}", "{\"k\":4}"], &[("not-an-object", "[1]")]),
        (
            "7 \"{\" null",
            &[],
            &[("not-an-object", "7"), ("not-an-object", "\"{\""), ("not-an-object", "null")],
        ),
        ("{\"k\":5}{\"k\":", &["{\"k\":5}"], &[("not-json", "{\"k\":")]),
        ("{\"k\":6},{\"k\":7}", &["{\"k\":6}"], &[("not-json", ",{\"k\":7}")]),
        ("x{\"k\":8}", &[], &[("not-json", "x{\"k\":8}")]),
        ("{\"k\":\"}{\"}", &["{\"k\":\"}{\"}"], &[]),
        (&deep, &[], &[("too-deep", &deep)]),
    ];
    web.lines(cases.iter().map(|(line, ..)| *line)).drain();
    let mut outputs: Vec<String> = web.outputs().into_values().flatten().collect();
    let mut want: Vec<&str> = cases.iter().flat_map(|(_, outputs, _)| outputs.iter().copied()).collect();
    outputs.sort();
    want.sort();
    assert_eq!(outputs, want);
    let failed = web.failed();
    let got: Vec<(&str, &[u8])> =
        failed.iter().map(|failed| (failed.code.as_str(), failed.raw.as_slice())).collect();
    let want: Vec<(&str, &[u8])> = cases
        .iter()
        .flat_map(|(_, _, failed)| failed.iter().map(|(code, raw)| (*code, raw.as_bytes())))
        .collect();
    assert_eq!(got, want);
    for failed in failed {
        assert_eq!(failed.folder, "processing-failed");
        assert_eq!(failed.error_code, "DynamicPartitioning.DeaggregationFailed");
    }
}
