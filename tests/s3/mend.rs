//! What a person has to mend: one sentence each, and delivery goes on by itself.

use std::fs;
use std::path::Path;

use crate::host::{Host, SOON, objects, program, wait_for};
use crate::servers::{Gateway, section};

fn config(folder: &Path, s3: &str, bucket: &str) {
    let config = format!(
        "[s3]\n{s3}\n[streams.web]\nsource.file.path = \"in.log\"\n\
         [streams.web.destination.s3]\nbucket = \"{bucket}\"\nbuffering = {{ size = \"1MiB\", interval = \"1s\" }}\n"
    );
    fs::write(folder.join("standpipe.toml"), config).unwrap();
    fs::write(folder.join("in.log"), "one\ntwo\n").unwrap();
}

/// Waits until the two lines are in `bucket`, and sees that the host says so and holds nothing.
fn is_delivered(mut host: Host, folder: &Path, bucket: &Path) {
    wait_for("the lines", SOON, || {
        objects(bucket).iter().any(|path| fs::read(path).is_ok_and(|body| body == b"one\ntwo\n"))
    });
    host.says("delivery goes on");
    assert_eq!(host.stop(), Some(0));
    let out = program(folder).arg("status").output().unwrap();
    let told = String::from_utf8(out.stdout).unwrap();
    assert!(told.starts_with("web: ok; ") && !told.contains("mended"), "{told}");
}

/// What `status` says while it is wrong.
fn status_says(folder: &Path, text: &str) {
    wait_for(text, SOON, || {
        let out = program(folder).arg("status").output().unwrap();
        let told = String::from_utf8(out.stdout).unwrap();
        told.contains(text) && told.contains("nothing is delivered until this is mended")
    });
}

#[test]
fn a_wrong_secret_is_mended_in_its_file() {
    let Some(gateway) = Gateway::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let s3 = section(gateway.port()).replace("env:S3_SECRET", "file:secret");
    config(folder.path(), &s3, "records");
    fs::write(folder.path().join("secret"), "wrong\n").unwrap();
    let mut host = Host::start(folder.path(), &[]);
    let said = host.says("nothing is delivered");
    assert!(
        said.contains("SignatureDoesNotMatch (403)") && said.contains("mend `secret_access_key`"),
        "{said}"
    );
    assert!(!said.contains("wrong"), "{said}");
    status_says(folder.path(), "mend `secret_access_key`");
    fs::write(folder.path().join("secret"), "secretsecret\n").unwrap();
    is_delivered(host, folder.path(), &gateway.bucket("records"));
}

#[test]
fn a_secret_that_is_not_there_is_named_and_mended() {
    let Some(gateway) = Gateway::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let s3 = section(gateway.port()).replace("env:S3_SECRET", "file:secret");
    config(folder.path(), &s3, "records");
    let mut host = Host::start(folder.path(), &[]);
    let said = host.says("nothing is delivered");
    assert!(said.contains("secret` cannot be read: No such file"), "{said}");
    fs::write(folder.path().join("secret"), "secretsecret\n").unwrap();
    is_delivered(host, folder.path(), &gateway.bucket("records"));
}

#[test]
fn a_wrong_key_is_told() {
    let Some(gateway) = Gateway::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let s3 = section(gateway.port()).replace("env:S3_KEY", "file:key");
    config(folder.path(), &s3, "records");
    fs::write(folder.path().join("key"), "AKIANOBODY").unwrap();
    let mut host = Host::start(folder.path(), &[]);
    let said = host.says("nothing is delivered");
    assert!(said.contains("mend `access_key_id`"), "{said}");
    fs::write(folder.path().join("key"), "AKIATEST").unwrap();
    is_delivered(host, folder.path(), &gateway.bucket("records"));
}

#[test]
fn a_bucket_may_be_made_later() {
    let Some(gateway) = Gateway::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), &section(gateway.port()), "later");
    let mut host = Host::start(folder.path(), &[]);
    let said = host.says("nothing is delivered");
    assert!(said.contains("NoSuchBucket (404)") && said.contains("create the bucket"), "{said}");
    status_says(folder.path(), "create the bucket");
    fs::create_dir_all(gateway.bucket("later")).unwrap();
    is_delivered(host, folder.path(), &gateway.bucket("later"));
}

#[test]
fn a_bucket_that_may_not_be_written_to_is_told() {
    let Some(mut gateway) = Gateway::start() else { return };
    gateway.kill();
    gateway.run(&["--readonly"]);
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), &section(gateway.port()), "records");
    let mut host = Host::start(folder.path(), &[]);
    let said = host.says("nothing is delivered");
    assert!(
        said.contains("AccessDenied (403)") && said.contains("allow these keys to put objects"),
        "{said}"
    );
    gateway.kill();
    gateway.run(&[]);
    is_delivered(host, folder.path(), &gateway.bucket("records"));
}

#[test]
fn a_drain_gives_up_on_what_waiting_cannot_mend_and_keeps_it() {
    let Some(gateway) = Gateway::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    config(folder.path(), &section(gateway.port()), "later");
    let (code, said) = Host::start(folder.path(), &["--drain", "--patience", "1"]).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("create the bucket; 2 records are kept until it is mended: then run again"),
        "{said}"
    );
    fs::create_dir_all(gateway.bucket("later")).unwrap();
    let (code, said) = Host::start(folder.path(), &["--drain"]).end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(objects(&gateway.bucket("later")).len(), 1);
}
