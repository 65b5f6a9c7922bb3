//! What the Firehose API costs under load: `cargo bench -p standpipe --bench load`.
//!
//! Signed `PutRecordBatch` requests of 500 records of 230 bytes over kept-alive connections (`CONNECTIONS`, 8 unless
//! said). A stream without a plugin, uncompressed, into a folder, beside one that discards its outputs (its records are
//! kept in the log and run all the same): CPU of the server a record, until all is delivered; requests a second; times of
//! answers beside those of the disk's own syncs; memory.
//! Linux only: CPU comes from `/proc`, in hundredths of a second.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end with a panic")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../../tests/api/host.rs"]
mod host;
#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../../../tests/api/http.rs"]
mod http;

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::{Host, program};
use standpipe_record::{Clock, SystemClock};

const RECORDS: usize = 500;
const BYTES: usize = 230;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(5);

fn main() {
    let connections = std::env::var("CONNECTIONS").map_or(8, |value| value.parse().unwrap());
    let folder =
        tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or_else(|| "/var/tmp".into())).unwrap();
    let config = r#"
        listen = "127.0.0.1:0"
        admin_listen = "127.0.0.1:0"
        [s3]
        directory = "./buckets"
        [keys.bench]
        access_key_id = "env:BENCH_ID"
        secret_access_key = "env:BENCH_SECRET"
        [streams.discard]
        destination.discard = {}
        [streams.folder]
        destination.s3 = { bucket = "logs", buffering = { size = "5MiB", interval = "1s" } }
    "#;
    fs::write(folder.path().join("standpipe.toml"), config).unwrap();
    let mut command = program(folder.path());
    let host = Host::start_as(command.arg("run").env("BENCH_ID", "AKIABENCH").env("BENCH_SECRET", "secret"));
    let (writer, sync) = plain_writer(folder.path());
    println!(
        "plain writer of {} KiB and fdatasync: {:.1} MB/s, half below {:.2} ms, 99 % below {:.2} ms",
        (RECORDS * BYTES) >> 10,
        writer / 1e6,
        ms(quantile(&sync, 50)),
        ms(quantile(&sync, 99))
    );
    println!(
        "{connections} connections, {RECORDS} records of {BYTES} bytes a request, {ROUNDS} rounds of {} s",
        ROUND.as_secs()
    );
    let mut best = [f64::MAX; 2];
    let mut rates = [0_f64; 2];
    for round in 0..ROUNDS {
        for (at, stream) in ["discard", "folder"].into_iter().enumerate() {
            let before = cpu(&host);
            let (answered, times, took) = load(host.api, stream, connections);
            let records = (answered * RECORDS) as f64;
            settle(&host, stream);
            let cost = (cpu(&host) - before) * 1e6 / records;
            let rate = records * BYTES as f64 / took;
            println!(
                "round {round} {stream:8} {cost:6.3} us of CPU a record, {:7.0} records/s, {:6.1} MB/s, answers: half below {:.1} ms, 99 % below {:.1} ms",
                records / took,
                rate / 1e6,
                ms(quantile(&times, 50)),
                ms(quantile(&times, 99))
            );
            best[at] = best[at].min(cost);
            rates[at] = rates[at].max(rate);
        }
    }
    let (writer_after, sync_after) = plain_writer(folder.path());
    println!(
        "plain writer again: {:.1} MB/s, 99 % below {:.2} ms",
        writer_after / 1e6,
        ms(quantile(&sync_after, 99))
    );
    println!("folder / discard: {:.2} x CPU a record (at most 2.0, aim 1.4)", best[1] / best[0]);
    let least = rates[0].min(writer.min(writer_after) / 3.0);
    println!(
        "throughput: {:.0} % of the lesser of discard and a third of the writer (at least 70 %)",
        rates[1] * 100.0 / least
    );
    println!("resident: {} MiB at the most (at most 100)", host.memory("VmHWM") >> 10);
}

/// Waits until everything that was accepted is delivered, or has run.
fn settle(host: &Host, stream: &str) {
    loop {
        let text = http::send(host.admin.unwrap(), "GET", "/metrics", &[], b"").body;
        let value = |name: &str| -> f64 {
            let mine =
                text.lines().filter(|line| line.starts_with(name) && line.contains("stream=\"folder\""));
            mine.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        let done = if stream == "folder" {
            "standpipe_delivered_records_total"
        } else {
            "standpipe_output_records_total"
        };
        if value("standpipe_put_records_total") <= value(done) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Loads a stream. Returns how many requests were answered, the times of answers, and the seconds it took.
fn load(to: SocketAddr, stream: &str, connections: usize) -> (usize, Vec<Duration>, f64) {
    let request = signed(to, stream);
    let (over, began) = (AtomicBool::new(false), Instant::now());
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let work = || {
            let mut socket = http::connect(to);
            let mut times = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                socket.write_all(&request).unwrap();
                let answer = http::receive(&mut socket).unwrap();
                assert!(
                    answer.status == 200 && answer.body.starts_with("{\"FailedPutCount\":0"),
                    "{answer:?}"
                );
                times.push(began.elapsed());
            }
            times
        };
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(ROUND);
        over.store(true, Ordering::Relaxed);
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let took = began.elapsed().as_secs_f64();
    times.sort();
    (times.len(), times, took)
}

/// A request as an SDK sends it, but without an id of its own: each copy is a new one.
fn signed(to: SocketAddr, stream: &str) -> Vec<u8> {
    let mut body = format!(r#"{{"DeliveryStreamName":"{stream}","Records":["#);
    for number in 0..RECORDS {
        let line = format!(r#"{{"number":{number},"padding":"{}"}}"#, "x".repeat(BYTES));
        let mut line = line.into_bytes();
        line.truncate(BYTES - 1);
        line.push(b'\n');
        let comma = if number > 0 { "," } else { "" };
        body += &format!(r#"{comma}{{"Data":"{}"}}"#, STANDARD.encode(line));
    }
    body += "]}";
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Firehose_20150804.PutRecordBatch"),
    ];
    let identity = Credentials::new("AKIABENCH", "secret", None, None, "bench").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("firehose")
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(SystemClock.now_ms()))
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let url = format!("http://{to}/");
    let signable =
        SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body.as_bytes())).unwrap();
    let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
    let (added, _) = instructions.into_parts();
    let added: Vec<(String, String)> =
        added.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect();
    let added = added.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = headers.into_iter().chain(added).collect();
    http::request(to, "POST", "/", &all, body.as_bytes())
}

/// Writes what a request holds, and syncs it, over and over. Bytes a second, and the times of syncs.
fn plain_writer(folder: &Path) -> (f64, Vec<Duration>) {
    let mut file = File::create(folder.join("plain")).unwrap();
    let bytes = vec![b'x'; RECORDS * BYTES];
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(3) {
        file.write_all(&bytes).unwrap();
        let began = Instant::now();
        file.sync_data().unwrap();
        times.push(began.elapsed());
    }
    let rate = (times.len() * bytes.len()) as f64 / began.elapsed().as_secs_f64();
    times.sort();
    fs::remove_file(folder.join("plain")).unwrap();
    (rate, times)
}

/// CPU that the host has used, in seconds.
fn cpu(host: &Host) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", host.pid().as_raw_nonzero())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

/// The time below which `part` of a hundred are.
fn quantile(sorted: &[Duration], part: usize) -> Duration {
    let place = sorted.len() * part / 100;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
