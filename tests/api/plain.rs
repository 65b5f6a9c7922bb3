//! `POST /streams/NAME/records`: what producers that speak plain HTTP may send, and what they are told.

use std::fs;
use std::io::Write;

use base64::prelude::{BASE64_STANDARD, Engine};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::host::{Host, configured, drain, objects, program};
use crate::http::{Answer, connect, receive, request, send};
use crate::python::{printed, python, script};
use crate::wire::delivered;

const CONFIG: &str = r#"
[keys.web]
access_key_id = "file:id"
secret_access_key = "file:secret"
streams = ["web", "nosuch*", "files", "slow*"]

[keys.reader]
access_key_id = "file:reader"
secret_access_key = "file:reader"
actions = ["List*", "PutRecord"]

[keys.guest]
access_key_id = "file:guest"
secret_access_key = "file:guest"
session_token = "file:guest"

[streams]
web = { lanes = 1, destination.s3 = { bucket = "logs" } }
other.destination.discard = {}
slow = { rate = { records = 1 }, lanes = 1, destination.s3 = { bucket = "slow" } }
files = { source.file = { path = "lines" }, destination.s3 = { bucket = "files" } }
"#;
const ID: &str = "AKIAPLAIN";
const SECRET: &str = "a:secret";
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

fn folder() -> tempfile::TempDir {
    let folder = configured(CONFIG);
    for (name, text) in
        [("id", ID), ("secret", SECRET), ("reader", "read"), ("guest", "guest"), ("lines", "a\n")]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn put_as(host: &Host, authorization: &str, stream: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let headers = [&[("authorization", authorization)], headers].concat();
    send(host.api, "POST", &format!("/streams/{stream}/records"), &headers, body)
}

fn put(host: &Host, stream: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    put_as(host, &format!("Bearer {SECRET}"), stream, headers, body)
}

/// What an answer says, which must be good.
fn good(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// What an answer says, which must be refused like this.
fn refused(answer: &Answer, status: u16, error: &str) -> String {
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, Some(error)), "{answer:?}");
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(told["error"], error);
    told["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_body_is_one_record_or_one_a_line_by_its_content_type() {
    let folder = folder();
    let host = Host::start(folder.path());
    let lines = b"{\"a\":1}\n\n  \r\n{\"a\":2}\r\n\xff\xfe\nlast";
    for kind in ["application/x-ndjson", "application/ndjson; charset=utf-8", "APPLICATION/JSONL"] {
        let told = good(&put(&host, "web", &[("content-type", kind)], lines));
        assert_eq!(told["records"], 4, "{kind}");
        assert_ne!(told["firstRecordId"], told["lastRecordId"]);
    }
    for kind in ["application/json", "text/plain", "application/octet-stream", ""] {
        let told = good(&put(&host, "web", &[("content-type", kind)], lines));
        assert_eq!((&told["records"], &told["firstRecordId"]), (&1.into(), &told["lastRecordId"]), "{kind}");
    }
    assert_eq!(good(&put(&host, "web", &[], b"no type"))["records"], 1);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(b"p\nq\n").unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(good(&put(&host, "web", &[LINES, ("content-encoding", "gzip")], &packed))["records"], 2);
    // Nothing at all is a record, and no lines are none.
    assert_eq!(good(&put(&host, "web", &[], b""))["records"], 1);
    assert_eq!(good(&put(&host, "web", &[LINES], b"\n\n")), serde_json::json!({ "records": 0 }));
    // The ids are those of Firehose, and lead to the records.
    let id = good(&put(&host, "web", &[LINES], b"x\ny\n"))["lastRecordId"].as_str().unwrap().to_owned();
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let found = program(folder.path()).args(["log", "inspect", "state", "--record", &id]).output().unwrap();
    assert!(
        String::from_utf8_lossy(&found.stdout).starts_with("web, lane 0, record 21: settled"),
        "{found:?}"
    );
    let split: &[u8] = b"{\"a\":1}\n{\"a\":2}\r\n\xff\xfe\nlast";
    let wanted = [&split.repeat(3), &lines.repeat(4), &b"no typep\nq\nx\ny\n"[..]].concat();
    assert!(delivered(folder.path()) == wanted, "{:?}", String::from_utf8_lossy(&delivered(folder.path())));
}

#[test]
fn a_producer_shows_its_secret_or_is_asked_for_it() {
    let folder = folder();
    let host = Host::start(folder.path());
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    for good_one in
        [format!("Bearer {SECRET}"), format!("bearer  {SECRET}"), basic(&format!("{ID}:{SECRET}"))]
    {
        good(&put_as(&host, &good_one, "web", &[], b"x"));
    }
    for wrong in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a:secre",
        "Bearer a:secrets",
        &format!("Bearer {ID}"),
        &format!("Bearer {ID}:{SECRET}"),
        &format!("Basic {ID}:{SECRET}"),
        "Basic !!!!",
        &basic(&format!("{ID}:a:secrets")),
        &basic(&format!("read:{SECRET}")),
        &basic(&format!(":{SECRET}")),
        &format!("Digest {SECRET}"),
        // It is never all that is needed.
        "Bearer guest",
        &basic("guest:guest"),
    ] {
        let answer = put_as(&host, wrong, "web", &[], b"x");
        assert_eq!(refused(&answer, 401, "UnrecognizedClientException"), "nobody has this key", "{wrong}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let answer = send(host.api, "POST", "/streams/web/records", &[], b"x");
    assert!(
        refused(&answer, 401, "MissingAuthenticationTokenException").contains("Authorization: Bearer SECRET")
    );
    assert!(answer.header("www-authenticate").is_some());
    if let Some(python) = python() {
        printed(script(&python, "wire_records.py", &host).args([ID, SECRET]));
    }
    // What a browser can send is no matter where it shows a key.
    let page =
        [("origin", "https://page.example"), ("content-type", "text/plain"), ("host", "standpipe.example")];
    good(&put(&host, "web", &page, b"x"));
}

#[test]
fn what_cannot_be_taken_is_refused_in_the_words_of_http() {
    let folder = folder();
    let host = Host::start(folder.path());
    let told = refused(&put(&host, "other", &[], b"x"), 403, "AccessDeniedException");
    assert_eq!(
        told,
        "User: arn:aws:iam::000000000000:user/web is not authorized to perform: firehose:PutRecordBatch on resource: \
         arn:aws:firehose:us-east-1:000000000000:deliverystream/other"
    );
    let may_not = put_as(&host, "Bearer read", "web", &[], b"x");
    assert!(refused(&may_not, 403, "AccessDeniedException").contains("user/reader is not authorized"));
    for body in [&b"x"[..], b""] {
        let told = refused(&put(&host, "nosuch", &[LINES], body), 404, "ResourceNotFoundException");
        assert_eq!(told, "Firehose nosuch under account 000000000000 not found.");
        let told = refused(&put(&host, "files", &[LINES], body), 400, "InvalidArgumentException");
        assert_eq!(told, "This operation is not permitted on a delivery stream that reads files.");
    }
    for name in ["", "a%20b", "..", &"n".repeat(65)] {
        let answer = put(&host, name, &[], b"x");
        assert!(matches!(answer.status, 400 | 403), "{name}: {answer:?}");
    }
    for (method, path) in
        [("GET", "/streams/web/records"), ("PUT", "/streams/web/records"), ("POST", "/streams/web")]
    {
        refused(&send(host.api, method, path, &[], b""), 404, "UnknownOperationException");
    }

    let large = put(&host, "web", &[LINES], &[b"x\n".to_vec(), vec![b'y'; 1_024_001]].concat());
    let told = refused(&large, 413, "RequestEntityTooLargeException");
    assert_eq!(told, "record 2 has 1024001 bytes; a record has at most 1024000");
    let told =
        refused(&put(&host, "web", &[LINES], &vec![b'\n'; 4_194_305]), 413, "RequestEntityTooLargeException");
    assert_eq!(told, "a request has at most 4194304 bytes of records");
    let mut socket = connect(host.api);
    let bearer = format!("Bearer {SECRET}");
    let headers = [("authorization", bearer.as_str()), ("content-length", "8388609")];
    socket.write_all(&request(host.api, "POST", "/streams/web/records", &headers, b"")).unwrap();
    refused(&receive(&mut socket).unwrap(), 413, "RequestEntityTooLargeException");

    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"");
}

#[test]
fn a_request_passes_the_rate_as_a_whole_or_waits_and_a_repeat_costs_nothing() {
    let folder = folder();
    let host = Host::start(folder.path());
    let key = ("idempotency-key", "one");
    // More than the rate has in ten seconds would keep all others out for too long.
    let told = refused(
        &put(&host, "slow", &[LINES], "a line\n".repeat(11).as_bytes()),
        413,
        "RequestEntityTooLargeException",
    );
    assert!(told.contains("send fewer at a time"), "{told}");
    // So many may come once, and then nothing may for as long.
    let body = "a line\n".repeat(10);
    let first = put(&host, "slow", &[LINES, key], body.as_bytes());
    assert_eq!(good(&first)["records"], 10);
    for _ in 0..3 {
        let answer = put(&host, "slow", &[LINES, ("idempotency-key", "two")], b"x\n");
        assert_eq!(refused(&answer, 503, "ServiceUnavailableException"), "Slow down.");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(put(&host, "slow", &[LINES, key], body.as_bytes()).body, first.body);
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let slow = objects(&folder.path().join("buckets/slow"));
    assert_eq!(slow.iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>(), [body.len()]);
}

#[test]
fn an_idempotency_key_stands_for_one_request_and_is_kept_once_also_after_a_kill() {
    let folder = folder();
    let host = Host::start(folder.path());
    let key = ("idempotency-key", "order-17");
    let first = put(&host, "web", &[LINES, key], b"1\n2\n");
    good(&first);
    assert_eq!(put(&host, "web", &[LINES, key], b"1\n2\n").body, first.body);
    host.kill();
    let host = Host::start(folder.path());
    assert_eq!(put(&host, "web", &[LINES, key], b"1\n2\n").body, first.body);
    let others = [
        put(&host, "web", &[LINES, key], b"1\n3\n"),
        put(&host, "web", &[LINES, ("idempotency-key", "order-18")], b"1\n2\n"),
        put(&host, "web", &[LINES], b"1\n2\n"),
        put(&host, "slow", &[LINES, key], b"1\n2\n"),
    ];
    for other in &others {
        assert_ne!(good(other)["firstRecordId"], good(&first)["firstRecordId"]);
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), "1\n2\n1\n3\n1\n2\n1\n2\n");
}
