//! Bodies of the operations that put no records, right once and damaged in many ways: each is answered at once, with an
//! error that clients know, and none breaks anything.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Client, destination, kind, named, slow_destination, through, with};
use crate::host::{Host, configured, wait_for};
use crate::hostile::metric;
use crate::kills::{draw, number};
use crate::python::{printed, python, script};

mod damage;

use damage::damaged;

const CLIENTS: u64 = 4;
/// How long an answer may take.
const PROMPT: Duration = Duration::from_secs(2);
/// What a host may take more than it had at first, in KiB, for each stream that was made too.
const MORE_KIB: u64 = 24 << 10;
const EACH_KIB: u64 = 64;

/// What clients may be told, and with which status.
const ERRORS: [(&str, u16); 9] = [
    ("ValidationException", 400),
    ("SerializationException", 400),
    ("InvalidArgumentException", 400),
    ("ResourceNotFoundException", 400),
    ("ResourceInUseException", 400),
    ("ConcurrentModificationException", 400),
    ("LimitExceededException", 400),
    ("UnknownOperationException", 404),
    ("RequestEntityTooLargeException", 413),
];

/// A body that is right, and the operation that it is for.
fn right(state: &mut u64) -> (&'static str, Value) {
    let name = format!("s{}", draw(state) % 6);
    let prefix = format!("{}/!{{timestamp:yyyy/MM}}/", draw(state) % 9);
    let said = with(
        destination("logs", &prefix),
        json!({ "ErrorOutputPrefix": "failed/", "CompressionFormat": "GZIP" }),
    );
    let said = match draw(state) % 4 {
        0 => through(said, "same"),
        1 => with(
            said,
            json!({ "S3BackupMode": "Enabled", "S3BackupConfiguration": slow_destination("backup", "b/") }),
        ),
        2 => with(said, json!({ "FileExtension": ".json", "CustomTimeZone": "Europe/Berlin" })),
        _ => said,
    };
    let tags = json!({ "Tags": [{ "Key": "a", "Value": "b" }, { "Key": format!("k{}", draw(state) % 90) }] });
    match draw(state) % 14 {
        0..3 => (
            "CreateDeliveryStream",
            with(super::create(&name, &said), with(json!({ "DeliveryStreamType": "DirectPut" }), tags)),
        ),
        3..6 => ("UpdateDestination", super::update(&name, 1 + draw(state) % 3, &said)),
        6 => ("DeleteDeliveryStream", with(named(&name), json!({ "AllowForceDelete": true }))),
        7 => (
            "DescribeDeliveryStream",
            with(named(&name), json!({ "Limit": 1, "ExclusiveStartDestinationId": "a" })),
        ),
        8 => (
            "ListDeliveryStreams",
            json!({ "Limit": 9, "DeliveryStreamType": "DirectPut", "ExclusiveStartDeliveryStreamName": "a" }),
        ),
        9 => (
            "ListTagsForDeliveryStream",
            with(named(&name), json!({ "Limit": 5, "ExclusiveStartTagKey": "a" })),
        ),
        10 => ("TagDeliveryStream", with(named(&name), tags)),
        11 => ("UntagDeliveryStream", with(named(&name), json!({ "TagKeys": ["a", "k1"] }))),
        12 => {
            let key = json!({ "KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": "arn:aws:kms:us-east-1:123456789012:key/a" });
            (
                "StartDeliveryStreamEncryption",
                with(named(&name), json!({ "DeliveryStreamEncryptionConfigurationInput": key })),
            )
        }
        _ => ("StopDeliveryStreamEncryption", named(&name)),
    }
}

/// What clients were told, how often, by operation.
#[derive(Default)]
struct Told {
    counts: BTreeMap<(&'static str, String), u64>,
    slowest: Duration,
}

fn client(api: SocketAddr, seed: u64, count: u64) -> Told {
    let (mut client, mut state, mut told) = (Client::new(api), seed, Told::default());
    for number in 0..count {
        let (operation, body) = right(&mut state);
        let body = damaged(&mut state, body);
        let shown = || format!("seed {seed}, request {number}: {operation} {}", body.escape_ascii());
        let began = Instant::now();
        let Some(answer) = client.send(operation, &[], &body) else { panic!("no answer; {}", shown()) };
        let took = began.elapsed();
        assert!(took < PROMPT, "{took:?}; {}", shown());
        told.slowest = told.slowest.max(took);
        let error = kind(&answer).to_owned();
        if answer.status != 200 {
            assert!(ERRORS.contains(&(&error, answer.status)), "{answer:?}; {}", shown());
            assert!(answer.body.len() < 16 << 10, "{} bytes are told; {}", answer.body.len(), shown());
        }
        let body: Value =
            serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}; {}", shown()));
        assert_eq!(body["__type"].as_str().unwrap_or_default(), error, "{}", shown());
        *told.counts.entry((operation, error)).or_default() += 1;
    }
    told
}

#[test]
fn damaged_bodies_are_each_answered_with_an_error_that_clients_know() {
    let (seed, count) = (number("STANDPIPE_SEED", 1), number("STANDPIPE_BODIES", 10_000));
    println!(
        "replay: STANDPIPE_BODIES={count} STANDPIPE_SEED={seed} cargo test -p standpipe --test api control::bodies"
    );
    let folder = configured("[lambda]\nsame = \"blueprint:identity\"\n");
    let host = Host::start(folder.path());
    // The first takes what all share.
    Client::of(&host).create("first", &through(destination("logs", ""), "same"));
    let before = host.memory("VmRSS");
    let began = Instant::now();
    let all: Vec<Told> = thread::scope(|scope| {
        let (api, each) = (host.api, count.div_ceil(CLIENTS));
        let one = |number| scope.spawn(move || client(api, seed * 1_000 + number, each));
        let clients: Vec<_> = (0..CLIENTS).map(one).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let mut counts = BTreeMap::<(&str, String), u64>::new();
    all.iter()
        .flat_map(|told| &told.counts)
        .for_each(|(key, count)| *counts.entry(key.clone()).or_default() += count);
    let slowest = all.iter().map(|told| told.slowest).max().unwrap();
    println!("{count} bodies in {:.1?}, the slowest {slowest:.0?}: {counts:?}", began.elapsed());
    let operations: BTreeSet<&str> = counts.keys().map(|(operation, _)| *operation).collect();
    assert_eq!(operations.len(), 10);
    // Each is answered well at times, but for the one that is not built; and each is refused.
    for operation in operations {
        let well = counts.contains_key(&(operation, String::new()));
        assert_eq!(well, operation != "StartDeliveryStreamEncryption", "{operation}");
        assert!(counts.keys().any(|(of, error)| *of == operation && !error.is_empty()), "{operation}");
    }

    wait_for("no memory is held", || metric(host.admin.unwrap(), "standpipe_request_memory_used_bytes") == 0);
    let mut client = Client::of(&host);
    let names = client.list();
    let (after, most) = (host.memory("VmRSS"), before + MORE_KIB + EACH_KIB * names.len() as u64);
    println!("{} streams were made; {before} KiB before, {after} after", names.len());
    assert!(after < most, "{after} KiB, and not less than {most}");
    // What was made of damaged bodies can be told, and ended.
    for name in &names {
        client.describe(name).unwrap();
        client.delete(name);
    }
    wait_for("all are gone", || client.list().is_empty());
    super::wait_folders(folder.path(), &[]);
    let known = super::metrics(&host);
    let left = known.lines().find(|line| line.contains("{stream="));
    assert_eq!(left, None, "something is counted for a stream that is not there");
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    let bad = said.lines().find(|line| ["ERROR", "panicked"].iter().any(|bad| line.contains(bad)));
    assert_eq!(bad, None);
}

/// A create that is refused leaves nothing that is counted, or somebody could fill the memory with names.
#[test]
fn what_is_refused_is_not_counted() {
    let folder = configured("");
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    let query = json!([
        { "ParameterName": "MetadataExtractionQuery", "ParameterValue": "{a: .a, b: nosuch(.b)}" },
        { "ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6" },
    ]);
    let said = json!({
        "RoleARN": super::ROLE,
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": "!{partitionKeyFromQuery:a}/!{partitionKeyFromQuery:b}/",
        "ErrorOutputPrefix": "failed/",
        "DynamicPartitioningConfiguration": { "Enabled": true },
        "ProcessingConfiguration": {
            "Enabled": true,
            "Processors": [{ "Type": "MetadataExtraction", "Parameters": query }],
        },
    });
    for number in 0..20 {
        let input = super::create(&format!("refused-{number}"), &said);
        client.refused("CreateDeliveryStream", &input, "InvalidArgumentException");
    }
    let told = super::metrics(&host);
    let counted = told.lines().find(|line| line.contains("refused-"));
    assert_eq!((counted, client.list()), (None, Vec::new()));
    assert_eq!(host.stop().0, Some(0));
}

/// Every constraint of the service's model, broken one at a time; botocore has the model.
#[test]
fn every_constraint_of_the_model_is_told_as_the_service_tells_it() {
    let Some(python) = python() else { return };
    let key = "[keys.test]\naccess_key_id = \"file:id\"\nsecret_access_key = \"file:secret\"\n";
    let folder = configured(key);
    std::fs::write(folder.path().join("id"), "AKIATEST").unwrap();
    std::fs::write(folder.path().join("secret"), "secretsecret").unwrap();
    let host = Host::start(folder.path());
    let began = Instant::now();
    let said = printed(&mut script(&python, "walk_model.py", &host));
    println!("{} in {:.1?}", said.trim_end(), began.elapsed());
    assert!(said.starts_with("12 operations: "), "{said}");
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
}
