//! A reload and calls of the API for the same stream at the same moment.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::{config_stream, reload};
use crate::control::{
    Client, Ends, batch, create, destination, folders, kind, lines, named, slow_destination, status,
    stop_and_drain,
};
use crate::host::{Host, configure, configured, wait_for};
use crate::http::send;
use crate::kills::{draw, number};

const PUTTERS: usize = 6;
/// When a call comes after a reload was asked for, at the latest, in microseconds.
const LATEST: u64 = 30_000;

/// Whoever is first has it: after a delete the config's stream begins anew, and one that is the config's is not deleted.
#[test]
fn a_delete_and_a_reload_at_the_same_time_leave_the_configs_stream_alone() {
    let (rounds, seed) = (number("STANDPIPE_ROUNDS", 20), number("STANDPIPE_SEED", 1));
    println!(
        "replay: STANDPIPE_ROUNDS={rounds} STANDPIPE_SEED={seed} cargo test -p standpipe --test api control::reloaded"
    );
    let folder = configured("");
    let host = Host::start(folder.path());
    let (mut client, mut state, mut texts) = (Client::of(&host), seed, String::new());
    let (mut deleted, mut given, mut strange) = (0, 0, Vec::new());
    for round in 0..rounds {
        let name = format!("web{round}");
        client.create(&name, &slow_destination("api", ""));
        client.put(&name, &[format!("{name} before\n")]);
        texts += &config_stream(&name, "file", "");
        configure(folder.path(), &texts);
        let pause = Duration::from_micros(draw(&mut state) % LATEST);
        let answer = std::thread::scope(|scope| {
            let reloading = scope.spawn(|| reload(folder.path()));
            std::thread::sleep(pause);
            let answer = client.call("DeleteDeliveryStream", &named(&name));
            let (code, said) = reloading.join().unwrap();
            // One that is about to be gone has to go first.
            let waits = said
                .contains(&format!("stream `{name}`, which the API made, was deleted and is not gone yet"));
            assert_eq!(code, Some(if waits { 2 } else { 0 }), "round {round}: {said}");
            wait_for("it is taken over", || reload(folder.path()).0 == Some(0));
            answer
        });
        match (answer.status, kind(&answer)) {
            (200, _) => deleted += 1,
            (400, "InvalidArgumentException") => given += 1,
            _ => strange.push(format!("round {round}: {answer:?}")),
        }
        wait_for("it is the config's", || status(client.describe(&name).as_ref()) == "ACTIVE");
        let line = format!("{name} after\n");
        let plain = [("content-type", "application/octet-stream")];
        let put = || send(host.api, "POST", &format!("/streams/{name}/records"), &plain, line.as_bytes());
        wait_for("it takes records", || put().status == 200);
        client.refused("DeleteDeliveryStream", &named(&name), "InvalidArgumentException");
    }
    println!("{deleted} were deleted first, {given} were the config's first");
    assert!(strange.is_empty(), "it was there all the time: {strange:#?}");
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    for round in 0..rounds {
        assert!(found.contains_key(&format!("web{round} after")), "round {round}: {found:?}");
    }
}

/// Whoever is first has it, here too: the API's stream becomes the config's, or the name is taken.
#[test]
fn a_create_and_a_reload_at_the_same_time_make_one_stream_of_a_name() {
    let (rounds, seed) = (number("STANDPIPE_ROUNDS", 20), number("STANDPIPE_SEED", 1));
    println!(
        "replay: STANDPIPE_ROUNDS={rounds} STANDPIPE_SEED={seed} cargo test -p standpipe --test api control::reloaded"
    );
    let folder = configured("");
    let host = Host::start(folder.path());
    let (mut client, mut state, mut texts) = (Client::of(&host), seed, String::new());
    let (mut first, mut second) = (0, 0);
    for round in 0..rounds {
        let name = format!("web{round}");
        texts += &config_stream(&name, "file", "");
        configure(folder.path(), &texts);
        let pause = Duration::from_micros(draw(&mut state) % LATEST);
        std::thread::scope(|scope| {
            let reloading = scope.spawn(|| reload(folder.path()));
            std::thread::sleep(pause);
            let answer = client.call("CreateDeliveryStream", &create(&name, &destination("api", "")));
            match (answer.status, kind(&answer)) {
                (200, _) => first += 1,
                (400, "ResourceInUseException") => second += 1,
                _ => panic!("round {round}: {answer:?}"),
            }
            let (code, said) = reloading.join().unwrap();
            assert_eq!(code, Some(0), "round {round}: {said}");
        });
        client.wait_active(&name);
        client.put(&name, &[format!("{name} one\n")]);
        client.refused("DeleteDeliveryStream", &named(&name), "InvalidArgumentException");
        let definition = folder.path().join("state/streams").join(&name).join("definition");
        assert!(!definition.exists(), "round {round}: {definition:?} says that it is the API's");
    }
    println!("{first} were made before they were the config's, {second} were taken");
    assert_eq!(folders(folder.path()).len() as u64, rounds);
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    for round in 0..rounds {
        let line = format!("web{round} one");
        assert!(matches!(&found[&line][..], [place] if place.starts_with("file/")), "{found:?}");
    }
}

/// Neither who puts records sees it, nor who looks.
#[test]
fn streams_that_become_the_configs_are_there_all_the_time() {
    let rounds = number("STANDPIPE_ROUNDS", 6);
    let folder = configured("");
    let host = Host::start(folder.path());
    let (mut client, mut texts) = (Client::of(&host), String::new());
    let (now, over, puts) = (AtomicU64::new(0), AtomicBool::new(false), AtomicUsize::new(0));
    let name = |round: u64, stream: usize| format!("web{round}-{stream}");
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, now, over, puts, name) = (host.api, &now, &over, &puts, &name);
        let putter = |stream: usize| {
            scope.spawn(move || {
                let (mut client, mut kept, mut refused) = (Client::new(api), Vec::new(), Vec::new());
                for number in 0.. {
                    let round = now.load(Ordering::Relaxed);
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    if round == 0 {
                        std::thread::yield_now();
                        continue;
                    }
                    let stream = name(round, stream);
                    let line = format!("{stream} {number}");
                    let answer = client.call("PutRecordBatch", &batch(&stream, &[format!("{line}\n")]));
                    puts.fetch_add(1, Ordering::Relaxed);
                    let well = answer.status == 200 && answer.body.contains("\"FailedPutCount\":0");
                    if well {
                        kept.push(line)
                    } else {
                        refused.push(format!("{line}: {answer:?}"))
                    }
                    if client.describe(&stream).is_none() {
                        refused.push(format!("{stream} is not described"));
                    }
                    if !client.list().contains(&stream) {
                        refused.push(format!("{stream} is not listed"));
                    }
                }
                (kept, refused)
            })
        };
        let putters: Vec<_> = (0..PUTTERS).map(putter).collect();
        for round in 1..=rounds {
            for stream in 0..PUTTERS {
                client.create(&name(round, stream), &slow_destination("api", ""));
                texts += &config_stream(&name(round, stream), "file", "");
            }
            now.store(round, Ordering::Relaxed);
            let some = |more: usize| {
                let before = puts.load(Ordering::Relaxed);
                wait_for("records come", || puts.load(Ordering::Relaxed) > before + more);
            };
            some(5 * PUTTERS);
            configure(folder.path(), &texts);
            let (code, said) = reload(folder.path());
            assert_eq!(code, Some(0), "{said}");
            some(2 * PUTTERS);
        }
        over.store(true, Ordering::Relaxed);
        for putter in putters {
            let (names, others) = putter.join().unwrap();
            kept.extend(names);
            refused.extend(others);
        }
    });
    let shown = &refused[..refused.len().min(3)];
    assert!(refused.is_empty(), "{} times, {} puts went well: {shown:#?}", refused.len(), kept.len());
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    assert!(found.values().all(|places| places.len() == 1));
    let found: BTreeSet<&String> = found.keys().collect();
    assert!(found == kept.iter().collect(), "{} were acknowledged, {} are there", kept.len(), found.len());
}
