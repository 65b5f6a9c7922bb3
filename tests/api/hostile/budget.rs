//! More bodies at once than the memory for requests has room for.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{BATCH, Scene, send};

const CLIENTS: usize = 50;
/// The most data that a request may have.
const MOST_DATA: usize = 4 << 20;
/// How long a client tries, which are far more at once than is wise.
const PATIENCE: Duration = Duration::from_secs(120);

/// The body of a batch with as much data as may be, and its records without what fills them up.
fn batch(client: usize) -> (Vec<u8>, Vec<String>) {
    let names: Vec<_> = (0..5).map(|record| format!("client {client:2} record {record:3} ")).collect();
    let items = names.iter().map(|name| {
        // A fifth of all, less what stands around it. Three bytes are four in base64, so it is put together from pieces.
        let filled = "eHh4".repeat((MOST_DATA / 5 - name.len() - 3) / 3);
        format!(r#"{{"Data":"{}{filled}{}"}}"#, STANDARD.encode(name), STANDARD.encode("xx\n"))
    });
    let items = items.collect::<Vec<_>>().join(",");
    (format!(r#"{{"DeliveryStreamName":"web","Records":[{items}]}}"#).into_bytes(), names)
}

#[test]
fn whoever_finds_no_memory_is_told_to_slow_down_and_gets_through_in_the_end() {
    let scene = Scene::start("[api]\nmemory = \"16MiB\"");
    let (together, refused) = (Barrier::new(CLIENTS), AtomicU64::new(0));
    let began = Instant::now();
    let one = |client: usize| {
        let (body, names) = batch(client);
        let mut tries = 0;
        together.wait();
        loop {
            let answer = send(scene.api, "POST", "/", &[super::KIND, BATCH], &body);
            if answer.status == 200 {
                assert!(answer.body.contains(r#""FailedPutCount":0"#), "{}", answer.body);
                return names;
            }
            assert_eq!(answer.status, 500, "{answer:?}");
            assert!(answer.body.contains("ServiceUnavailableException"), "{answer:?}");
            assert!(answer.body.contains("Slow down."), "{answer:?}");
            refused.fetch_add(1, Ordering::Relaxed);
            tries += 1;
            assert!(began.elapsed() < PATIENCE, "client {client} was refused {tries} times");
            // As SDKs do, each with a time of its own.
            thread::sleep(Duration::from_millis((50 + client as u64 * 37 % 50) << tries.min(4)));
        }
    };
    let names: Vec<String> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || one(client))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let (refused, memory) = (refused.into_inner(), scene.memory("VmHWM") >> 10);
    let took = began.elapsed().as_secs_f64();
    println!(
        "budget: {CLIENTS} bodies of 4 MiB within {took:.1} s, {refused} times refused; {memory} MiB at most"
    );
    assert!(refused > 0, "there was room for all of them");
    assert!(memory < 220, "{memory} MiB were resident");
    assert!(scene.metric("standpipe_refused_requests_total") >= refused);
    scene.end(names);
}

#[test]
fn bodies_that_grow_when_they_are_decoded_stay_within_bounds() {
    let scene = Scene::start("");
    let lines = "a\n".repeat(2 << 20);
    let empties = {
        use std::io::Write as _;
        let items = vec!["{}"; 2_700_000].join(",");
        let body = format!(r#"{{"DeliveryStreamName":"web","Records":[{items}]}}"#);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(body.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    scene.attacked("bodies that grow", 320, || {
        thread::scope(|scope| {
            for number in 0..40 {
                let (scene, lines, empties) = (&scene, &lines, &empties);
                scope.spawn(move || {
                    let answer = if number % 2 == 0 {
                        let headers = [("content-type", "application/x-ndjson")];
                        send(scene.api, "POST", "/streams/other/records", &headers, lines.as_bytes())
                    } else {
                        let headers = [super::KIND, BATCH, ("content-encoding", "gzip")];
                        send(scene.api, "POST", "/", &headers, empties)
                    };
                    assert!(matches!(answer.status, 400 | 404 | 503 | 500), "{answer:?}");
                });
            }
        });
    });
    scene.end([]);
}
