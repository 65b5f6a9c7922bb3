//! A destination that is not there, under load until the quota is full, and its return.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::cut::servers::{Gateway, section};
use crate::host::{Host, objects, program, wait_for};
use crate::hostile::{BATCH, metric};
use crate::http::send;

const CLIENTS: u64 = 4;
const QUOTA: u64 = 64 << 20;
/// How long the host is watched while it is full.
const FULL: Duration = Duration::from_secs(3);
/// What the host may take in memory, in KiB.
const MOST_MEMORY: u64 = 120 << 10;
/// How long a put may take, whatever becomes of it.
const PROMPT: Duration = Duration::from_secs(12);
const KIND: (&str, &str) = ("content-type", "application/x-amz-json-1.1");

/// What clients did.
#[derive(Default)]
struct Load {
    /// The beginnings of all lines that were acknowledged.
    acknowledged: Mutex<Vec<String>>,
    accepted: AtomicU64,
    throttled: AtomicU64,
    over: AtomicBool,
}

impl Load {
    /// Puts batches of 256 KiB, each again until it is accepted or all is over.
    fn put(&self, api: SocketAddr, client: u64) {
        for batch in 0_u64.. {
            let names: Vec<_> = (0..250).map(|record| format!("{client} {batch} {record} ")).collect();
            let items = names
                .iter()
                .map(|name| format!(r#"{{"Data":"{}"}}"#, STANDARD.encode(format!("{name:x<1023}\n"))));
            let items = items.collect::<Vec<_>>().join(",");
            let body = format!(r#"{{"DeliveryStreamName":"web","Records":[{items}]}}"#);
            loop {
                if self.over.load(Ordering::Relaxed) {
                    return;
                }
                let began = Instant::now();
                let answer = send(api, "POST", "/", &[KIND, BATCH], body.as_bytes());
                assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
                if answer.status == 200 {
                    assert!(answer.body.contains(r#""FailedPutCount":0"#), "{}", answer.body);
                    self.accepted.fetch_add(1, Ordering::Relaxed);
                    self.acknowledged.lock().unwrap().extend(names);
                    break;
                }
                assert_eq!(answer.status, 500, "{answer:?}");
                assert!(answer.body.contains(r#""__type":"ServiceUnavailableException""#), "{answer:?}");
                assert!(answer.body.contains("Slow down."), "{answer:?}");
                self.throttled.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

#[test]
fn a_full_quota_throttles_in_flat_memory_and_everything_arrives_once_when_the_destination_is_back() {
    let Some(mut gateway) = Gateway::start() else { return };
    gateway.kill();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        r#"
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
quota = "64MiB"
[s3]
path_style = true
{}
[streams.web]
destination.s3 = {{ bucket = "records", buffering = {{ size = "2MiB", interval = "1s" }} }}
"#,
        section(gateway.port())
    );
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let mut command = program(folder.path());
    let host = Host::start_as(command.arg("run").env("S3_KEY", "AKIATEST").env("S3_SECRET", "secretsecret"));
    let (api, admin) = (host.api, host.admin.unwrap());
    let load = Load::default();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let over = Over(&load.over);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let load = &load;
                scope.spawn(move || load.put(api, client))
            })
            .collect();
        let began = Instant::now();
        wait_for("the quota is full", || count(&load.throttled) > 2 * CLIENTS);
        let (took, before) = (began.elapsed(), count(&load.accepted));
        let watched = Instant::now();
        let (mut least, mut most) = (u64::MAX, 0);
        while watched.elapsed() < FULL {
            let now = host.memory("VmRSS");
            (least, most) = (least.min(now), most.max(now));
            let (used, limit) =
                (metric(admin, "standpipe_quota_used_bytes"), metric(admin, "standpipe_quota_limit_bytes"));
            assert_eq!(limit, QUOTA);
            // A stream takes a third of what there is without the reserve: the rest is for what settles it.
            assert!((QUOTA / 8..QUOTA / 2).contains(&used), "{used} bytes of the quota are used");
            thread::sleep(Duration::from_millis(100));
        }
        let after = count(&load.accepted);
        println!(
            "full: {before} batches of 256 KiB in {took:.1?}, then {} more and {} throttled; {} KiB of the quota, {least} to {most} KiB resident",
            after - before,
            count(&load.throttled),
            metric(admin, "standpipe_quota_used_bytes") >> 10,
        );
        assert!((before * 256) << 10 > QUOTA / 8, "{before} batches");
        assert!(after - before <= 2 * CLIENTS, "{} more batches were accepted", after - before);
        assert!(most < MOST_MEMORY && most < least + (8 << 10), "{least} to {most} KiB");
        assert!(metric(admin, "standpipe_throttled_records_total") >= 250 * count(&load.throttled));
        assert_eq!(metric(admin, "standpipe_delivered_records_total"), 0);

        gateway.run(&[]);
        let back = Instant::now();
        wait_for("puts are accepted again", || count(&load.accepted) > after);
        println!("full: puts were accepted again {:.1?} after the destination was back", back.elapsed());
        // As many again as fit into the quota.
        wait_for("puts go on", || count(&load.accepted) > 2 * after);
        drop(over);
        clients.into_iter().for_each(|client| client.join().unwrap());
    });
    let Load { acknowledged, .. } = load;
    let acknowledged = acknowledged.into_inner().unwrap();
    wait_for("all is delivered", || {
        metric(admin, "standpipe_delivered_records_total") >= acknowledged.len() as u64
    });
    wait_for("the quota is free again", || metric(admin, "standpipe_quota_used_bytes") < QUOTA / 8);
    println!("full: {} KiB at most", host.memory("VmHWM"));
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");

    let mut delivered = Vec::new();
    for (key, bytes) in objects(&gateway.bucket("records")) {
        if !key.starts_with(".sgwtmp") {
            let text = String::from_utf8(bytes).unwrap();
            delivered.extend(text.lines().map(|line| line.trim_end_matches('x').to_owned()));
        }
    }
    assert_eq!(delivered.len(), acknowledged.len(), "as many records as were acknowledged");
    assert!(HashSet::<String>::from_iter(delivered) == HashSet::from_iter(acknowledged), "each of them once");
}

/// Dropped, it says that something is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
