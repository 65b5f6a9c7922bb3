//! Clients that write down what they were told of each record, and whether it came to that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::host::{Host, SOON, objects};
use crate::python::script;

/// What a client was told of a record last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is kept: it must be there once.
    Kept,
    /// It was not taken, and not put again: it must not be there.
    Refused,
    /// The call raised: it may be there, once.
    Unknown,
}

/// What a call may end with when it has tried often enough.
const PASSES: [&str; 6] = [
    "ServiceUnavailableException",
    "EndpointConnectionError",
    "ConnectionClosedError",
    "ReadTimeoutError",
    "ConnectTimeoutError",
    "Beheaded",
];

/// What clients were told. Records are by stream and name.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) told: BTreeMap<(String, String), Told>,
    ids: BTreeSet<String>,
    pub(crate) calls: u64,
    /// Calls that took more than one try.
    pub(crate) retried: u64,
    /// Calls that raised, or that were answered with the beginning of a head, for which boto3 does not try again.
    pub(crate) raised: u64,
    pub(crate) beheaded: u64,
    /// How often a record was refused in a call that took others.
    pub(crate) refused: u64,
    pub(crate) kept: u64,
}

/// How often each record is in the buckets.
pub(crate) type Found = BTreeMap<(String, String), u32>;

/// `kill_put.py`, while it runs.
pub(crate) struct Clients {
    child: Child,
    folder: PathBuf,
}

impl Clients {
    /// Starts it, and waits for the first call that is over.
    pub(crate) fn start(python: &Path, host: &Host, folder: &Path, flags: &[&str]) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut command = script(python, "kill_put.py", host);
        let child = command.arg(folder).args(flags).stdin(Stdio::piped()).spawn().unwrap();
        let mut clients = Self { child, folder: folder.to_owned() };
        clients.wait_for(1);
        clients
    }

    /// How many calls are over.
    pub(crate) fn calls(&self) -> usize {
        ledgers(&self.folder).iter().map(|text| text.lines().count()).sum()
    }

    /// Waits until so many calls are over.
    pub(crate) fn wait_for(&mut self, calls: usize) {
        let until = Instant::now() + SOON;
        while self.calls() < calls {
            assert!(Instant::now() < until, "{calls} calls are not over in time");
            assert!(self.child.try_wait().unwrap().is_none(), "the clients are gone");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Has every client finish its call, and returns what they were told.
    pub(crate) fn stop(mut self) -> Ledger {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
        let mut ledger = Ledger::default();
        for text in ledgers(&self.folder) {
            text.lines().for_each(|line| ledger.note(line));
        }
        ledger
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ledgers(folder: &Path) -> Vec<String> {
    objects(folder).into_iter().map(|(_, text)| String::from_utf8(text).unwrap()).collect()
}

impl Ledger {
    /// Notes a call, as a client wrote it down.
    fn note(&mut self, line: &str) {
        let call: Value = serde_json::from_str(line).unwrap();
        self.calls += 1;
        self.retried += u64::from(call["tries"].as_u64().unwrap() > 1);
        if let Some(error) = call["error"].as_str() {
            self.raised += 1;
            // Anything else is not for the client to try again.
            assert!(PASSES.contains(&error), "{line}");
            self.beheaded += u64::from(error == "Beheaded");
        }
        let stream = call["stream"].as_str().unwrap();
        let names = |list: &str| call[list].as_array().cloned().unwrap_or_default();
        for name in names("unknown") {
            self.tell(stream, name.as_str().unwrap(), Told::Unknown);
        }
        for name in names("refused") {
            self.refused += 1;
            self.tell(stream, name.as_str().unwrap(), Told::Refused);
        }
        for (name, id) in call["kept"].as_object().into_iter().flatten() {
            self.kept += 1;
            self.tell(stream, name, Told::Kept);
            let id = id.as_str().unwrap();
            assert!(self.ids.insert(id.to_owned()), "two records have the id {id}");
        }
    }

    fn tell(&mut self, stream: &str, name: &str, told: Told) {
        let before = self.told.insert((stream.to_owned(), name.to_owned()), told);
        assert!(matches!(before, None | Some(Told::Refused)), "{name} was put again after {before:?}");
    }

    /// What is not as it was told, in words.
    pub(crate) fn wrongs(&self, found: &Found) -> Vec<String> {
        let mut wrongs = Vec::new();
        for (record, told) in &self.told {
            let times = found.get(record).copied().unwrap_or_default();
            let right = match told {
                Told::Kept => times == 1,
                Told::Refused => times == 0,
                Told::Unknown => times <= 1,
            };
            if !right {
                wrongs.push(format!("{record:?}: {told:?}, and {times} times in the bucket"));
            }
        }
        for record in found.keys().filter(|record| !self.told.contains_key(*record)) {
            wrongs.push(format!("{record:?}: in the bucket, and nobody put it"));
        }
        wrongs
    }
}

/// Every record in the objects of buckets that are called as their streams are.
pub(crate) fn found(buckets: &Path) -> Found {
    let mut found = Found::new();
    for bucket in fs::read_dir(buckets).unwrap().map(|item| item.unwrap()) {
        let stream = bucket.file_name().into_string().unwrap();
        for (key, bytes) in objects(&bucket.path()) {
            assert!(!key.starts_with("failed/"), "there is an error output: {stream}/{key}");
            let mut text = String::new();
            match key.ends_with(".gz") {
                true => flate2::read::MultiGzDecoder::new(&*bytes).read_to_string(&mut text).unwrap(),
                false => bytes.as_slice().read_to_string(&mut text).unwrap(),
            };
            assert!(text.ends_with('\n'), "{stream}/{key} ends in the middle of a record");
            for line in text.lines() {
                *found.entry((stream.clone(), name_of(line))).or_default() += 1;
            }
        }
    }
    found
}

/// The name of a record that is whole.
fn name_of(line: &str) -> String {
    let parts = line.split_once(' ').and_then(|(head, rest)| Some((head.split_once(':')?, rest)));
    let whole = parts.filter(|((_, length), rest)| {
        length.parse() == Ok(rest.len()) && rest.bytes().all(|byte| byte == b'x')
    });
    let head: String = line.chars().take(40).collect();
    let ((name, _), _) = whole.unwrap_or_else(|| panic!("this is no record: `{head}`, {} bytes", line.len()));
    name.to_owned()
}

/// A checker that cannot see is worth nothing.
#[test]
fn the_check_sees_what_is_missing_twice_refused_or_strange() {
    let mut ledger = Ledger::default();
    ledger.note(r#"{"stream":"s","tries":1,"kept":{"a":"1"},"refused":["b","c"]}"#);
    ledger.note(r#"{"stream":"s","tries":2,"kept":{"b":"2"},"refused":[]}"#);
    ledger.note(r#"{"stream":"s","tries":2,"error":"ReadTimeoutError","unknown":["d"]}"#);
    let wrongs = |found: &[(&str, u32)]| {
        let found = found.iter().map(|(name, times)| (("s".to_owned(), (*name).to_owned()), *times));
        ledger.wrongs(&found.collect()).len()
    };
    assert_eq!(wrongs(&[("a", 1), ("b", 1)]), 0);
    assert_eq!(wrongs(&[("a", 1), ("b", 1), ("d", 1)]), 0);
    assert_eq!(wrongs(&[("b", 1)]), 1);
    assert_eq!(wrongs(&[("a", 2), ("b", 1)]), 1);
    assert_eq!(wrongs(&[("a", 1), ("b", 1), ("c", 1)]), 1);
    assert_eq!(wrongs(&[("a", 1), ("b", 1), ("d", 2)]), 1);
    assert_eq!(wrongs(&[("a", 1), ("b", 1), ("e", 1)]), 1);
    assert_eq!((ledger.calls, ledger.retried, ledger.raised, ledger.refused, ledger.kept), (3, 2, 1, 2, 2));
}
