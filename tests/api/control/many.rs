//! A thousand streams, made by the API: what they cost.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Client, destination, metric, open_files, stop_and_drain, text};
use crate::host::{Host, configured, objects, wait_for};
use crate::kills::number;

/// What the last streams may take to be made, beside the first, and what is never too long.
const FLAT: u32 = 2;
const NOISE: Duration = Duration::from_millis(25);
/// What one stream that nothing comes to may take, in KiB.
const EACH_KIB: u64 = 48;
/// What a host may take beside that, in KiB, threads and files.
const HOST_KIB: u64 = 100 << 10;
const THREADS: u64 = 64;
const FILES: usize = 100;
/// How long a host may take to be there again.
const START: Duration = Duration::from_secs(15);

#[test]
fn a_thousand_streams_are_made_listed_described_found_again_and_used() {
    let count = number("STANDPIPE_STREAMS", 1_000) as usize;
    let folder = configured("");
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    let empty = host.memory("VmRSS");
    let names: Vec<String> = (0..count).map(|number| format!("stream-{number:05}")).collect();
    let bucket = |name: &str| format!("b-{name}");
    let began = Instant::now();
    let times: Vec<Duration> = names
        .iter()
        .map(|name| {
            let began = Instant::now();
            client.done("CreateDeliveryStream", &super::create(name, &destination(&bucket(name), "of/")));
            began.elapsed()
        })
        .collect();
    let made = began.elapsed();
    let tenth = (count / 10).max(1);
    let mean = |times: &[Duration]| times.iter().sum::<Duration>() / times.len() as u32;
    let (first, last) = (mean(&times[..tenth]), mean(&times[count - tenth..]));
    println!("{count} streams in {made:.1?}; the first {tenth} took {first:.1?} each, the last {last:.1?}");
    assert!(last < (first * FLAT).max(NOISE), "{first:?}, and then {last:?}");
    wait_for("the last is active", || {
        client.describe(&names[count - 1]).unwrap()["DeliveryStreamStatus"] == "ACTIVE"
    });

    for limit in [10, 100, 10_000] {
        assert_eq!(pages(&mut client, limit), names, "pages of {limit}");
    }
    let begin = |client: &mut Client| {
        for name in &names {
            let told = client.describe(name).unwrap();
            let found = super::destination_of(&told);
            let about =
                (text(&told["DeliveryStreamName"]), text(&told["VersionId"]), text(&found["BucketARN"]));
            assert_eq!(about, (name.clone(), "1".to_owned(), format!("arn:aws:s3:::{}", bucket(name))));
        }
    };
    begin(&mut client);
    bounded(&host, count, empty, "when all are made");

    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    let began = Instant::now();
    let host = Host::start(folder.path());
    let start = began.elapsed();
    println!("{count} streams: the ports were there again after {start:.1?}");
    assert!(start < START);
    let mut client = Client::of(&host);
    assert_eq!(pages(&mut client, 10_000), names);
    begin(&mut client);
    bounded(&host, count, empty, "when it is there again");

    let some: Vec<&String> = names.iter().step_by((count / 50).max(1)).collect();
    for name in &some {
        client.put(name, &[format!("to {name}\n")]);
    }
    let buckets = folder.path().join("buckets");
    let there = |name: &str| objects(&buckets.join(bucket(name)));
    wait_for("each of them is delivered", || some.iter().all(|name| !there(name).is_empty()));
    for name in &names {
        let found = there(name);
        assert_eq!(found.len(), usize::from(some.contains(&name)), "objects of {name}");
        for (key, bytes) in found {
            assert_eq!(bytes, format!("to {name}\n").as_bytes());
            assert!(key.starts_with("of/") && key.contains(&format!("/{name}-1-")), "{key}");
        }
    }
    // What was used rests after a while.
    wait_for("files are closed", || open_files(&host) < FILES);
    bounded(&host, count, empty, "when some were used");
    // And as many go.
    let began = Instant::now();
    for name in names.iter().step_by(10) {
        client.delete(name);
    }
    println!("a tenth of them was deleted in {:.1?}", began.elapsed());
    wait_for("they are gone", || client.list().len() == count - count.div_ceil(10));
    stop_and_drain(host, folder.path());
    assert_eq!(super::folders(folder.path()).len(), count - count.div_ceil(10));
}

/// All names, page by page.
fn pages(client: &mut Client, limit: u64) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let mut input = json!({ "Limit": limit });
        if let Some(last) = found.last() {
            input["ExclusiveStartDeliveryStreamName"] = last.as_str().into();
        }
        let told = client.done("ListDeliveryStreams", &input);
        let page: Vec<String> = told["DeliveryStreamNames"].as_array().unwrap().iter().map(text).collect();
        let more = told["HasMoreDeliveryStreams"] == true;
        assert!(page.len() as u64 == limit || (!more && page.len() as u64 <= limit), "{}", page.len());
        found.extend(page);
        if !more {
            return found;
        }
    }
}

/// What it takes has a bound.
fn bounded(host: &Host, count: usize, empty: u64, when: &str) {
    wait_for("no request is under way", || metric(host, "standpipe_request_memory_used_bytes") == 0);
    let most = HOST_KIB + EACH_KIB * count as u64;
    let (memory, threads, files) = (host.memory("VmRSS"), host.memory("Threads"), open_files(host));
    println!("{when}: {memory} KiB, {empty} before any was made; {threads} threads, {files} files");
    assert!(
        memory < most && threads < THREADS && files < FILES,
        "more than {most} KiB, {THREADS} or {FILES}"
    );
}
