//! What a key lets the streams have that are made or changed with it.

use std::fs;

use crate::host::{Host, configured};
use crate::python::{printed, python, script};

/// Names as the script has them, ids, and secrets.
const KEYS: [(&str, &str, &str); 3] = [
    ("OWNER", "AKIAOWNER", "owner-secret"),
    ("TEAM", "AKIATEAM", "team-secret"),
    ("READER", "AKIAREADER", "reader-secret"),
];

const CONFIG: &str = r#"
[keys.owner]
access_key_id = "env:OWNER_ID"
secret_access_key = "env:OWNER_SECRET"

[keys.team]
access_key_id = "env:TEAM_ID"
secret_access_key = "env:TEAM_SECRET"
streams = ["team-*"]
buckets = ["team-*"]
plugins = ["same"]

[keys.reader]
access_key_id = "env:READER_ID"
secret_access_key = "env:READER_SECRET"
actions = ["List*", "Describe*"]
streams = ["team-*"]

[lambda]
same = "same"
other = "other"

[plugins.same]
source = "blueprint:identity"

[plugins.other]
source = "blueprint:identity"

[streams]
file.destination.discard = {}
team-file.destination.discard = {}
"#;

#[test]
fn a_key_that_lists_streams_buckets_and_plugins_makes_and_changes_no_stream_into_others() {
    let Some(python) = python() else { return };
    let folder = configured(CONFIG);
    let keyed = |command: &mut std::process::Command| {
        for (name, id, secret) in KEYS {
            command.env(format!("{name}_ID"), id).env(format!("{name}_SECRET"), secret);
        }
    };
    let mut command = crate::host::program(folder.path());
    keyed(command.arg("run"));
    let host = Host::start_as(&mut command);
    let mut command = script(&python, "control_policy.py", &host);
    keyed(&mut command);
    print!("{}", printed(&mut command));
    assert_eq!(host.stop().0, Some(0));
    // The bucket of others has what others put there, and that is nothing.
    let buckets = fs::read_dir(folder.path().join("buckets")).into_iter().flatten();
    let mut buckets: Vec<String> =
        buckets.map(|bucket| bucket.unwrap().file_name().into_string().unwrap()).collect();
    buckets.retain(|bucket| !crate::host::objects(&folder.path().join("buckets").join(bucket)).is_empty());
    assert!(buckets.iter().all(|bucket| bucket == "team-logs" || bucket == "secret"), "{buckets:?}");
}
