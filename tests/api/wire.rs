use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::host::{Host, objects};
use crate::http::send;

/// A folder with a config: one stream `web` into folders, no keys, ports that the system chooses.
pub(crate) fn folder(more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
{more}
[s3]
directory = "./buckets"

[streams.web]
destination.s3 = {{ bucket = "logs", buffering = {{ size = "5MiB", interval = "1s" }} }}
"#
    );
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    folder
}

/// All bytes of all objects of the bucket `logs`, in the order of their keys.
pub(crate) fn delivered(folder: &Path) -> Vec<u8> {
    objects(&folder.join("buckets/logs")).into_iter().flat_map(|(_, bytes)| bytes).collect()
}

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

#[test]
fn a_record_that_was_answered_is_delivered_and_its_id_is_known() {
    let folder = folder("");
    let host = Host::start(folder.path());
    let target = ("x-amz-target", "Firehose_20150804.PutRecord");
    let body = br#"{"DeliveryStreamName":"web","Record":{"Data":"aGVsbG8K"}}"#;
    let answer = send(host.api, "POST", "/", &[JSON, target], body);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
    let id = answer.body.split('"').nth(3).unwrap().to_owned();
    assert_eq!(answer.body, format!(r#"{{"RecordId":"{id}","Encrypted":false}}"#));
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    let drained = crate::host::program(folder.path()).args(["run", "--drain"]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(delivered(folder.path()), b"hello\n");
    let found = crate::host::program(folder.path())
        .args(["log", "inspect", "state", "--record", &id])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&found.stdout),
        "web, lane 0, record 0: settled: delivered, on its way in a parcel, or dropped by a plugin\n"
    );
}
