//! Clients that send on and never read what they are answered.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::frames::{self, DATA};
use super::{Scene, connect};

const CLIENTS: usize = 10;
/// How long answers may wait for their client.
const ANSWER: Duration = Duration::from_secs(30);
/// How long it may take before all buffers on the way are full.
const FILLING: Duration = Duration::from_secs(20);

/// Writes until the connection is closed. Says how much went out, and after how long it was closed.
fn write_on(mut socket: TcpStream, bytes: &[u8]) -> (usize, Duration) {
    let began = Instant::now();
    socket.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let (mut sent, mut at) = (0, 0);
    while began.elapsed() < ANSWER + FILLING {
        match socket.write(&bytes[at..]) {
            Ok(written) => {
                sent += written;
                at = (at + written) % bytes.len();
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return (sent, began.elapsed()),
        }
    }
    panic!("it is still open, and {sent} bytes were sent");
}

/// Sends as many requests as may be under way over HTTP/2, and never lets an answer begin. Says after how long the
/// connection was closed.
fn take_nothing(scene: &Scene) -> Duration {
    let mut socket = frames::open(scene, 0);
    for stream in (1..64).step_by(2) {
        socket.write_all(&frames::describe(stream)).unwrap();
    }
    let (kinds, took) = frames::read_on(&mut socket);
    assert!(!kinds.contains(&DATA), "{kinds:?}");
    took
}

#[test]
fn whoever_takes_no_answers_is_cut_off() {
    let scene = Scene::start("");
    let describe = ("x-amz-target", "Firehose_20150804.DescribeDeliveryStream");
    let request = scene.bytes(describe, &[], br#"{"DeliveryStreamName":"web"}"#);
    scene.attacked("clients that never read", 100, || {
        thread::scope(|scope| {
            let one = |_| scope.spawn(|| write_on(connect(scene.api), &request));
            let old: Vec<_> = (0..CLIENTS).map(one).collect();
            let new: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| take_nothing(&scene))).collect();
            let old = old.into_iter().map(|one| one.join().unwrap());
            let (sent, last) =
                old.fold((0, Duration::ZERO), |most, one| (most.0.max(one.0), most.1.max(one.1)));
            println!("clients that never read: {} KiB were sent, closed after {last:.1?}", sent >> 10);
            let last = new.into_iter().map(|one| one.join().unwrap()).max().unwrap();
            println!("clients that never open a window: closed after {last:.1?}");
            assert!(last < ANSWER + Duration::from_secs(5), "{last:?}");
        });
    });
    scene.end([]);
}
