//! A stream that is deleted while boto3 puts records into it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use standpipe_record::{Clock, SystemClock};

use super::{
    Client, Ends, destination, folders, lines, metric, metrics, named, open_files, slow_destination, status,
    wait_folders,
};
use crate::host::{Host, SOON, configured, objects, wait_for};
use crate::http::send;
use crate::python::{python, script};

const CLIENTS: usize = 6;
/// How long a delete may take: it is not to wait for a destination.
const PROMPT: Duration = Duration::from_secs(10);

/// A call of a client.
struct Put {
    names: Vec<String>,
    sent: f64,
    over: f64,
    error: Option<String>,
}

/// Since 1970, as the script has it, and not later than now.
fn seconds() -> f64 {
    SystemClock.now_ms() as f64 / 1_000.0
}

fn ledger(folder: &Path) -> Vec<Put> {
    let text = objects(folder).into_iter().map(|(_, text)| String::from_utf8(text).unwrap());
    let calls: Vec<Value> = text
        .flat_map(|text| text.lines().map_while(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>())
        .collect();
    let put = |call: Value| Put {
        names: call["names"].as_array().unwrap().iter().map(super::text).collect(),
        sent: call["sent"].as_f64().unwrap(),
        over: call["over"].as_f64().unwrap(),
        error: call["error"].as_str().map(str::to_owned),
    };
    calls.into_iter().map(put).collect()
}

/// Clients that run, and are not left behind.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a host has when there is no stream.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    quota: u64,
    buffers: u64,
    requests: u64,
    folders: Vec<String>,
}

fn taken(host: &Host, folder: &Path) -> Taken {
    Taken {
        quota: metric(host, "standpipe_quota_used_bytes"),
        buffers: metric(host, "standpipe_buffer_memory_used_bytes"),
        requests: metric(host, "standpipe_request_memory_used_bytes"),
        folders: folders(folder),
    }
}

#[test]
fn puts_into_a_stream_that_is_deleted_are_acknowledged_or_refused_and_nothing_is_left_of_it() {
    let Some(python) = python() else { return };
    let folder = configured("");
    let host = Host::start(folder.path());
    // As it is once the first stream was there: the folder of all streams, and threads, stay.
    Client::of(&host).create("first", &destination("first", ""));
    Client::of(&host).delete("first");
    wait_folders(folder.path(), &[]);
    let (before, files) = (taken(&host, folder.path()), open_files(&host));
    let buckets = folder.path().join("buckets");
    fs::create_dir_all(&buckets).unwrap();
    let mut sums = BTreeMap::<&str, usize>::new();
    for (name, destination) in [
        ("soon", destination("soon", "")),
        ("held", slow_destination("held", "")),
        ("stuck", destination("stuck", "")),
    ] {
        if name == "stuck" {
            // Nothing can be delivered into that.
            fs::write(buckets.join(name), "no folder").unwrap();
        }
        let calls = suffer(&python, &host, folder.path(), name, &destination);
        let until = Instant::now() + SOON;
        while taken(&host, folder.path()) != before {
            let now = taken(&host, folder.path());
            assert!(Instant::now() < until, "{name} is gone, and {now:?} is taken, and not {before:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        let told = metrics(&host);
        assert!(!told.contains(&format!("stream=\"{name}\"")), "{told}");
        check(name, &calls, &buckets);
        *sums.entry("acknowledged").or_default() += calls.iter().filter(|call| call.error.is_none()).count();
        *sums.entry("refused").or_default() += calls.iter().filter(|call| call.error.is_some()).count();
    }
    assert_eq!(Client::of(&host).list(), [""; 0]);
    wait_for("files are closed", || open_files(&host) <= files + 4);
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    println!("{sums:?}");
}

/// Makes a stream, has clients put into it, and deletes it. Returns what the clients were told.
fn suffer(python: &Path, host: &Host, folder: &Path, name: &str, destination: &Value) -> Vec<Put> {
    let mut client = Client::of(host);
    client.create(name, destination);
    let ledgers = folder.join("ledgers").join(name);
    fs::create_dir_all(&ledgers).unwrap();
    let mut command = script(python, "control_put.py", host);
    let mut clients = Running(command.arg(name).arg(&ledgers).arg(CLIENTS.to_string()).spawn().unwrap());
    wait_for("records come", || ledger(&ledgers).len() > 20 * CLIENTS);
    let bucket = folder.join("buckets").join(name);
    wait_for("some are delivered, where they can be", || name != "soon" || !objects(&bucket).is_empty());
    let over = AtomicBool::new(false);
    let (asked, answered, seen) = std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over) = (host.api, &over);
        let watch = scope.spawn(move || watch(api, name, over));
        let (asked, began) = (seconds(), Instant::now());
        client.delete(name);
        // And this not earlier.
        let answered = seconds() + 0.001;
        assert!(began.elapsed() < PROMPT, "the delete took {:?}", began.elapsed());
        let now = status(client.describe(name).as_ref());
        assert!(matches!(now.as_str(), "" | "DELETING"), "{now}");
        let plain = [("content-type", "application/octet-stream")];
        let answer = send(host.api, "POST", &format!("/streams/{name}/records"), &plain, b"x");
        assert_eq!(answer.status, 404, "{answer:?}");
        wait_for("it is gone", || client.describe(name).is_none());
        client.refused("DeleteDeliveryStream", &named(name), "ResourceNotFoundException");
        over.store(true, Ordering::Relaxed);
        (asked, answered, watch.join().unwrap())
    });
    // It is there, then it goes, then it is gone.
    let wanted = ["ACTIVE", "DELETING", ""];
    let order: Vec<usize> =
        seen.iter().map(|(status, _)| wanted.iter().position(|wanted| wanted == status).unwrap()).collect();
    assert!(order.is_sorted(), "{seen:?}");
    let late = seen.iter().find(|(status, began)| status == "ACTIVE" && *began > answered);
    assert_eq!(late, None, "asked at {asked}, answered at {answered}");
    let code = clients.0.wait().unwrap();
    assert!(code.success(), "{code}");
    let calls = ledger(&ledgers);
    for call in &calls {
        let known = matches!(call.error.as_deref(), None | Some("ResourceNotFoundException"));
        assert!(known, "{:?} of {:?}", call.error, call.names);
        let acknowledged = call.error.is_none();
        assert!(
            !acknowledged || call.sent <= answered,
            "{:?} was acknowledged after its stream was deleted",
            call.names
        );
        assert!(
            acknowledged || call.over >= asked,
            "{:?} was refused before its stream was deleted",
            call.names
        );
    }
    calls
}

/// Asks for the status again and again, and keeps each that differs from the one before, with when it was asked for.
fn watch(api: SocketAddr, name: &str, over: &AtomicBool) -> Vec<(String, f64)> {
    let (mut client, mut seen) = (Client::new(api), Vec::<(String, f64)>::new());
    while !over.load(Ordering::Relaxed) {
        let began = seconds();
        let now = status(client.describe(name).as_ref());
        match seen.last_mut() {
            Some(last) if last.0 == now => last.1 = began,
            _ => seen.push((now, began)),
        }
    }
    seen
}

/// Nothing is there twice, and nothing that was refused. What was acknowledged may be given up with the stream.
fn check(name: &str, calls: &[Put], buckets: &Path) {
    let of = |refused: bool| -> BTreeSet<&str> {
        let calls = calls.iter().filter(|call| call.error.is_some() == refused);
        calls.flat_map(|call| &call.names).map(String::as_str).collect()
    };
    let (kept, refused) = (of(false), of(true));
    assert!(
        kept.len() > 20 && refused.len() >= 5 * CLIENTS,
        "{} kept, {} refused",
        kept.len(),
        refused.len()
    );
    let mut found = BTreeMap::<String, usize>::new();
    for (line, places) in lines(buckets) {
        if line.starts_with(&format!("{name}-")) {
            *found.entry(line.split(' ').next().unwrap().to_owned()).or_default() += places.len();
        }
    }
    for (record, times) in &found {
        assert_eq!(*times, 1, "{record}");
        assert!(kept.contains(record.as_str()) && !refused.contains(record.as_str()), "{record} is there");
    }
    println!("{name}: {} acknowledged, {} of them delivered", kept.len(), found.len());
}
