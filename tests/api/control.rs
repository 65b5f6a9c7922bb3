//! Streams that the API makes, changes and ends, while others do the same, records come in, and the host falls.
//!
//! `STANDPIPE_SEED` says from where numbers are drawn; `STANDPIPE_ROUNDS`, `STANDPIPE_KILLS`, `STANDPIPE_BODIES` and
//! `STANDPIPE_STREAMS` say how many: `STANDPIPE_KILLS=500 cargo test --release -p standpipe --test api control`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::host::{Host, SOON, objects, wait_for};
use crate::http::{Answer, receive, request, send};

mod again;
mod bodies;
mod both;
mod gone;
mod killed;
mod many;
mod policy;
mod reloaded;
mod stuck;

const ROLE: &str = "arn:aws:iam::000000000000:role/delivery";
const DESTINATION: &str = "destinationId-000000000001";
const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

/// Says that something is over when it is dropped: also if the test has failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A client that calls the API on a connection of its own, which stays open.
struct Client {
    to: SocketAddr,
    socket: Option<TcpStream>,
}

impl Client {
    fn of(host: &Host) -> Self {
        Self::new(host.api)
    }

    fn new(to: SocketAddr) -> Self {
        Self { to, socket: None }
    }

    /// The answer to a body, whatever it is. None if the host is gone before there is one.
    fn send(&mut self, operation: &str, more: &[(&str, &str)], body: &[u8]) -> Option<Answer> {
        let target = format!("Firehose_20150804.{operation}");
        let headers = [&[JSON, ("x-amz-target", target.as_str())], more].concat();
        let bytes = request(self.to, "POST", "/", &headers, body);
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => {
                // Nobody may be there.
                let socket = TcpStream::connect(self.to).ok()?;
                socket.set_read_timeout(Some(SOON)).unwrap();
                socket
            }
        };
        socket.write_all(&bytes).ok()?;
        let answer = receive(&mut socket)?;
        if answer.header("connection") != Some("close") {
            self.socket = Some(socket);
        }
        Some(answer)
    }

    fn try_call(&mut self, operation: &str, input: &Value) -> Option<Answer> {
        self.send(operation, &[], input.to_string().as_bytes())
    }

    fn call(&mut self, operation: &str, input: &Value) -> Answer {
        self.try_call(operation, input).unwrap_or_else(|| panic!("the host is gone: {operation} {input}"))
    }

    /// What is answered to a call that must go well.
    fn done(&mut self, operation: &str, input: &Value) -> Value {
        let answer = self.call(operation, input);
        assert_eq!(answer.status, 200, "{operation} {input}: {answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    /// What is told of a call that must be refused like this.
    fn refused(&mut self, operation: &str, input: &Value, error: &str) -> String {
        let answer = self.call(operation, input);
        assert_eq!(kind(&answer), error, "{operation} {input}: {answer:?}");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        told["message"].as_str().unwrap().to_owned()
    }

    /// Makes a stream, and waits until it is active.
    fn create(&mut self, name: &str, destination: &Value) {
        self.done("CreateDeliveryStream", &create(name, destination));
        self.wait_active(name);
    }

    fn wait_active(&mut self, name: &str) {
        wait_for("the stream is active", || status(self.describe(name).as_ref()) == "ACTIVE");
    }

    fn delete(&mut self, name: &str) {
        self.done("DeleteDeliveryStream", &named(name));
    }

    /// What a stream is. None if it is not there.
    fn describe(&mut self, name: &str) -> Option<Value> {
        let answer = self.call("DescribeDeliveryStream", &named(name));
        if kind(&answer) == "ResourceNotFoundException" {
            return None;
        }
        assert_eq!(answer.status, 200, "{answer:?}");
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        Some(told["DeliveryStreamDescription"].clone())
    }

    /// All streams, by name.
    fn list(&mut self) -> Vec<String> {
        let told = self.done("ListDeliveryStreams", &json!({ "Limit": 10_000 }));
        assert_eq!(told["HasMoreDeliveryStreams"], false);
        told["DeliveryStreamNames"].as_array().unwrap().iter().map(text).collect()
    }

    /// Puts records that must be accepted, and gives their ids.
    fn put(&mut self, name: &str, records: &[String]) -> Vec<String> {
        let told = self.done("PutRecordBatch", &batch(name, records));
        assert_eq!(told["FailedPutCount"], 0, "{told}");
        told["RequestResponses"].as_array().unwrap().iter().map(|one| text(&one["RecordId"])).collect()
    }
}

/// The name of an error, or nothing.
fn kind(answer: &Answer) -> &str {
    answer.header("x-amzn-errortype").unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn named(name: &str) -> Value {
    json!({ "DeliveryStreamName": name })
}

/// The status in a description; nothing of a stream that is not there.
fn status(description: Option<&Value>) -> String {
    description.map(|description| text(&description["DeliveryStreamStatus"])).unwrap_or_default()
}

/// What `ExtendedS3DestinationDescription` has of a description.
fn destination_of(description: &Value) -> &Value {
    let [destination] = &description["Destinations"].as_array().unwrap()[..] else {
        panic!("it has one destination: {description}")
    };
    assert_eq!(destination["DestinationId"], DESTINATION);
    &destination["ExtendedS3DestinationDescription"]
}

/// A destination whose objects leave soon.
fn destination(bucket: &str, prefix: &str) -> Value {
    json!({
        "RoleARN": ROLE,
        "BucketARN": format!("arn:aws:s3:::{bucket}"),
        "Prefix": prefix,
        "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 0 },
    })
}

/// The same, whose objects wait for 15 minutes, or for a drain.
fn slow_destination(bucket: &str, prefix: &str) -> Value {
    with(
        destination(bucket, prefix),
        json!({ "BufferingHints": { "SizeInMBs": 64, "IntervalInSeconds": 900 } }),
    )
}

/// A destination with a function.
fn through(mut destination: Value, function: &str) -> Value {
    let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
    let parameters = json!([{ "ParameterName": "LambdaArn", "ParameterValue": arn }]);
    destination["ProcessingConfiguration"] =
        json!({ "Enabled": true, "Processors": [{ "Type": "Lambda", "Parameters": parameters }] });
    destination
}

/// An object with the members of another, too.
fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    object.as_object_mut().unwrap().extend(more);
    object
}

fn create(name: &str, destination: &Value) -> Value {
    json!({ "DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": destination })
}

fn update(name: &str, version: u64, update: &Value) -> Value {
    json!({
        "DeliveryStreamName": name,
        "CurrentDeliveryStreamVersionId": version.to_string(),
        "DestinationId": DESTINATION,
        "ExtendedS3DestinationUpdate": update,
    })
}

fn batch(name: &str, records: &[String]) -> Value {
    let records: Vec<Value> =
        records.iter().map(|record| json!({ "Data": BASE64_STANDARD.encode(record) })).collect();
    json!({ "DeliveryStreamName": name, "Records": records })
}

/// The folders of streams in the state folder, those that are given up, too.
fn folders(folder: &Path) -> Vec<String> {
    let items = fs::read_dir(folder.join("state/streams")).into_iter().flatten();
    let mut names: Vec<String> = items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits until the state folder has these streams, and nothing else.
fn wait_folders(folder: &Path, wanted: &[String]) {
    let until = Instant::now() + SOON;
    while folders(folder) != wanted {
        let found = folders(folder);
        assert!(Instant::now() < until, "the state folder has {found:?}, and not {wanted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn metrics(host: &Host) -> String {
    let answer = send(host.admin.unwrap(), "GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200);
    answer.body
}

/// A metric that streams do not have, each.
fn metric(host: &Host, name: &str) -> u64 {
    let text = metrics(host);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name}: {text}")).parse().unwrap()
}

/// Open files and sockets of a host.
fn open_files(host: &Host) -> usize {
    fs::read_dir(format!("/proc/{}/fd", host.pid().as_raw_nonzero())).unwrap().count()
}

/// How often each line is in the buckets, and in the objects of which.
fn lines(buckets: &Path) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bucket in fs::read_dir(buckets).into_iter().flatten().map(|item| item.unwrap()) {
        let name = bucket.file_name().into_string().unwrap();
        // versitygw keeps there what is on its way.
        for (key, bytes) in objects(&bucket.path()).into_iter().filter(|(key, _)| !key.starts_with(".sgwtmp"))
        {
            for line in String::from_utf8(bytes).unwrap().lines() {
                found.entry(line.to_owned()).or_default().push(format!("{name}/{key}"));
            }
        }
    }
    found
}

/// Ends a host, which must end well, and has all delivered that it holds.
fn stop_and_drain(host: Host, folder: &Path) {
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    let bad = said.lines().find(|line| ["ERROR", "panicked"].iter().any(|bad| line.contains(bad)));
    assert_eq!(bad, None);
    crate::host::drain(folder);
}
