//! Who may call, what they may do, and that no secret is told to anybody.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::clients::curl;
use crate::host::{Host, configured, drain, objects, program};
use crate::http::send;
use crate::python::{printed, python, script};
use crate::wire::delivered;

/// Names as the script has them, ids, and secrets with what is special to some reader in them.
const KEYS: [(&str, &str, &str); 4] = [
    ("OWNER", "AKIAOWNER", "owner/secret+with=signs"),
    ("WRITER", "AKIAWRITER", "writer-secret-in-a-file"),
    ("READER", "AKIAREADER", "reader:secret:with:colons"),
    ("GUEST", "ASIAGUEST", "guest-secret-with-a-token"),
];
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLE//token==";

const CONFIG: &str = r#"
[keys.owner]
access_key_id = "env:OWNER_ID"
secret_access_key = "env:OWNER_SECRET"

[keys.writer]
access_key_id = "file:keys/id"
secret_access_key = "file:keys/secret"
actions = ["PutRecord*"]
streams = ["web"]

[keys.reader]
access_key_id = "env:READER_ID"
secret_access_key = "env:READER_SECRET"
actions = ["ListDeliveryStreams", "Describe*"]
streams = ["logs-*"]

[keys.guest]
access_key_id = "env:GUEST_ID"
secret_access_key = "env:GUEST_SECRET"
session_token = "env:GUEST_TOKEN"

[streams]
web = { lanes = 1, destination.s3 = { bucket = "logs" } }
logs-a.destination.discard = {}
logs-b.destination.discard = {}
"#;

/// Puts the keys into the environment.
fn keyed(command: &mut Command) -> &mut Command {
    for (name, id, secret) in KEYS {
        command.env(format!("{name}_ID"), id).env(format!("{name}_SECRET"), secret);
    }
    command.env("GUEST_TOKEN", TOKEN)
}

fn folder() -> tempfile::TempDir {
    let folder = configured(CONFIG);
    fs::create_dir(folder.path().join("keys")).unwrap();
    let (_, id, secret) = KEYS[1];
    fs::write(folder.path().join("keys/id"), id).unwrap();
    fs::write(folder.path().join("keys/secret"), format!("{secret}\n")).unwrap();
    folder
}

#[test]
fn each_key_may_do_what_it_lists_and_nobody_else_anything_and_no_secret_is_told() {
    let Some(python) = python() else { return };
    let folder = folder();
    let mut command = program(folder.path());
    let mut host = Host::start_as(keyed(command.arg("run").env("STANDPIPE_LOG", "trace")));
    printed(keyed(&mut script(&python, "wire_access.py", &host)));
    let shown = plainly(&host);
    let told = metrics(&host);
    // What the host says when it cannot take a config over, and when it can.
    let reload = |folder: &Path| keyed(program(folder).arg("reload")).output().unwrap();
    let reloaded = format!("{:?}", reload(folder.path()));
    fs::write(folder.path().join("keys/secret"), KEYS[0].2).unwrap();
    let refused = reload(folder.path());
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    host.signal(rustix::process::Signal::HUP);
    host.says("have the same secret");
    let (code, said) = host.stop();
    assert_eq!(code, Some(0));
    assert!(
        said.contains("TRACE") && said.contains("InvalidSignatureException"),
        "it says what happens: {said}"
    );

    let mut secrets: Vec<String> = KEYS.iter().map(|(.., secret)| (*secret).to_owned()).collect();
    secrets.push(TOKEN.to_owned());
    secrets.extend(shown);
    let state = objects(&folder.path().join("state/streams")).into_iter();
    let kept = state.map(|(name, bytes)| (name, String::from_utf8_lossy(&bytes).into_owned()));
    let places =
        [("log", said), ("metrics", told), ("reload", reloaded), ("refused", format!("{refused:?}"))];
    for (place, text) in places.into_iter().map(|(place, text)| (place.to_owned(), text)).chain(kept) {
        for secret in &secrets {
            let at = text.lines().find(|line| line.contains(secret.as_str()));
            assert!(at.is_none(), "the {place} has `{secret}`: {at:?}");
        }
        assert!(!text.contains("Signature="), "the {place} has a signature");
    }

    fs::write(folder.path().join("keys/secret"), KEYS[1].2).unwrap();
    let drained = keyed(program(folder.path()).args(["run", "--drain"])).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    assert_eq!(String::from_utf8(delivered(folder.path())).unwrap(), "w\nw\nid\nid\nplain\nplain\n");
}

/// Shows secrets as plain producers do, rightly and wrongly, over HTTP/2 too if there is a client for it. Returns what
/// was shown.
fn plainly(host: &Host) -> Vec<String> {
    let (_, id, secret) = KEYS[0];
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
    let path = "/streams/web/records";
    for (status, authorization) in [
        (200, basic.clone()),
        (200, format!("Bearer {secret}")),
        (401, format!("Bearer {secret}x")),
        (401, format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}x")))),
    ] {
        let headers = [("authorization", authorization.as_str()), ("content-type", "text/plain")];
        let answer = send(host.api, "POST", path, &headers, b"plain\n");
        assert_eq!(answer.status, status, "{answer:?}");
    }
    if let Some(curl) = curl() {
        for authorization in [format!("Bearer {secret}x"), format!("{basic}x")] {
            let mut command = Command::new(curl);
            command.args([
                "--silent",
                "--http2-prior-knowledge",
                "--data-binary",
                "x",
                "--write-out",
                "%{http_code}",
            ]);
            command.args(["--header", &format!("authorization: {authorization}")]).arg(host.url() + path);
            let said = printed(&mut command);
            assert!(said.ends_with("401"), "{said}");
        }
    }
    vec![BASE64_STANDARD.encode(format!("{id}:{secret}")), basic]
}

fn metrics(host: &Host) -> String {
    let answer = send(host.admin.unwrap(), "GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn without_keys_nothing_that_a_page_in_a_browser_can_send_is_taken() {
    let folder = configured("[streams]\nweb.destination.s3 = { bucket = \"logs\" }\n");
    let host = Host::start(folder.path());
    let port = host.api.port();
    let body = br#"{"DeliveryStreamName":"web","Record":{"Data":"eA=="}}"#;
    let target = ("x-amz-target", "Firehose_20150804.PutRecord");
    let types = |kind: &'static str| ("content-type", kind);
    for path in ["/", "/streams/web/records"] {
        let put =
            |headers: &[(&str, &str)]| send(host.api, "POST", path, &[&[target], headers].concat(), body);
        let refused = |headers: &[(&str, &str)]| {
            let answer = put(headers);
            assert_eq!(answer.status, 403, "{path} {headers:?} {answer:?}");
            assert_eq!(answer.header("x-amzn-errortype"), Some("AccessDeniedException"));
        };
        let json = types("application/json");
        // A name of somebody else that was made to lead here.
        for name in ["rebind.example", "localhost.rebind.example", "127.0.0.1.rebind.example", "10.1.2.3", ""]
        {
            refused(&[json, ("host", &format!("{name}:{port}"))]);
        }
        for origin in ["https://page.example", "null", &host.url()] {
            refused(&[json, ("origin", origin)]);
        }
        for form in [
            "text/plain",
            "text/plain;charset=UTF-8",
            "TEXT/PLAIN ; x=application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ] {
            refused(&[types(form)]);
        }
        refused(&[]);
        for good in ["application/json", "application/x-amz-json-1.1", "application/octet-stream"] {
            let answer = put(&[types(good)]);
            assert_eq!(answer.status, 200, "{path} {good} {answer:?}");
        }
        for name in ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]"] {
            let answer = put(&[json, ("host", &format!("{name}:{port}"))]);
            assert_eq!(answer.status, 200, "{path} {name} {answer:?}");
        }
    }
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    assert_eq!(delivered(folder.path()).len(), 8 + 8 * body.len());
}

#[test]
fn without_keys_no_other_machine_may_be_let_in() {
    let folder = configured("[streams]\nweb.destination.s3 = { bucket = \"logs\" }\n");
    let path = folder.path().join("standpipe.toml");
    let open = fs::read_to_string(&path).unwrap().replacen("127.0.0.1:0", "0.0.0.0:0", 1);
    fs::write(&path, &open).unwrap();
    for command in ["check", "run"] {
        let output = program(folder.path()).arg(command).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let told = "`listen` is `0.0.0.0:0`, and without keys anyone who reaches it could write";
        assert!(said.contains(told) && said.contains("add `[keys.NAME]`"), "{said}");
    }
    let key = "keys.one = { access_key_id = \"env:OWNER_ID\", secret_access_key = \"env:OWNER_SECRET\" }\n";
    fs::write(&path, format!("{key}{open}")).unwrap();
    let output = keyed(program(folder.path()).arg("check")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("without `tls`: records can be read on the way"), "{said}");
}

#[test]
fn a_secret_that_cannot_be_had_or_is_not_the_keys_own_keeps_the_host_from_starting() {
    let folder = folder();
    let fails = |command: &mut Command| {
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(KEYS.iter().all(|(.., secret)| !said.contains(secret)), "{said}");
        said
    };
    let run = || {
        let mut command = program(folder.path());
        keyed(command.arg("run"));
        command
    };
    let said = fails(run().env_remove("OWNER_SECRET"));
    assert!(
        said.contains("error: key `owner`: the variable `OWNER_SECRET` of the environment is not set"),
        "{said}"
    );
    let said = fails(run().env("READER_ID", ""));
    assert!(said.contains("key `reader`: the variable `READER_ID` of the environment is empty"), "{said}");
    let said = fails(run().env("READER_ID", KEYS[0].1));
    assert!(said.contains("keys `owner` and `reader` have the same id"), "{said}");
    let said = fails(run().env("READER_SECRET", KEYS[0].2));
    assert!(said.contains("keys `owner` and `reader` have the same secret"), "{said}");
    fs::remove_file(folder.path().join("keys/secret")).unwrap();
    let said = fails(&mut run());
    assert!(
        said.contains("key `writer`: ") && said.contains("keys/secret` cannot be read: No such file"),
        "{said}"
    );
}
