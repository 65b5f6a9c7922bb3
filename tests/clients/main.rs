//! Clients as their registries have them, one of each language, and the whole life of a stream with each: made, used,
//! changed, its objects looked at, ended.
//!
//! `tests/clients/install` installs them. One that is missing is a test left out and said by name, in CI an error;
//! Terraform, which no registry has, is left out there, too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]
#![allow(clippy::print_stdout, reason = "a test that is left out says so")]

#[path = "../api/host.rs"]
#[allow(dead_code, reason = "others meet the rest")]
mod host;
mod terraform;
mod tools;

use std::io::Read;
use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::Value;

use host::{Host, configured, drain, objects, wait_for};
use tools::{ID, Installed, SECRET, done, installed, ours, program};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:csv";

/// What stands in for functions, and a stream that takes three records in a second.
const CONFIG: &str = r#"
[keys.test]
access_key_id = "file:id"
secret_access_key = "file:secret"

[lambda]
csv = "csv"
"arn:aws:lambda:us-east-1:000000000000:function:other:live" = "blueprint:identity"

[plugins.csv]
source = "blueprint:json-to-csv"
params = { columns = ["id"] }

[streams.slow]
rate = { records = 3 }
destination.s3 = { bucket = "slow" }
"#;

/// A folder with that config and its key.
fn folder() -> tempfile::TempDir {
    let folder = configured(CONFIG);
    std::fs::write(folder.path().join("id"), ID).unwrap();
    std::fs::write(folder.path().join("secret"), SECRET).unwrap();
    folder
}

/// What the objects of a bucket hold whose keys begin with `prefix`, in no certain order.
fn held(bucket: &Path, prefix: &str) -> String {
    let mut text = String::new();
    for (key, bytes) in objects(bucket).iter().filter(|(key, _)| key.starts_with(prefix)) {
        let mut bytes = &bytes[..];
        let mut packed = flate2::read::MultiGzDecoder::new(bytes);
        // Failed records are delivered as they are.
        let reader: &mut dyn Read = if key.ends_with(".gz") { &mut packed } else { &mut bytes };
        reader.read_to_string(&mut text).unwrap();
    }
    text
}

/// A stream's life, by a client that is called with what it shall do.
fn lives(name: &str, call: impl Fn(&[&str])) {
    let folder = folder();
    let host = Host::start(folder.path());
    let logs = folder.path().join("buckets/logs");
    call(&[&host.url(), "life", name, "logs", FUNCTION, "slow"]);

    // The function makes a digit of each record, and fails one. An update applies to what an open object holds, too.
    let prefix = format!("{name}/second/");
    wait_for("its records are delivered", || held(&logs, &prefix).len() == 5);
    wait_for("the failed record is delivered", || !held(&logs, "failed/").is_empty());
    let failed: Value = serde_json::from_str(&held(&logs, "failed/")).unwrap();
    assert_eq!(BASE64_STANDARD.decode(failed["rawData"].as_str().unwrap()).unwrap(), b"no JSON");

    call(&[&host.url(), "delete", name]);
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    drain(folder.path());
    // All of it, and all once.
    let mut digits: Vec<char> = held(&logs, name).chars().collect();
    digits.sort_unstable();
    assert_eq!(digits, ['1', '2', '3', '4', '5']);
    assert_eq!(held(&logs, "failed/").lines().count(), 1);

    // What was refused and sent again is there once.
    let slow: Vec<u8> =
        objects(&folder.path().join("buckets/slow")).into_iter().flat_map(|(_, bytes)| bytes).collect();
    let slow = serde_json::Deserializer::from_slice(&slow).into_iter::<Value>();
    let mut ids: Vec<u64> = slow.map(|record| record.unwrap()["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// The same, by a program.
fn program_lives(name: &str, command: impl Fn() -> Command) {
    lives(name, |arguments| println!("{}", done(command().args(arguments))));
}

#[test]
fn boto3() {
    let Some(python) = installed("python/bin/python") else { return };
    program_lives("boto3", || python.command([ours("python/life.py")]));
}

#[test]
fn aws_cli() {
    let Some(python) = installed("python/bin/python") else { return };
    program_lives("aws-cli", || python.command([ours("awscli/aws.py")]));
}

#[test]
fn javascript() {
    let (Some(node), Some(Installed(modules))) = (program("node"), installed("javascript/node_modules"))
    else {
        return;
    };
    program_lives("javascript", || {
        let mut command = node.command([ours("javascript/life.js")]);
        command.env("NODE_PATH", &modules);
        command
    });
}

#[test]
fn go() {
    let Some(client) = installed("go/client") else { return };
    program_lives("go", || client.command([""; 0]));
}

#[test]
fn java() {
    let (Some(java), Some(Installed(classes))) = (program("java"), installed("java/classes")) else { return };
    let path = format!("{}:{}", classes.display(), classes.with_file_name("jars/*").display());
    program_lives("java", || java.command(["-cp", &path, "Life"]));
}

#[test]
fn rust() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    lives("rust", |arguments| {
        let call = standpipe_client_rust::call((ID, SECRET), arguments);
        runtime.block_on(call).unwrap();
    });
}
