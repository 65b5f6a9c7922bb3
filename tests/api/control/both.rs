//! Several clients that change one stream at the same time, and others that put records into it meanwhile.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};

use super::{Client, Ends, destination_of, kind, stop_and_drain, text, update, with};
use crate::host::{Host, configured, objects, wait_for};
use crate::kills::{draw, number};

const UPDATERS: u64 = 4;
const PUTTERS: usize = 3;
const PADDING: u64 = 24 << 10;

/// What an updater asks for in a round: no value of it is that of another, or of another round.
fn wanted(round: u64, updater: u64) -> Value {
    json!({
        "RoleARN": format!("{}-{round}-{updater}", super::ROLE),
        "BucketARN": "arn:aws:s3:::logs",
        "Prefix": format!("{round}-{updater}/"),
        "ErrorOutputPrefix": format!("failed/{round}-{updater}/"),
        "BufferingHints": { "SizeInMBs": 1, "IntervalInSeconds": 1 + round * UPDATERS % 890 + updater },
        "CompressionFormat": if updater.is_multiple_of(2) { "UNCOMPRESSED" } else { "GZIP" },
        "FileExtension": format!(".r{round}-{updater}"),
    })
}

/// What clients were told.
#[derive(Default)]
struct Told {
    /// Of each round, who was told what: a name of an error, or nothing.
    rounds: Vec<Vec<String>>,
    /// What was told of a second try with the same version, which is an old one by then.
    late: Vec<String>,
}

#[test]
fn of_those_who_change_one_version_one_wins_and_records_leave_once_under_what_holds() {
    let (rounds, seed) = (number("STANDPIPE_ROUNDS", 30), number("STANDPIPE_SEED", 1));
    println!(
        "replay: STANDPIPE_ROUNDS={rounds} STANDPIPE_SEED={seed} cargo test -p standpipe --test api control::both"
    );
    let folder = configured("");
    let host = Host::start(folder.path());
    Client::of(&host).create("web", &wanted(0, 0));
    let (over, puts, barrier) =
        (AtomicBool::new(false), AtomicUsize::new(0), Barrier::new(UPDATERS as usize));
    let mut told = Told::default();
    let (mut kept, mut refusals, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over, puts, barrier) = (host.api, &over, &puts, &barrier);
        let putters: Vec<_> =
            (0..PUTTERS).map(|putter| scope.spawn(move || put(api, putter, seed, puts, over))).collect();
        let describer = scope.spawn(move || describe(api, over));
        let updaters: Vec<_> = (0..UPDATERS)
            .map(|updater| {
                scope.spawn(move || {
                    let (mut client, mut all, mut late) = (Client::new(api), Vec::new(), Vec::new());
                    for round in 1..=rounds {
                        let before = puts.load(Ordering::Relaxed);
                        if updater == 0 {
                            wait_for("records come", || puts.load(Ordering::Relaxed) > before + 3);
                        }
                        barrier.wait();
                        let input = update("web", round, &wanted(round, updater));
                        // Nobody may be missing at the barrier: what is wrong is said afterwards.
                        let mut told = || {
                            let answer = client.try_call("UpdateDestination", &input);
                            answer.map_or("gone".into(), |answer| match answer.status {
                                200 => String::new(),
                                _ => kind(&answer).to_owned(),
                            })
                        };
                        all.push(told());
                        late.push(told());
                    }
                    (all, late)
                })
            })
            .collect();
        for updater in updaters {
            let (all, late) = updater.join().unwrap();
            told.rounds.push(all);
            told.late.extend(late);
        }
        over.store(true, Ordering::Relaxed);
        for putter in putters {
            let (names, refused) = putter.join().unwrap();
            kept.extend(names);
            refusals.extend(refused);
        }
        seen.extend(describer.join().unwrap());
    });
    assert!(refusals.is_empty(), "{} puts were refused, the first: {}", refusals.len(), refusals[0]);
    let winners = winners(rounds, &told);
    let versions = check_descriptions(&winners, &seen);
    let last = Client::of(&host).describe("web").unwrap();
    assert_eq!(last["VersionId"], (rounds + 1).to_string());
    stop_and_drain(host, folder.path());
    let found = found(&folder.path().join("buckets/logs"), &winners);
    println!("{} records in {} objects; {versions} versions were described", kept.len(), found.1);
    kept.sort();
    assert!(found.0 == kept, "{} were acknowledged, {} are there", kept.len(), found.0.len());
    assert!(versions > 2 && found.1 > 2, "too little happened");
}

/// Who won each round, whose number is the version that the winner found. The first is who made the stream.
fn winners(rounds: u64, told: &Told) -> Vec<u64> {
    let mut winners = vec![0];
    for round in 0..rounds as usize {
        let all: Vec<&str> = told.rounds.iter().map(|all| all[round].as_str()).collect();
        let won: Vec<usize> = (0..all.len()).filter(|updater| all[*updater].is_empty()).collect();
        let lost = all.iter().filter(|told| **told == "ConcurrentModificationException").count();
        assert_eq!((won.len(), lost), (1, all.len() - 1), "round {}: {all:?}", round + 1);
        winners.push(won[0] as u64);
    }
    let other = told.late.iter().find(|told| *told != "ConcurrentModificationException");
    assert_eq!(other, None, "an old version was taken, or another error told");
    winners
}

/// Each is the whole of what one winner sent, and none is older than one that was seen before. Returns how many versions
/// were seen.
fn check_descriptions(winners: &[u64], seen: &[Value]) -> usize {
    let mut last = 0;
    for description in seen {
        let version: u64 = text(&description["VersionId"]).parse().unwrap();
        assert!(version > last, "version {version} came after {last}");
        last = version;
        let wanted = wanted(version - 1, winners[version as usize - 1]);
        let found = destination_of(description);
        assert_eq!(&with(found.clone(), wanted), found, "version {version}");
        let plain = &description["Destinations"][0]["S3DestinationDescription"];
        for (member, value) in plain.as_object().unwrap() {
            assert_eq!(value, &found[member], "{member} of version {version}");
        }
    }
    seen.len()
}

/// Asks again and again, and keeps what is another version than before.
fn describe(api: SocketAddr, over: &AtomicBool) -> Vec<Value> {
    let (mut client, mut seen) = (Client::new(api), Vec::<Value>::new());
    while !over.load(Ordering::Relaxed) {
        let now = client.describe("web").unwrap();
        assert_eq!(now["DeliveryStreamStatus"], "ACTIVE");
        // A half description of a version that was seen before is none that is kept.
        if seen.last().is_none_or(|last| {
            last["Destinations"] != now["Destinations"] || last["VersionId"] != now["VersionId"]
        }) {
            seen.push(now);
        }
    }
    seen
}

/// Puts records until it is over. Returns those that were acknowledged, and what was told of those that were not.
fn put(
    api: SocketAddr,
    putter: usize,
    seed: u64,
    puts: &AtomicUsize,
    over: &AtomicBool,
) -> (Vec<String>, Vec<String>) {
    let (mut client, mut state) = (Client::new(api), seed * 100 + putter as u64);
    let (mut kept, mut refused, mut next) = (Vec::new(), Vec::new(), 0);
    while !over.load(Ordering::Relaxed) {
        let names: Vec<String> =
            (0..1 + draw(&mut state) % 4).map(|record| format!("{putter}-{}", next + record)).collect();
        next += names.len() as u64;
        let padding = "x".repeat((draw(&mut state) % PADDING) as usize);
        let records: Vec<String> = names.iter().map(|name| format!("{name} {padding}\n")).collect();
        let answer = client.call("PutRecordBatch", &super::batch("web", &records));
        puts.fetch_add(1, Ordering::Relaxed);
        if answer.status == 200 && answer.body.contains("\"FailedPutCount\":0") {
            kept.extend(names);
        } else {
            refused.push(format!("{answer:?}"));
        }
    }
    (kept, refused)
}

/// The records in the objects, sorted, and how many objects there are. Each object has the name of the version under whose
/// prefix it lies, and that version's winner, extension and compression.
fn found(bucket: &std::path::Path, winners: &[u64]) -> (Vec<String>, usize) {
    let (all, mut names, mut versions) = (objects(bucket), Vec::new(), BTreeMap::<u64, usize>::new());
    for (key, bytes) in &all {
        let (round, winner) = key.split_once('/').unwrap().0.split_once('-').unwrap();
        let (round, winner): (u64, u64) = (round.parse().unwrap(), winner.parse().unwrap());
        assert_eq!(winners[round as usize], winner, "{key}");
        let file = key.rsplit('/').next().unwrap();
        assert!(file.starts_with(&format!("web-{}-", round + 1)), "{key}");
        assert!(file.ends_with(&format!(".r{round}-{winner}")), "{key}");
        let mut text = String::new();
        match winner.is_multiple_of(2) {
            true => text.push_str(std::str::from_utf8(bytes).unwrap()),
            false => drop(MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap()),
        }
        names.extend(text.lines().map(|line| line.split_once(' ').unwrap().0.to_owned()));
        *versions.entry(round).or_default() += 1;
    }
    names.sort();
    println!("objects left under {} versions", versions.len());
    (names, all.len())
}
