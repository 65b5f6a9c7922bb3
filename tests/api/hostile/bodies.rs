//! Bodies that are too long, too short, packed, or full of what nobody asked for.

use std::io::{Read as _, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{BATCH, PUT, Scene, answers, body_of, connect, receive};

const LIST: (&str, &str) = ("x-amz-target", "Firehose_20150804.ListDeliveryStreams");
const GZIP: (&str, &str) = ("content-encoding", "gzip");
/// The largest body.
const MOST_BODY: usize = 8 << 20;

#[test]
fn a_gigabyte_is_refused_without_being_read() {
    let scene = Scene::start("");
    scene.attacked("a gigabyte", 100, || {
        let mut socket = connect(scene.api);
        let began = Instant::now();
        socket.write_all(&scene.bytes(PUT, &[("content-length", "1073741824")], b"{")).unwrap();
        let answer = receive(&mut socket).unwrap();
        assert_eq!(answer.status, 413, "{answer:?}");
        assert!(answer.body.contains("RequestEntityTooLargeException"), "{answer:?}");
        println!("a gigabyte: refused by its length after {:.1?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_secs(1));
        assert_eq!(socket.read(&mut [0]).unwrap_or(0), 0, "closed");

        let began = Instant::now();
        let mut socket = connect(scene.api);
        socket.write_all(&scene.bytes(PUT, &[("transfer-encoding", "chunked")], b"")).unwrap();
        let mut writer = socket.try_clone().unwrap();
        let (answer, sent) = std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut sent = 0_usize;
                let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
                while sent < 1 << 30 && writer.write_all(&chunk).is_ok() {
                    sent += 0x10000;
                }
                sent
            });
            let answer = receive(&mut socket).unwrap();
            // Who would not see it otherwise.
            let _ = socket.shutdown(Shutdown::Both);
            (answer, writer.join().unwrap())
        });
        assert_eq!(answer.status, 413, "{answer:?}");
        println!("a gigabyte in chunks: refused after {} MiB, {:.1?}", sent >> 20, began.elapsed());
        assert!((MOST_BODY..8 * MOST_BODY).contains(&sent), "{sent} bytes were sent");
    });
    scene.end([]);
}

#[test]
fn a_body_of_another_length_than_it_says_stores_nothing() {
    let scene = Scene::start("");
    scene.attacked("lengths that are wrong", 80, || {
        for _ in 0..20 {
            // Longer: what is left over is no request.
            let mut socket = connect(scene.api);
            socket.write_all(&scene.bytes(LIST, &[("content-length", "2")], &body_of("none"))).unwrap();
            // The same behind a request that is answered.
            let cut = body_of("none").len().to_string();
            let long = [&body_of("longer\n")[..], b"and this is no request\r\n\r\n"].concat();
            let mut other = connect(scene.api);
            other.write_all(&scene.bytes(LIST, &[("content-length", &cut)], &long)).unwrap();
            for socket in [&mut socket, &mut other] {
                let mut answer = String::new();
                let _ = socket.read_to_string(&mut answer);
                assert!(answer.contains("HTTP/1.1 400 "), "{answer}");
            }
            // Shorter: the client is gone, or says that no more comes.
            let body = body_of("shorter\n");
            let more = (body.len() + 1).to_string();
            let bytes = scene.bytes(PUT, &[("content-length", &more)], &body);
            let mut socket = connect(scene.api);
            socket.write_all(&bytes).unwrap();
            drop(socket);
            let mut socket = connect(scene.api);
            socket.write_all(&bytes).unwrap();
            socket.shutdown(Shutdown::Write).unwrap();
            let answer = receive(&mut socket);
            assert!(answer.as_ref().is_none_or(|answer| answer.status == 400), "{answer:?}");
        }
    });
    scene.end([]);
}

fn gzip(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    for part in parts {
        packed.write_all(part.as_ref()).unwrap();
    }
    packed.finish().unwrap()
}

#[test]
fn what_unpacks_to_too_much_is_refused_and_what_is_broken_too() {
    let scene = Scene::start("");
    let zeros = vec![0; 1 << 20];
    let ten = gzip(std::iter::repeat_n(&zeros, 10));
    let thousand = gzip(std::iter::repeat_n(&zeros, 1_024));
    println!("bombs: {} and {} KiB", ten.len() >> 10, thousand.len() >> 10);
    let good = gzip([body_of("packed\n")]);
    let two = body_of("two members\n");
    let (head, tail) = two.split_at(20);
    let two = [gzip([head]), gzip([tail])].concat();
    let send = |body: &[u8]| super::send(scene.api, "POST", "/", &[super::KIND, PUT, GZIP], body);
    scene.attacked("gzip", 180, || {
        for bomb in [&ten, &thousand] {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        let answer = send(bomb);
                        assert!(matches!(answer.status, 413 | 500), "{answer:?}");
                        assert!(answer.status == 413 || answer.body.contains("Slow down."), "{answer:?}");
                    });
                }
            });
            assert_eq!(send(bomb).status, 413);
        }
        // As `gzip -t` has it: a cut member is no body, and what is not a member is none behind one.
        for broken in [&good[..good.len() - 1], &good[..12], &[&good[..], b"garbage"].concat(), b"", b"{}"] {
            let answer = send(broken);
            assert_eq!(answer.status, 400, "{answer:?}");
        }
        assert_eq!(send(&good).status, 200);
        assert_eq!(send(&two).status, 200);
    });
    scene.end(["packed".to_owned(), "two members".to_owned()]);
}

#[test]
fn json_that_is_made_to_hurt_is_refused_in_bounded_memory() {
    let scene = Scene::start("");
    let batch = |item: &str, count: usize| {
        let items = vec![item; count].join(",");
        format!(r#"{{"DeliveryStreamName":"web","Records":[{items}]}}"#)
    };
    let members: String = (0..700_000).map(|number| format!(r#""{number}":0,"#)).collect();
    let bodies = [
        ("nested arrays", format!(r#"{{"More":{}{}}}"#, "[".repeat(60_000), "]".repeat(60_000))),
        ("nested objects", format!("{}0{}", r#"{"a":"#.repeat(60_000), "}".repeat(60_000))),
        ("brackets", "[".repeat(MOST_BODY)),
        ("empty records", batch("{}", 2_000_000)),
        ("nulls", batch("null", 1_600_000)),
        ("records without a byte", batch(r#"{"Data":""}"#, 690_000)),
        ("unknown members", format!("{{{members}\"DeliveryStreamName\":\"web\"}}")),
        ("a long name", format!(r#"{{"DeliveryStreamName":"{}"}}"#, "n".repeat(7_000_000))),
        ("a long name of escapes", format!(r#"{{"DeliveryStreamName":"{}"}}"#, r"\u0001".repeat(1_300_000))),
        ("a long number", format!(r#"{{"DeliveryStreamName":"web","Limit":{}}}"#, "9".repeat(7_000_000))),
        ("a long text for a number", format!(r#"{{"Limit":"{}"}}"#, "\u{e000}".repeat(2_500_000))),
        ("a long type", format!(r#"{{"DeliveryStreamType":"{}"}}"#, "t".repeat(7_000_000))),
    ];
    let describe = ("x-amz-target", "Firehose_20150804.DescribeDeliveryStream");
    scene.attacked("json", 160, || {
        for (name, body) in &bodies {
            assert!(body.len() <= MOST_BODY, "{name}: {}", body.len());
            for target in [PUT, BATCH, describe, LIST] {
                let began = Instant::now();
                let answer = scene.call(target, body.as_bytes());
                // What it does not know, and what the operation does not ask for, is passed over.
                let is_read = target == LIST || target == describe && *name != "a long number";
                let refused = (400..500).contains(&answer.status);
                assert!(refused || is_read && answer.status == 200, "{name}, {}: {answer:?}", target.1);
                assert!(answer.body.len() < 4 << 10, "{name}, {}: {} bytes", target.1, answer.body.len());
                assert!(
                    began.elapsed() < Duration::from_secs(10),
                    "{name}, {}: {:?}",
                    target.1,
                    began.elapsed()
                );
            }
        }
        let mut socket = connect(scene.api);
        assert!(answers(&scene, &mut socket));
    });
    scene.end([]);
}
