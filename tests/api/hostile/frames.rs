//! HTTP/2 as no client speaks it, frame by frame.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::{Scene, connect};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(super) const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request as HPACK has it, with nothing packed.
fn head(operation: &str) -> Vec<u8> {
    // POST, `/` and http are of the static table, and so is the name of `:authority`.
    let mut head = vec![0x83, 0x84, 0x86, 0x01];
    let target = format!("Firehose_20150804.{operation}");
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    head.extend(text("localhost"));
    for (name, value) in [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)] {
        head.extend([vec![0], text(name), text(value)].concat());
    }
    head
}

/// A connection whose client takes so many bytes of each answer before it says more.
pub(super) fn open(scene: &Scene, window: u32) -> TcpStream {
    let mut socket = connect(scene.api);
    let settings = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
    socket
        .write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &settings), &frame(SETTINGS, 1, 0, &[])].concat())
        .unwrap();
    socket
}

/// A request that asks for something that is long.
pub(super) fn describe(stream: u32) -> Vec<u8> {
    let body = br#"{"DeliveryStreamName":"web"}"#;
    let head = frame(HEADERS, END_HEADERS, stream, &head("DescribeDeliveryStream"));
    [head, frame(DATA, END_STREAM, stream, body)].concat()
}

/// Reads frames up to the end. Says of which kinds they were, and how long it took.
pub(super) fn read_on(socket: &mut TcpStream) -> (Vec<u8>, Duration) {
    let (began, mut kinds) = (Instant::now(), Vec::new());
    loop {
        let mut head = [0; 9];
        if socket.read_exact(&mut head).is_err() {
            return (kinds, began.elapsed());
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        kinds.push(head[3]);
        let mut payload = vec![0; length as usize];
        if socket.read_exact(&mut payload).is_err() {
            return (kinds, began.elapsed());
        }
    }
}

/// Opens a thousand streams and resets each. Says after how long the connection was closed.
fn open_and_reset(scene: &Scene) -> Duration {
    let mut socket = open(scene, 65_535);
    for stream in (1..2_000).step_by(2) {
        let reset = frame(RESET, 0, stream, &8_u32.to_be_bytes());
        let head = frame(HEADERS, END_HEADERS, stream, &head("PutRecord"));
        if socket.write_all(&[head, reset].concat()).is_err() {
            break;
        }
    }
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    read_on(&mut socket).1
}

#[test]
fn streams_that_are_opened_and_reset_end_the_connection() {
    let scene = Scene::start("");
    scene.attacked("rapid reset", 100, || {
        let last = thread::scope(|scope| {
            let all: Vec<_> = (0..20).map(|_| scope.spawn(|| open_and_reset(&scene))).collect();
            all.into_iter().map(|one| one.join().unwrap()).max().unwrap()
        });
        println!("rapid reset: closed after {last:.1?}");
        assert!(last < Duration::from_secs(4), "{last:?}");
    });
    scene.end([]);
}
