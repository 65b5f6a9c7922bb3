//! `standpipe stream`, as people without another client use it.

mod life;
mod lossy;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::host::{Host, configured, drain, objects, program};

const WEB: &str = r#"
[lambda]
mask = "blueprint:identity"
[streams.web]
lanes = 1
destination.s3 = { bucket = "logs", prefix = "web/", buffering = { size = "5MiB", interval = "1s" } }
[streams.slow]
lanes = 1
rate = { records = 100 }
destination.s3 = { bucket = "slow", buffering = { size = "5MiB", interval = "1s" } }
"#;

/// `standpipe stream` in a folder, by somebody whose surroundings say nothing.
fn stream(folder: &Path, args: &[&str]) -> Command {
    let mut command = program(folder);
    command.arg("stream").args(args).env("HOME", folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
}

/// The same, at a host.
fn at(host: &Host, folder: &Path, args: &[&str]) -> Command {
    let mut command = stream(folder, args);
    command.args(["--endpoint-url", &host.url()]);
    command
}

/// Exit code, standard output and standard error.
fn ran(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What it prints, which must go well.
fn printed(command: &mut Command) -> String {
    let (code, out, said) = ran(command);
    assert_eq!(code, 0, "{command:?}: {said}");
    out
}

/// What it says, which must end so.
fn said(code: i32, command: &mut Command) -> String {
    let (ended, out, said) = ran(command);
    assert_eq!((ended, out.as_str()), (code, ""), "{command:?}: {said}");
    said
}

/// All bytes of all objects of a bucket.
fn delivered(folder: &TempDir, bucket: &str) -> Vec<u8> {
    let path = folder.path().join("buckets").join(bucket);
    objects(&path).into_iter().flat_map(|(_, bytes)| bytes).collect()
}

fn lines(count: u32) -> String {
    (0..count).map(|number| format!("line {number}\n")).collect()
}

#[test]
fn streams_of_the_config_are_listed_and_described() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    crate::host::wait_for("both are active", || {
        printed(&mut at(&host, folder.path(), &["list"])).matches("ACTIVE").count() == 2
    });
    let listed = printed(&mut at(&host, folder.path(), &["list"]));
    assert_eq!(listed, "slow  ACTIVE  1  s3://slow/\nweb   ACTIVE  1  s3://logs/web/\n");
    assert_eq!(printed(&mut at(&host, folder.path(), &["list", "--names"])), "slow\nweb\n");
    let described = printed(&mut at(&host, folder.path(), &["describe", "web"]));
    for line in ["web: ACTIVE", "  bucket         logs", "  buffering      5 MiB or 1 s"] {
        assert!(described.lines().any(|told| told == line), "{line}: {described}");
    }
    let json = printed(&mut at(&host, folder.path(), &["describe", "web", "--json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["DeliveryStreamDescription"]["DeliveryStreamName"], "web");
    let gone = said(1, &mut at(&host, folder.path(), &["describe", "gone"]));
    assert!(gone.starts_with("error: ResourceNotFoundException: Firehose gone under account"), "{gone}");
    assert!(gone.contains("\n  help: `standpipe stream list`"), "{gone}");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn lines_are_records_and_one_that_is_too_long_is_told_by_its_number() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let long = "x".repeat(1_024_000);
    fs::write(folder.path().join("lines"), format!("a\n\n{long}\nb")).unwrap();
    let (code, _, told) = ran(&mut at(&host, folder.path(), &["put", "web", "lines"]));
    assert_eq!(code, 1, "{told}");
    let line = "line 3 of `lines` is left out: it has 1,024,000 bytes; a record has at most 1,024,000";
    assert!(
        told.contains(line) && told.contains("web: 3 records") && told.contains("1 line left out"),
        "{told}"
    );
    // Standard input, without newlines.
    let mut put = at(&host, folder.path(), &["put", "web", "--no-newline"]);
    let mut put = put.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    put.stdin.take().unwrap().write_all(b"c\nd\n").unwrap();
    assert!(put.wait().unwrap().success());
    let id = printed(&mut at(&host, folder.path(), &["put", "web", "--data", "{\"e\":1}"]));
    let found = printed(program(folder.path()).args(["log", "inspect", "state", "--record", id.trim()]));
    assert!(found.starts_with("web, lane 0, record 5:"), "{found}");
    let gone = said(1, &mut at(&host, folder.path(), &["put", "gone", "lines"]));
    assert!(gone.contains("line 1 of `lines` is the first that was not"), "{gone}");
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(&folder, "logs")).unwrap(), "a\n\nb\ncd{\"e\":1}");
}

#[test]
fn what_the_rate_refuses_is_sent_again() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    fs::write(folder.path().join("lines"), lines(250)).unwrap();
    let (code, _, told) = ran(&mut at(&host, folder.path(), &["put", "slow", "lines"]));
    assert!(code == 0 && told.contains("slow: 250 records") && told.contains("sent again"), "{told}");
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(&folder, "slow")).unwrap(), lines(250));
}

#[test]
fn answers_that_get_lost_double_nothing() {
    let folder = configured(WEB);
    let host = Host::start(folder.path());
    let through = lossy::start(host.api, 3);
    fs::write(folder.path().join("lines"), lines(2_000)).unwrap();
    let url = format!("http://{through}");
    let (code, _, told) = ran(stream(folder.path(), &["put", "web", "lines"]).args(["--endpoint-url", &url]));
    assert!(code == 0 && told.contains("web: 2,000 records"), "{told}");
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(String::from_utf8(delivered(&folder, "logs")).unwrap(), lines(2_000));
}

#[test]
fn a_key_of_the_config_signs_and_its_secret_is_not_told() {
    let keys =
        "keys.owner = { access_key_id = \"env:OWNER_ID\", secret_access_key = \"env:OWNER_SECRET\" }\n";
    let folder = configured(&format!("{keys}{WEB}"));
    let keyed = |command: &mut Command, secret: &str| {
        ran(command.env("OWNER_ID", "AKIAOWNER").env("OWNER_SECRET", secret).env("STANDPIPE_LOG", "trace"))
    };
    let mut run = program(folder.path());
    let host =
        Host::start_as(run.arg("run").env("OWNER_ID", "AKIAOWNER").env("OWNER_SECRET", "owner/secret+1"));
    let (code, out, told) =
        keyed(&mut at(&host, folder.path(), &["list", "--names", "--key", "owner"]), "owner/secret+1");
    assert_eq!((code, out.as_str()), (0, "slow\nweb\n"), "{told}");
    assert!(!told.contains("owner/secret+1"), "{told}");
    let (code, _, told) = keyed(&mut at(&host, folder.path(), &["list", "--key", "owner"]), "another");
    assert!(code == 1 && told.contains("error: InvalidSignatureException: "), "{told}");
    let told = said(1, &mut at(&host, folder.path(), &["list"]));
    assert!(told.starts_with("error: MissingAuthenticationTokenException: "), "{told}");
    assert!(told.contains("--key NAME"), "{told}");
    // As AWS's own clients take them.
    let mut aws = at(&host, folder.path(), &["list", "--names"]);
    aws.env("AWS_ACCESS_KEY_ID", "AKIAOWNER").env("AWS_SECRET_ACCESS_KEY", "owner/secret+1");
    assert_eq!(printed(&mut aws), "slow\nweb\n");
    let profile = "[one]\naws_access_key_id = AKIAOWNER\naws_secret_access_key = owner/secret+1\n";
    fs::create_dir(folder.path().join(".aws")).unwrap();
    fs::write(folder.path().join(".aws/credentials"), profile).unwrap();
    let mut aws = at(&host, folder.path(), &["list", "--names"]);
    assert_eq!(printed(aws.env("AWS_PROFILE", "one")), "slow\nweb\n");
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn where_no_host_listens_that_is_said() {
    let folder = configured(WEB);
    let told = said(1, &mut stream(folder.path(), &["list", "--endpoint-url", "http://127.0.0.1:1"]));
    assert_eq!(
        told,
        "error: no host listens at http://127.0.0.1:1\n  help: start it with `standpipe run`, or name another by --endpoint-url\n"
    );
    let told = said(2, &mut stream(folder.path(), &["list"]));
    assert!(told.starts_with("error: `listen` of `standpipe.toml` has port 0"), "{told}");
}
