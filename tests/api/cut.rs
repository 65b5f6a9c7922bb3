//! Answers that get lost or come too late, and requests that come only half: boto3 tries again, and what it was told in
//! the end is in the objects once.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::host::{Host, objects, program};
use crate::http::{connect, receive, request, send};
use crate::kills::{LOG, REPEATED, draw, number};
use crate::ledger::{Clients, Ledger, found};
use crate::python::python;

#[allow(dead_code, reason = "the S3 suite uses the rest")]
#[path = "../s3/servers.rs"]
pub(crate) mod servers;

/// A folder with a config: a stream `web`, and one that takes little at a time.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"

[s3]
directory = "./buckets"

[streams.web]
destination.s3 = { bucket = "web", buffering = { size = "256KiB", interval = "1s" } }

[streams.narrow]
rate = { records = 600 }
destination.s3 = { bucket = "narrow", buffering = { size = "256KiB", interval = "1s" } }
"#;
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    folder
}

fn host(folder: &Path) -> Host {
    Host::start_as(program(folder).arg("run").env(LOG.0, LOG.1))
}

/// The sum of a metric over all streams and operations.
fn metric(host: &Host, name: &str) -> u64 {
    let answer = send(host.admin.unwrap(), "GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    let lines = answer.body.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

/// Has boto3 put records through a network, which `sicken` makes sick until it says that this is enough. Returns what
/// the clients were told, how many requests came again, and how many of these while another try was under way.
fn suffer(
    flags: &[&str],
    mut sicken: impl FnMut(&Host, &servers::Proxy, &mut Clients),
) -> Option<(Ledger, usize, usize)> {
    let python = python()?;
    let folder = folder();
    let host = host(folder.path());
    let proxy = servers::Proxy::start(host.api.port())?;
    let through = format!("--through=http://127.0.0.1:{}", proxy.port);
    let flags = [&[&*through, "--streams=web,narrow"], flags].concat();
    let mut clients = Clients::start(&python, &host, &folder.path().join("ledgers"), &flags);
    sicken(&host, &proxy, &mut clients);
    let ledger = clients.stop();
    drop(proxy);
    // What the host has of clients that are gone comes to its end, too.
    let (mut counted, mut since) = (0, Instant::now());
    while since.elapsed() < Duration::from_millis(300) {
        let now = metric(&host, "standpipe_put_records_total");
        if now != counted {
            (counted, since) = (now, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    let drained = program(folder.path()).args(["run", "--drain"]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    let found = found(&folder.path().join("buckets"));
    let wrongs = ledger.wrongs(&found);
    assert!(wrongs.is_empty(), "{} records are not as they were told: {:#?}", wrongs.len(), &wrongs[..1]);
    // Whoever tries again while the first try is under way is not counted either.
    assert_eq!(counted, found.values().map(|times| u64::from(*times)).sum::<u64>());
    let repeats: Vec<&str> = said.lines().filter(|line| line.contains(REPEATED)).collect();
    // The others are not let so far.
    let waited = repeats.iter().filter(|line| line.contains("standpipe_stream::put")).count();
    let repeats = repeats.len();
    let Ledger { calls, kept, retried, raised, refused, .. } = &ledger;
    println!(
        "{calls} calls, {kept} records, {retried} calls tried again, {repeats} requests that came again, {waited} of them too soon, {raised} calls raised, {refused} refused"
    );
    Some((ledger, repeats, waited))
}

/// The request gets through whole; of its answer nothing does, or one byte, or part of its body, or nothing and the
/// connection hangs.
const CUTS: [(&str, &str); 4] = [
    ("limit_data", "\"bytes\":0"),
    ("limit_data", "\"bytes\":1"),
    ("limit_data", "\"bytes\":300"),
    ("timeout", "\"timeout\":30"),
];

#[test]
fn answers_that_get_lost_double_nothing() {
    let mut state = number("STANDPIPE_SEED", 1);
    let mut sick = 0;
    let suffered = suffer(&["--read-timeout=2"], |_, proxy, clients| {
        while sick < 60 {
            let (kind, attributes) = CUTS[usize::try_from(draw(&mut state) % 4).unwrap()];
            proxy.toxic(kind, "downstream", attributes);
            std::thread::sleep(Duration::from_millis(20 + draw(&mut state) % 60));
            proxy.cure();
            let calls = clients.calls();
            clients.wait_for(calls + 5);
            sick += 1;
        }
    });
    let Some((ledger, repeats, _)) = suffered else { return };
    assert!(repeats >= 100 && ledger.retried >= 100, "only {repeats} of {} calls were cut", ledger.calls);
    assert_eq!(ledger.raised, ledger.beheaded);
}

#[test]
fn who_gives_up_waiting_and_tries_again_doubles_nothing() {
    let mut state = number("STANDPIPE_SEED", 1);
    let suffered = suffer(&["--read-timeout=0.3", "--hasty"], |host, proxy, clients| {
        // Requests and answers that are late, each by another time.
        for stream in ["upstream", "downstream"] {
            proxy.toxic("latency", stream, "\"latency\":250,\"jitter\":250");
            let calls = clients.calls();
            clients.wait_for(calls + 100);
            proxy.cure();
        }
        // And a program that does nothing for a while: then all tries are there at once.
        for _ in 0..8 {
            host.signal(Signal::STOP);
            std::thread::sleep(Duration::from_millis(400 + draw(&mut state) % 800));
            host.signal(Signal::CONT);
            let calls = clients.calls();
            clients.wait_for(calls + 20);
        }
    });
    let Some((ledger, repeats, waited)) = suffered else { return };
    assert!(
        repeats > 50 && waited > 0,
        "only {repeats} of {} calls came again, {waited} too soon",
        ledger.calls
    );
}

const PUT: (&str, &str) = ("x-amz-target", "Firehose_20150804.PutRecordBatch");
const BODY: &[u8] =
    br#"{"DeliveryStreamName":"web","Records":[{"Data":"aGVsbG8K"},{"Data":"aGVsbG8K"}]}                            "#;

#[test]
fn a_request_that_comes_half_is_refused_in_time_and_nothing_of_it_is_kept() {
    let folder = folder();
    let host = host(folder.path());
    let json = ("content-type", "application/x-amz-json-1.1");
    let id = ("amz-sdk-invocation-id", "2f9f4b0e-7f0c-4a3c-9d0f-3d6f3a1c0001");
    let lines = ("content-type", "application/x-ndjson");
    let all = request(host.api, "POST", "/", &[json, PUT, id], BODY);
    let plain = request(host.api, "POST", "/streams/web/records", &[lines], b"a\nb\nc\nd\n");
    let chunked = ("transfer-encoding", "chunked");
    let chunks = [&b"5\r\na\nb\nc\r\n"[..], b"10\r\nc\n"].concat();
    let chunked = request(host.api, "POST", "/streams/web/records", &[lines, chunked], &chunks);
    // All of the records are there, and not all of the body.
    let halves = [&all[..all.len() - 1], &all[..all.len() - 60], &plain[..plain.len() - 1], &chunked];

    // Some go away in the middle.
    for half in halves {
        let mut socket = connect(host.api);
        socket.write_all(half).unwrap();
    }
    // And others stay and send nothing more.
    let began = Instant::now();
    let mut sockets: Vec<_> = halves.iter().map(|_| connect(host.api)).collect();
    for (socket, half) in sockets.iter_mut().zip(halves) {
        socket.write_all(half).unwrap();
    }
    for socket in &mut sockets {
        let answer = receive(socket).unwrap();
        assert_eq!(answer.status, 408, "{answer:?}");
        assert!(answer.body.contains("RequestTimeoutException"), "{answer:?}");
        assert_eq!(answer.header("connection"), Some("close"));
        // What comes then is nobody's.
        let _ = socket.write_all(b"x");
        assert!(receive(socket).is_none());
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(metric(&host, "standpipe_put_records_total"), 0);
    // Whole, it is taken, and its id was not used up.
    let answer = send(host.api, "POST", "/", &[json, PUT, id], BODY);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(metric(&host, "standpipe_put_records_total"), 2);
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains(REPEATED), "{said}");
    assert!(program(folder.path()).args(["run", "--drain"]).status().unwrap().success());
    let delivered: Vec<u8> =
        objects(&folder.path().join("buckets/web")).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert_eq!(String::from_utf8(delivered).unwrap(), "hello\nhello\n");
}
