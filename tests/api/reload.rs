//! A config file that changes while the host runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::read::MultiGzDecoder;
use rustix::process::Signal;

use crate::host::{Host, configure, configured, drain, objects, program, wait_for};
use crate::http::{Answer, connect, receive, request, send};
use crate::wire::delivered;

mod load;

/// Objects wait for 15 minutes, or for a drain.
const WEB: &str = "[streams.web]\nlanes = 1\ndestination.s3 = { bucket = \"logs\", prefix = \"one/\", buffering = { interval = \"900s\" } }\n";
const IDLE: &str = "[streams.idle]\ndestination.discard = {}\n";

fn reload(folder: &Path) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = program(folder).arg("reload").output().unwrap();
    assert_eq!(stdout, b"");
    (status.code(), String::from_utf8(stderr).unwrap())
}

/// Reloads, which must go well, and gives what is said of it.
fn reloaded(folder: &Path) -> String {
    let (code, said) = reload(folder);
    assert_eq!(code, Some(0), "{said}");
    said.trim_end().to_owned()
}

fn put(host: &Host, stream: &str, data: &str) -> Answer {
    let headers = [("content-type", "application/octet-stream")];
    send(host.api, "POST", &format!("/streams/{stream}/records"), &headers, data.as_bytes())
}

fn keys(folder: &Path, bucket: &str) -> Vec<String> {
    objects(&folder.join("buckets").join(bucket)).into_iter().map(|(key, _)| key).collect()
}

#[test]
fn streams_are_added_changed_and_removed_while_the_host_runs() {
    let folder = configured(&(WEB.to_owned() + IDLE));
    let mut host = Host::start(folder.path());
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; streams as they were; 0 keys");
    assert_eq!(put(&host, "web", "before\n").status, 200);
    assert_eq!((put(&host, "idle", "x").status, put(&host, "new", "x").status), (200, 404));

    let new = IDLE.replace("idle", "new");
    let changed = WEB.replace("one/", "two/").replace("\"logs\"", "\"logs\", compression = \"gzip\"");
    configure(folder.path(), &(changed.clone() + IDLE + &new));
    let told = "standpipe.toml: read again; 1 stream added: new; 1 stream changed: web; 0 keys";
    assert_eq!(reloaded(folder.path()), told);
    assert_eq!(put(&host, "new", "x").status, 200);
    assert_eq!(put(&host, "web", "after\n").status, 200);

    // By a signal, too; and what holds nothing may go.
    configure(folder.path(), &changed.replace("two/", "three/"));
    host.signal(Signal::HUP);
    host.says("read again; 1 stream changed: web; 2 streams removed: idle, new; 0 keys");
    assert_eq!((put(&host, "idle", "x").status, put(&host, "web", "last\n").status), (404, 200));
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    // As Firehose does it: what is gathered already leaves as the config says by then.
    let [key] = &keys(folder.path(), "logs")[..] else { panic!("{:?}", keys(folder.path(), "logs")) };
    assert!(key.starts_with("three/") && key.ends_with(".gz"), "{key}");
    let mut text = String::new();
    MultiGzDecoder::new(&delivered(folder.path())[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, "before\nafter\nlast\n");
}

#[test]
fn a_stream_that_holds_records_cannot_be_removed_and_all_goes_on() {
    let folder = configured(&(WEB.to_owned() + IDLE));
    let mut host = Host::start(folder.path());
    assert_eq!(put(&host, "web", "held\n").status, 200);
    configure(folder.path(), &IDLE.replace("idle", "other"));
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.starts_with("error: stream `web` is not in the config, and its state holds 1 records in "),
        "{said}"
    );
    host.signal(Signal::HUP);
    host.says("the config file was not taken over, and all goes on as before");
    host.says("stream `web` is not in the config");
    let statuses = ["web", "idle", "other"].map(|stream| put(&host, stream, "more\n").status);
    assert_eq!(statuses, [200, 200, 404]);
    assert_eq!(host.stop().0, Some(0));
    configure(folder.path(), WEB);
    drain(folder.path());
    assert_eq!(delivered(folder.path()), b"held\nmore\n");
}

#[test]
fn a_file_with_a_mistake_changes_nothing_and_says_why() {
    let folder = configured(&(WEB.to_owned() + IDLE));
    let path = folder.path().join("standpipe.toml");
    let good = fs::read_to_string(&path).unwrap();
    let mut host = Host::start(folder.path());
    let changed = good.replace("one/", "two/");
    for (text, why) in [
        (changed.clone() + "[streams.web", "standpipe.toml:"),
        (changed.clone() + "[streams.x]\ndestination.s3 = { buckte = \"logs\" }\n", "did you mean `bucket`?"),
        (
            changed.clone() + "[streams.x]\ntransform = [\"x\"]\ndestination.s3.bucket = \"logs\"\n",
            "there is no plugin `x`",
        ),
        (
            changed.replace("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.2:0\""),
            "`listen` cannot change while the host runs",
        ),
        (
            changed.replacen("127.0.0.1:0", "127.0.0.1:1", 1),
            "error: `listen` cannot change while the host runs: stop it and start it again",
        ),
        (format!("quota = \"1GiB\"\n{changed}"), "`quota` cannot change while the host runs"),
        (
            format!("api = {{ memory = \"32MiB\" }}\n{changed}"),
            "`api.memory` cannot change while the host runs",
        ),
        (
            format!("{changed}[keys.a]\naccess_key_id = \"env:PATH\"\nsecret_access_key = \"env:HOME\"\n"),
            "`keys` cannot change",
        ),
    ] {
        fs::write(&path, &text).unwrap();
        let (code, said) = reload(folder.path());
        assert_eq!(code, Some(2), "{text}: {said}");
        assert!(said.contains(why), "{why}: {said}");
        host.signal(Signal::HUP);
        host.says("the config file was not taken over");
        assert_eq!((put(&host, "web", "x").status, put(&host, "idle", "x").status), (200, 200));
    }
    // What has another state folder is another host.
    fs::write(&path, format!("state = \"./elsewhere\"\n{changed}")).unwrap();
    let (code, said) = reload(folder.path());
    assert_eq!(
        (code, said.contains("error: no host works with the state folder")),
        (Some(1), true),
        "{said}"
    );
    host.signal(Signal::HUP);
    host.says("`state` cannot change while the host runs");
    fs::write(&path, &good).unwrap();
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; streams as they were; 0 keys");
    assert_eq!(host.stop().0, Some(0));
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("start one with `standpipe run standpipe.toml`"), "{said}");
    drain(folder.path());
    assert!(keys(folder.path(), "logs").iter().all(|key| key.starts_with("one/")));
}

#[test]
fn keys_and_rates_hold_from_the_next_request_on_also_on_connections_that_are_open() {
    let key = |name: &str| {
        format!("[keys.{name}]\naccess_key_id = \"file:{name}.id\"\nsecret_access_key = \"file:{name}\"\n")
    };
    let slow = "rate = { bytes = \"1KiB\" }\ndestination.discard = {}\n";
    let streams = format!("[streams.web]\n{slow}[streams.other]\n{slow}");
    let folder = configured(&(key("old") + &streams));
    for name in ["old", "new"] {
        fs::write(folder.path().join(name), format!("{name}-secret")).unwrap();
        fs::write(folder.path().join(format!("{name}.id")), format!("AKIA{name}")).unwrap();
    }
    let host = Host::start(folder.path());
    let mut socket = connect(host.api);
    let mut put = |secret: &str, stream: &str, size: usize| {
        let bearer = format!("Bearer {secret}");
        let headers = [("authorization", bearer.as_str())];
        let path = format!("/streams/{stream}/records");
        socket.write_all(&request(host.api, "POST", &path, &headers, &vec![b'x'; size])).unwrap();
        receive(&mut socket).unwrap().status
    };
    assert_eq!((put("old-secret", "web", 100_000), put("new-secret", "web", 1)), (200, 401));
    assert_eq!(put("old-secret", "web", 1), 503);

    configure(folder.path(), &(key("new") + &streams));
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; streams as they were; 1 key");
    assert_eq!(put("old-secret", "web", 1), 401);
    // A rate that is the same goes on as it was.
    assert_eq!((put("new-secret", "web", 1), put("new-secret", "other", 1)), (503, 200));

    let faster = streams.replacen("1KiB", "1GiB", 1) + "[streams.third]\ndestination.discard = {}\n";
    configure(folder.path(), &(key("new") + "streams = [\"web\", \"third\"]\n" + &faster));
    reloaded(folder.path());
    assert_eq!((put("new-secret", "web", 100_000), put("new-secret", "web", 1)), (200, 200));
    assert_eq!((put("new-secret", "other", 1), put("new-secret", "third", 1)), (403, 200));

    // The same file of the config, and another secret in that of the key.
    fs::write(folder.path().join("new"), "another-secret\n").unwrap();
    assert_eq!(put("new-secret", "web", 1), 200);
    reloaded(folder.path());
    assert_eq!((put("new-secret", "web", 1), put("another-secret", "web", 1)), (401, 200));
    // None at all is refused: it would open the host.
    fs::remove_file(folder.path().join("new")).unwrap();
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("key `new`: ") && !said.contains("another-secret"), "{said}");
    configure(folder.path(), &streams);
    let (code, said) = reload(folder.path());
    assert!(code == Some(2) && said.contains("`keys` cannot change"), "{said}");
    assert_eq!(put("another-secret", "web", 1), 200);
    assert_eq!(host.stop().0, Some(0));
}

fn blueprint(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../blueprints/{name}/{name}.wasm"))
}

#[test]
fn a_plugin_that_was_built_anew_at_the_same_path_is_loaded() {
    let plugin = "[plugins.log]\nsource = \"./log.wasm\"\n";
    let folder =
        configured(&(plugin.to_owned() + &WEB.replace("lanes = 1", "lanes = 1\ntransform = [\"log\"]")));
    let component = folder.path().join("log.wasm");
    fs::copy(blueprint("apache-log-to-json"), &component).unwrap();
    let host = Host::start(folder.path());
    let line = "192.0.2.7 - - [26/Nov/2026:01:02:03 +0000] \"GET / HTTP/1.1\" 200 5\n";
    assert_eq!(put(&host, "web", line).status, 200);
    let read = "standpipe_output_records_total{stream=\"web\"} 1";
    let metrics = || send(host.admin.unwrap(), "GET", "/metrics", &[], b"").body;
    wait_for("the first went through the first plugin", || metrics().contains(read));
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; streams as they were; 0 keys");
    fs::copy(blueprint("apache-log-to-csv"), &component).unwrap();
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; 1 stream changed: web; 0 keys");
    assert_eq!(put(&host, "web", line).status, 200);
    // One that is broken is no plugin: the one before goes on.
    fs::write(&component, b"\0asm").unwrap();
    let (code, said) = reload(folder.path());
    assert_eq!((code, said.contains("log.wasm")), (Some(2), true), "{said}");
    assert_eq!(put(&host, "web", line).status, 200);
    fs::copy(blueprint("apache-log-to-csv"), &component).unwrap();
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let text = String::from_utf8(delivered(folder.path())).unwrap();
    let json = text.matches("\"host\":\"192.0.2.7\"").count();
    assert!(text.matches("192.0.2.7").count() == 3 && json == 1, "{text}");
}

/// What `put` does, on a connection that is open. None if the connection ended.
fn put_on(socket: &mut TcpStream, api: SocketAddr, data: &str) -> Option<u16> {
    let headers = [("content-type", "application/octet-stream")];
    let request = request(api, "POST", "/streams/web/records", &headers, data.as_bytes());
    socket.write_all(&request).ok()?;
    receive(socket).map(|answer| answer.status)
}
