//! boto3 and the AWS CLI, used as people use them.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::host::{Host, configured, drain, wait_for};
use crate::http::{connect, receive, send};
use crate::python::{aws, printed, python, script};
use crate::wire::delivered;

mod repeats;

/// Its objects are closed only when it is drained, and there is one lane, so that its bytes are in the order of the
/// requests.
const WEB: &str = r#"
[streams.web]
lanes = 1
[streams.web.destination.s3]
bucket = "logs"
prefix = "web/!{timestamp:yyyy}/"
error_output_prefix = "failed/!{firehose:error-output-type}/"
buffering = { size = "64MiB", interval = "900s" }
"#;

/// A folder with `web`, a stream that reads a file, and eleven that keep nothing.
fn many() -> tempfile::TempDir {
    let mut config = "api = { account = \"123456789012\", region = \"eu-west-3\" }\n".to_owned() + WEB;
    config +=
        "[streams.lines]\nsource.file = { path = \"lines.txt\" }\ndestination.s3 = { bucket = \"lines\" }\n";
    for number in 0..11 {
        config += &format!("[streams.many-{number:02}]\ndestination.discard = {{}}\n");
    }
    let folder = configured(&config);
    fs::write(folder.path().join("lines.txt"), "a line\n").unwrap();
    folder
}

/// Runs a script, which prints the records that it put, and compares them with the objects.
fn holds_what_is_printed(name: &str) {
    let Some(python) = python() else { return };
    let folder = many();
    let host = Host::start(folder.path());
    let put: Vec<String> = serde_json::from_str(&printed(&mut script(&python, name, &host))).unwrap();
    let put: Vec<u8> = put.iter().flat_map(|data| BASE64_STANDARD.decode(data).unwrap()).collect();
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert!(delivered(folder.path()) == put, "the objects hold something else than what was put");
}

#[test]
fn boto3_lists_describes_and_puts_and_objects_hold_just_those_bytes() {
    holds_what_is_printed("wire_operations.py");
}

#[test]
fn boto3_is_told_what_is_wrong_as_firehose_tells_it_and_nothing_of_it_is_kept() {
    holds_what_is_printed("wire_errors.py");
}

#[test]
fn what_passes_the_rate_is_refused_and_boto3_tries_again_until_it_may() {
    let Some(python) = python() else { return };
    let folder = configured(
        r#"
[streams]
three = { rate = { records = 3 }, lanes = 1, destination.s3 = { bucket = "logs", prefix = "three/" } }
thin = { rate = { bytes = "1KiB" }, destination.discard = {} }
patient = { rate = { bytes = "1KiB" }, lanes = 1, destination.s3 = { bucket = "logs", prefix = "patient/" } }
"#,
    );
    let host = Host::start(folder.path());
    printed(&mut script(&python, "wire_throttled.py", &host));
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let wanted = format!("{}at last1\n2\n3\n", "p".repeat(4 << 10));
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), wanted);
}

#[test]
fn the_aws_cli_lists_describes_and_puts_and_its_exit_code_says_how_it_went() {
    let Some(python) = python() else { return };
    let folder = many();
    let records = folder.path().join("records.json");
    fs::write(&records, r#"[{"Data":"two\n"},{"Data":""},{"Data":"three\n"}]"#).unwrap();
    let host = Host::start(folder.path());
    let call = |args: &[&str]| {
        serde_json::from_str::<serde_json::Value>(&printed(aws(&python, &host).args(args))).unwrap()
    };
    let web = ["--delivery-stream-name", "web"];

    let list =
        call(&["list-delivery-streams", "--limit", "2", "--exclusive-start-delivery-stream-name", "many-09"]);
    assert_eq!(list["DeliveryStreamNames"], serde_json::json!(["many-10", "web"]));
    assert_eq!(list["HasMoreDeliveryStreams"], false);
    let about = call(&[&["describe-delivery-stream"], &web[..]].concat());
    assert_eq!(about["DeliveryStreamDescription"]["DeliveryStreamStatus"], "ACTIVE");
    let one = call(&[&["put-record", "--record", "{\"Data\":\"one\\n\"}"], &web[..]].concat());
    assert_eq!(one["RecordId"].as_str().map(str::len), Some(44), "{one}");
    let file = format!("file://{}", records.display());
    let batch = call(&[&["put-record-batch", "--records", &file], &web[..]].concat());
    assert_eq!(
        (&batch["FailedPutCount"], batch["RequestResponses"].as_array().unwrap().len()),
        (&0.into(), 3)
    );

    let fails = |args: &[&str]| {
        let output = aws(&python, &host).args(args).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = fails(&["describe-delivery-stream", "--delivery-stream-name", "nosuch"]);
    // What the first and the second version of it make of an error of the service.
    assert!(matches!(code, Some(254 | 255)), "{code:?} {said}");
    let told = "(ResourceNotFoundException) when calling the DescribeDeliveryStream operation: \
                Firehose nosuch under account 123456789012 not found.";
    assert!(said.contains(told), "{said}");
    let (code, said) = fails(&[&["delete-delivery-stream"], &web[..]].concat());
    assert!(code != Some(0) && said.contains("(InvalidArgumentException)"), "{code:?} {said}");
    assert!(said.contains("Firehose web is in the config file of its host"), "{said}");

    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), "one\ntwo\nthree\n");
}

#[test]
fn a_body_may_be_packed_and_is_signed_as_it_is_sent() {
    let Some(python) = python() else { return };
    let folder = with_key(WEB);
    let host = Host::start(folder.path());
    printed(script(&python, "wire_packed.py", &host).args([ID, SECRET]));
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), "packed\npacked\n");
}

const ID: &str = "AKIAEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A folder with a config and a key that may do everything.
fn with_key(config: &str) -> tempfile::TempDir {
    let key = "[keys.all]\naccess_key_id = \"file:id\"\nsecret_access_key = \"file:secret\"\n";
    let folder = configured(&(config.to_owned() + key));
    fs::write(folder.path().join("id"), ID).unwrap();
    fs::write(folder.path().join("secret"), SECRET).unwrap();
    folder
}

const PUT: &str = r#"{"DeliveryStreamName":"web","Record":{"Data":"aGVsbG8K"}}"#;

#[test]
fn a_body_may_come_in_chunks_of_any_size() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Firehose_20150804.PutRecord\r\ntransfer-encoding: chunked\r\n\r\n",
        host.api
    );
    let mut socket = connect(host.api);
    for size in [1, 7, PUT.len()] {
        let mut request = head.clone().into_bytes();
        for chunk in PUT.as_bytes().chunks(size) {
            request.extend(
                format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"),
            );
        }
        request.extend(b"0\r\n\r\n");
        std::io::Write::write_all(&mut socket, &request).unwrap();
        let answer = receive(&mut socket).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"hello\n".repeat(3));
}

#[test]
fn http_2_is_spoken_to_those_who_know_it_and_signatures_hold_there_too() {
    let Some(curl) = curl() else { return };
    let key = format!("{ID}:{SECRET}");
    let signed = ["--aws-sigv4", "aws:amz:us-east-1:firehose", "--user", &key];
    for (folder, signed) in [(configured(WEB), &[][..]), (with_key(WEB), &signed)] {
        let host = Host::start(folder.path());
        let mut command = Command::new(curl);
        command.args(["--silent", "--http2-prior-knowledge", "--max-time", "60"]).args(signed);
        command.args(["--header", "content-type: application/x-amz-json-1.1"]);
        command.args(["--header", "x-amz-target: Firehose_20150804.PutRecord"]);
        command.args(["--write-out", " %{http_version} %{http_code}", &host.url(), "--data-binary", PUT]);
        let said = printed(&mut command);
        assert!(said.starts_with("{\"RecordId\":\"") && said.ends_with(" 2 200"), "{said}");
        assert_eq!(host.stop().0, Some(0));
        drain(folder.path());
        assert_eq!(delivered(folder.path()), b"hello\n");
    }
}

/// The system's curl. None, said by name, if it does not speak HTTP/2.
pub(crate) fn curl() -> Option<&'static Path> {
    let about = Command::new("curl").arg("--version").output();
    if about.is_ok_and(|about| String::from_utf8_lossy(&about.stdout).contains("HTTP2")) {
        return Some(Path::new("curl"));
    }
    println!("skipped: there is no curl that speaks HTTP/2");
    None
}

/// Puts a record with the id of an SDK's call, and gives the body of the answer.
fn put(host: &Host, invocation: &str, body: &str) -> String {
    let operation = if body.contains("\"Records\"") { "PutRecordBatch" } else { "PutRecord" };
    let target = format!("Firehose_20150804.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &target),
        ("amz-sdk-invocation-id", invocation),
    ];
    let answer = send(host.api, "POST", "/", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Waits until it knows what it answered before.
fn wait_ready(host: &Host) {
    let admin = host.admin.unwrap();
    wait_for("the host is ready", || send(admin, "GET", "/health/ready", &[], b"").status == 200);
}
