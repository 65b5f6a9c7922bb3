//! Streams that change while records come in.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{WEB, keys, put_on, reloaded};
use crate::host::{Host, configure, configured, drain, objects, program, wait_for};
use crate::http::{connect, send};
use crate::wire::delivered;

/// Each waits for the answer to a record before it sends the next.
const PRODUCERS: usize = 12;

/// Says that it is over when it is dropped: also if the test has failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_stream_that_changes_ten_times_refuses_loses_and_doubles_no_record() {
    let config = |number: usize| {
        let prefix = WEB.replace("one/", &format!("{number}/"));
        prefix.replace("lanes = 1\n", "").replace("900s", "1s")
    };
    let folder = configured(&config(0));
    let host = Host::start(folder.path());
    wait_for("it is ready", || send(host.admin.unwrap(), "GET", "/health/ready", &[], b"").status == 200);
    let (over, count) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut sent = Vec::new();
    std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over, count) = (host.api, &over, &count);
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                scope.spawn(move || {
                    let (mut socket, mut sent) = (connect(api), Vec::new());
                    while !over.load(Ordering::Relaxed) {
                        let line = format!("{producer}-{}\n", sent.len());
                        let status = put_on(&mut socket, api, &line);
                        assert_eq!(status, Some(200), "record {} of producer {producer}", sent.len());
                        sent.push(line);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    sent
                })
            })
            .collect();
        for number in 1..=10 {
            let before = count.load(Ordering::Relaxed);
            wait_for("more records come", || count.load(Ordering::Relaxed) > before + 150);
            configure(folder.path(), &config(number));
            let said = reloaded(folder.path());
            assert!(said.contains("1 stream changed: web"), "{said}");
        }
        over.store(true, Ordering::Relaxed);
        sent.extend(producers.into_iter().flat_map(|producer| producer.join().unwrap()));
    });
    assert_eq!(host.stop().0, Some(0));
    drain(folder.path());
    let text = String::from_utf8(delivered(folder.path())).unwrap();
    let (mut found, mut wanted): (Vec<&str>, Vec<&str>) =
        (text.lines().collect(), sent.iter().map(|line| line.trim_end()).collect());
    found.sort_unstable();
    wanted.sort_unstable();
    println!("{} records came during ten reloads", wanted.len());
    assert!(found == wanted, "{} were answered, {} are there", wanted.len(), found.len());
    let prefixes: BTreeSet<String> = keys(folder.path(), "logs")
        .iter()
        .filter_map(|key| Some(key.split_once('/')?.0.to_owned()))
        .collect();
    assert!(prefixes.contains("10"), "{prefixes:?}");
}

#[test]
fn reloads_at_the_same_time_take_their_turns() {
    let folder = configured(WEB);
    let mut host = Host::start(folder.path());
    configure(folder.path(), &(WEB.replace("one/", "two/") + "[streams.new]\ndestination.discard = {}\n"));
    let asking: Vec<_> = (0..8)
        .map(|_| program(folder.path()).arg("reload").stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    let told: Vec<_> = asking.into_iter().map(|reload| reload.wait_with_output().unwrap()).collect();
    assert!(told.iter().all(|output| output.status.success()), "{told:?}");
    let changes =
        |output: &&std::process::Output| String::from_utf8_lossy(&output.stderr).contains("1 stream added");
    assert_eq!(told.iter().filter(changes).count(), 1, "{told:?}");
    assert!(host.is_running());
    assert_eq!(put_on(&mut connect(host.api), host.api, "x"), Some(200));
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn a_stream_that_failed_is_begun_anew_by_a_reload_once_its_reason_is_gone() {
    let lines =
        "[streams.lines]\nsource.file = { path = \"lines\" }\ndestination.s3 = { bucket = \"lines\" }\n";
    let folder = configured(&(WEB.to_owned() + lines));
    let path = folder.path().join("lines");
    fs::create_dir(&path).unwrap();
    let host = Host::start(folder.path());
    let ready = || send(host.admin.unwrap(), "GET", "/health/ready", &[], b"").body;
    wait_for("it failed", || ready().contains("\"failed\""));
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "a line\n").unwrap();
    assert_eq!(reloaded(folder.path()), "standpipe.toml: read again; 1 stream changed: lines; 0 keys");
    let lines = || objects(&folder.path().join("buckets/lines"));
    wait_for("it is delivered", || lines().iter().any(|(_, bytes)| bytes == b"a line\n"));
    wait_for("all is well", || ready().starts_with("{\"ready\":true,"));
    host.stop();
}
