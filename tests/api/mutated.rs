//! Requests that were right once, and were damaged in many ways: each is answered, none breaks anything, and what was
//! acknowledged is delivered. `STANDPIPE_SEED` and `STANDPIPE_BODIES` say from where, and how many.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;

use crate::host::{Host, program, wait_for};
use crate::hostile::metric;
use crate::http::{connect, receive, request, send};
use crate::wire::{delivered, folder};

mod draw;

use draw::{Draw, TOKENS};

const CLIENTS: u64 = 4;
/// How long an answer may take.
const PROMPT: Duration = Duration::from_secs(5);

/// A request, as bytes and as what it would say.
struct Sent {
    bytes: Vec<u8>,
    encoding: Vec<u8>,
    body: Vec<u8>,
}

fn draw_request(draw: &mut Draw, to: SocketAddr) -> Sent {
    let (operation, body) = draw.body();
    let mut body = body.into_bytes();
    for _ in 0..draw.below(4) {
        draw.damage(&mut body, TOKENS);
    }
    let packs = draw.below(5) == 0;
    if packs {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&body).unwrap();
        body = packed.finish().unwrap();
        if draw.below(3) == 0 {
            draw.damage(&mut body, TOKENS);
        }
    }
    let target = draw.header(&format!("Firehose_20150804.{operation}"));
    let encoding = draw.header(if packs { "gzip" } else { "identity" });
    let kind = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TARGET"),
        ("content-encoding", "CODING"),
    ];
    let head = request(to, "POST", "/", &kind, b"");
    // Its length is that of no body.
    let text = String::from_utf8(head)
        .unwrap()
        .replace("content-length: 0", &format!("content-length: {}", body.len()));
    let (before, rest) = text.split_once("TARGET").unwrap();
    let (between, after) = rest.split_once("CODING").unwrap();
    let bytes = [before.as_bytes(), &target, between.as_bytes(), &encoding, after.as_bytes(), &body].concat();
    Sent { bytes, encoding, body }
}

#[derive(Deserialize)]
struct Put {
    #[serde(rename = "Record")]
    one: Option<Record>,
    #[serde(rename = "Records")]
    many: Option<Vec<Record>>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Data")]
    data: String,
}

impl Sent {
    /// The records of a request that was accepted.
    fn records(&self, is_batch: bool) -> Vec<Vec<u8>> {
        let mut plain = self.body.clone();
        if self.encoding.trim_ascii().eq_ignore_ascii_case(b"gzip") {
            plain.clear();
            MultiGzDecoder::new(&self.body[..]).read_to_end(&mut plain).unwrap();
        }
        let put: Put = serde_json::from_slice(&plain).unwrap();
        let records = if is_batch { put.many.unwrap() } else { vec![put.one.unwrap()] };
        records.into_iter().map(|record| STANDARD.decode(record.data).unwrap()).collect()
    }
}

/// What a client saw.
#[derive(Default)]
struct Told {
    statuses: Vec<u16>,
    slowest: Duration,
    records: Vec<Vec<u8>>,
}

fn client(to: SocketAddr, seed: u64, count: u64) -> Told {
    let open = || {
        let socket = connect(to);
        socket.set_read_timeout(Some(PROMPT)).unwrap();
        socket
    };
    let (mut draw, mut told, mut socket): (_, _, TcpStream) = (Draw(seed), Told::default(), open());
    for number in 0..count {
        let sent = draw_request(&mut draw, to);
        let shown = || format!("seed {seed}, request {number}: {}", String::from_utf8_lossy(&sent.bytes));
        let began = Instant::now();
        socket.write_all(&sent.bytes).unwrap();
        let Some(answer) = receive(&mut socket) else { panic!("no answer; {}", shown()) };
        told.slowest = told.slowest.max(began.elapsed());
        assert!(matches!(answer.status, 200 | 400 | 403 | 404 | 413), "{answer:?}; {}", shown());
        told.statuses.push(answer.status);
        let ids = answer.body.matches(r#""RecordId":""#).count();
        if ids > 0 {
            assert_eq!(answer.status, 200);
            let records = sent.records(answer.body.contains("FailedPutCount"));
            assert_eq!(records.len(), ids, "{answer:?}; {}", shown());
            told.records.extend(records);
        }
        if answer.header("connection") == Some("close") {
            socket = open();
        }
    }
    told
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn damaged_requests_are_each_answered_and_what_is_acknowledged_of_them_is_delivered() {
    let (seed, count) = (number("STANDPIPE_SEED", 1), number("STANDPIPE_BODIES", 10_000));
    let folder = folder("");
    let host = Host::start(folder.path());
    let (api, admin) = (host.api, host.admin.unwrap());
    let began = Instant::now();
    let all: Vec<_> = thread::scope(|scope| {
        let each = count.div_ceil(CLIENTS);
        let one = |number| scope.spawn(move || client(api, seed * 1_000 + number, each));
        let clients: Vec<_> = (0..CLIENTS).map(one).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let with = |status| all.iter().flat_map(|told| &told.statuses).filter(|held| **held == status).count();
    let slowest = all.iter().map(|told| told.slowest).max().unwrap();
    let records: Vec<_> = all.iter().flat_map(|told| &told.records).collect();
    let statuses: Vec<_> =
        [200, 400, 403, 404, 413].map(|status| format!("{status} {} times", with(status))).into();
    println!(
        "damaged: seed {seed}, {count} requests in {:.1?}: {}; the slowest {slowest:.0?}; {} records kept",
        began.elapsed(),
        statuses.join(", "),
        records.len()
    );
    assert!(with(200) > 0 && with(400) > 0, "both kinds");

    // It still works.
    let kind = ("content-type", "application/x-amz-json-1.1");
    let list = ("x-amz-target", "Firehose_20150804.ListDeliveryStreams");
    let answer = send(api, "POST", "/", &[kind, list], b"{}");
    assert_eq!(answer.body, r#"{"DeliveryStreamNames":["web"],"HasMoreDeliveryStreams":false}"#);
    assert_eq!(metric(admin, "standpipe_put_records_total"), records.len() as u64);
    wait_for("no memory is held", || metric(admin, "standpipe_request_memory_used_bytes") == 0);
    wait_for("all is delivered", || {
        metric(admin, "standpipe_delivered_records_total") == records.len() as u64
    });
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked") && !said.contains("could not be answered"), "{said}");
    let drained = program(folder.path()).args(["run", "--drain"]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
    let objects = delivered(folder.path());
    assert_eq!(
        objects.len(),
        records.iter().map(|record| record.len()).sum::<usize>(),
        "bytes of all objects"
    );
    for record in records {
        assert!(
            memchr::memmem::find(&objects, record).is_some(),
            "{:?} is not there",
            record.escape_ascii().to_string()
        );
    }
}
