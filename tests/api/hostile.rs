//! Attacks on the ports. While one runs, the puts of another client are answered promptly, and memory has a bound;
//! afterwards all is as it was before.

mod bodies;
mod budget;
mod connections;
mod deaf;
mod frames;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::host::{Host, program, wait_for};
use crate::http::{Answer, connect, receive, request, send};
use crate::wire::{delivered, folder};

/// How long a put of another client may take meanwhile.
const PROMPT: Duration = Duration::from_secs(3);

const KIND: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
pub(crate) const PUT: (&str, &str) = ("x-amz-target", "Firehose_20150804.PutRecord");
pub(crate) const BATCH: (&str, &str) = ("x-amz-target", "Firehose_20150804.PutRecordBatch");

/// A host, and what was acknowledged of the records that it was given.
struct Scene {
    folder: TempDir,
    host: Mutex<Host>,
    api: SocketAddr,
    admin: SocketAddr,
    calm: AtomicU64,
}

/// The body of a put of one record.
pub(crate) fn body_of(data: &str) -> Vec<u8> {
    let data = STANDARD.encode(data);
    format!(r#"{{"DeliveryStreamName":"web","Record":{{"Data":"{data}"}}}}"#).into_bytes()
}

impl Scene {
    fn start(more: &str) -> Self {
        let folder = folder(more);
        let host = Host::start(folder.path());
        let (api, admin) = (host.api, host.admin.unwrap());
        Self { folder, host: Mutex::new(host), api, admin, calm: AtomicU64::new(0) }
    }

    fn memory(&self, name: &str) -> u64 {
        self.host.lock().unwrap().memory(name)
    }

    /// Sends a request with a target of Firehose's.
    fn call(&self, target: (&str, &str), body: &[u8]) -> Answer {
        send(self.api, "POST", "/", &[KIND, target], body)
    }

    /// The bytes of a request of which `body` is what is sent of its body.
    fn bytes(&self, target: (&str, &str), more: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        request(self.api, "POST", "/", &[&[KIND, target], more].concat(), body)
    }

    /// Runs an attack while another client puts records, each on a new connection. Until the end, the host may have taken
    /// `most` MiB.
    fn attacked<T>(&self, name: &str, most: u64, attack: impl FnOnce() -> T) -> T {
        let (over, began) = (AtomicBool::new(false), Instant::now());
        let (told, puts, slowest) = thread::scope(|scope| {
            let calm = scope.spawn(|| self.put_until(&over));
            let done = Done(&over);
            let told = attack();
            drop(done);
            let (puts, slowest) = calm.join().unwrap();
            (told, puts, slowest)
        });
        let (most_seen, seconds) = (self.memory("VmHWM") >> 10, began.elapsed().as_secs_f64());
        println!(
            "{name}: {seconds:.1} s, {puts} puts of others, the slowest {slowest:.0?}; {most_seen} MiB at most"
        );
        assert!(slowest < PROMPT, "{name}: a put of others took {slowest:?}");
        assert!(most_seen < most, "{name}: {most_seen} MiB were resident");
        told
    }

    fn put_until(&self, over: &AtomicBool) -> (u64, Duration) {
        let (mut puts, mut slowest) = (0, Duration::ZERO);
        while !over.load(Ordering::Relaxed) || puts == 0 {
            let number = self.calm.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            let answer = self.call(PUT, &body_of(&format!("calm {number}\n")));
            slowest = slowest.max(began.elapsed());
            assert_eq!(answer.status, 200, "{answer:?}");
            puts += 1;
            thread::sleep(Duration::from_millis(10));
        }
        (puts, slowest)
    }

    /// What `/metrics` says of the host.
    fn metric(&self, name: &str) -> u64 {
        metric(self.admin, name)
    }

    /// Waits until no connection is open and requests hold no memory; then stops the host, which has delivered what was
    /// acknowledged, once: the records of the other client, and `more`.
    fn end(self, more: impl IntoIterator<Item = String>) {
        wait_for("all is as before", || {
            self.metric("standpipe_connections") == 0
                && self.metric("standpipe_request_memory_used_bytes") == 0
        });
        let Self { folder, host, calm, .. } = self;
        let (code, said) = host.into_inner().unwrap().stop();
        assert_eq!(code, Some(0), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let drained = program(folder.path()).args(["run", "--drain"]).output().unwrap();
        assert!(drained.status.success(), "{drained:?}");
        let text = String::from_utf8(delivered(folder.path())).unwrap();
        // What a record is filled up with is no part of its name.
        let all: Vec<_> = text.lines().map(|line| line.trim_end_matches('x').to_owned()).collect();
        let mut wanted: BTreeSet<_> = more.into_iter().collect();
        wanted.extend((0..calm.into_inner()).map(|number| format!("calm {number}")));
        assert_eq!(all.len(), wanted.len(), "as many records as were acknowledged");
        assert!(BTreeSet::from_iter(all) == wanted, "those that were acknowledged");
    }
}

/// Dropped, it says that something is over.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The sum of what `/metrics` says of `name`.
pub(crate) fn metric(admin: SocketAddr, name: &str) -> u64 {
    let text = send(admin, "GET", "/metrics", &[], b"").body;
    let lines = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with([' ', '{']).then(|| rest.rsplit(' ').next()?.parse::<u64>().ok())?
    });
    lines.sum()
}

/// Whether a connection still answers, asked with a request that changes nothing.
fn answers(scene: &Scene, socket: &mut std::net::TcpStream) -> bool {
    use std::io::Write as _;
    let list = ("x-amz-target", "Firehose_20150804.ListDeliveryStreams");
    let sent = socket.write_all(&scene.bytes(list, &[], b"{}"));
    sent.is_ok() && receive(socket).is_some_and(|answer| answer.status == 200)
}
