//! What is known of streams by whoever asks for them, and what a host says of them after a fall.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tempfile::TempDir;

use crate::control::{
    Client, create, destination_of, folders, lines, named, slow_destination, status, stop_and_drain, text,
    update, with,
};
use crate::host::{Host, configured, program, wait_for};

/// What is known of a stream: which of those of its name it is, its version, its prefix, and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    life: u64,
    version: u64,
    prefix: String,
    tags: BTreeMap<String, String>,
}

/// What is asked of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Update,
    Tag,
    Untag,
    Delete,
}

/// Streams, as whoever asks for them knows them, and the records that they took.
pub(super) struct Model {
    pub(super) folder: TempDir,
    /// What is there; more than one if that is not known.
    streams: BTreeMap<String, Vec<Option<Known>>>,
    /// Acknowledged, and not known to be; by stream and life. The line of a record begins with these.
    kept: Vec<(String, u64, String)>,
    unknown: Vec<String>,
    next: u64,
    /// Streams of which a fall may have left something, although they were never there.
    fallen: BTreeSet<String>,
    /// How often a call had no answer, and had been done or not.
    pub(super) done: u64,
    pub(super) undone: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        let (folder, next) = (configured(""), 1);
        Self {
            folder,
            streams: BTreeMap::new(),
            kept: Vec::new(),
            unknown: Vec::new(),
            next,
            done: 0,
            undone: 0,
            fallen: BTreeSet::new(),
        }
    }

    pub(super) fn start(&self, failpoint: Option<&str>) -> Host {
        let mut command = program(self.folder.path());
        if let Some(failpoint) = failpoint {
            command.env("STANDPIPE_FAILPOINT", failpoint);
        }
        Host::start_as(command.arg("run"))
    }

    pub(super) fn now(&self, name: &str) -> Option<Known> {
        match self.streams.get(name).map_or(&[][..], Vec::as_slice) {
            [] => None,
            [one] => one.clone(),
            more => panic!("{name} is one of {more:?}"),
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Asks for it, and notes what that comes to. False if there was no answer.
    pub(super) fn act(&mut self, client: &mut Client, name: &str, act: Act) -> bool {
        let (before, number) = (self.now(name), self.number());
        let prefix = format!("{number}/");
        let (operation, input, after) = match (act, before.clone()) {
            (Act::Create, None) => {
                let destination = slow_destination(&format!("{name}-{number}"), &prefix);
                let tags = json!([{ "Key": "made", "Value": number.to_string() }]);
                let input = with(create(name, &destination), json!({ "Tags": tags }));
                let tags = [("made".to_owned(), number.to_string())].into();
                ("CreateDeliveryStream", input, Some(Known { life: number, version: 1, prefix, tags }))
            }
            (Act::Update, Some(before)) => {
                let input = update(name, before.version, &json!({ "Prefix": prefix }));
                let version = before.version + 1;
                ("UpdateDestination", input, Some(Known { version, prefix, ..before }))
            }
            (Act::Tag, Some(mut after)) => {
                let tags =
                    json!([{ "Key": "made", "Value": prefix }, { "Key": format!("t{number}"), "Value": "" }]);
                after.tags.extend([("made".to_owned(), prefix), (format!("t{number}"), String::new())]);
                ("TagDeliveryStream", with(named(name), json!({ "Tags": tags })), Some(after))
            }
            (Act::Untag, Some(mut after)) => {
                let keys: Vec<String> =
                    after.tags.keys().take(2).cloned().chain(["none".to_owned()]).collect();
                after.tags.retain(|key, _| !keys.contains(key));
                ("UntagDeliveryStream", with(named(name), json!({ "TagKeys": keys })), Some(after))
            }
            (Act::Delete, Some(_)) => ("DeleteDeliveryStream", named(name), None),
            (act, before) => panic!("{act:?} of {before:?}"),
        };
        let answer = client.try_call(operation, &input);
        let known = match &answer {
            Some(answer) => {
                assert_eq!(answer.status, 200, "{operation} {input}: {answer:?}");
                vec![after]
            }
            None => vec![before, after],
        };
        if answer.is_none() && act == Act::Create {
            self.fallen.insert(name.to_owned());
        }
        self.streams.insert(name.to_owned(), known);
        answer.is_some()
    }

    /// Puts three records into a stream that is there. False if there was no answer.
    pub(super) fn put(&mut self, client: &mut Client, name: &str) -> bool {
        let known = self.now(name).unwrap();
        let lines: Vec<String> = (0..3).map(|_| format!("{name}-{}/{}", known.life, self.number())).collect();
        let records: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
        let Some(answer) = client.try_call("PutRecordBatch", &crate::control::batch(name, &records)) else {
            self.unknown.extend(lines);
            return false;
        };
        assert!(answer.status == 200 && answer.body.contains("\"FailedPutCount\":0"), "{answer:?}");
        self.kept.extend(lines.into_iter().map(|line| (name.to_owned(), known.life, line)));
        true
    }

    /// Looks at what a host says of all streams, which must be what is known of them, and knows that from then on.
    pub(super) fn look(&mut self, host: &Host, when: &str) {
        let mut client = Client::of(host);
        for (name, known) in &mut self.streams {
            // One that was about to be gone may still be.
            wait_for("it is gone, or stays", || status(client.describe(name).as_ref()) != "DELETING");
            let found = client.describe(name).map(|described| {
                let told = client.done("ListTagsForDeliveryStream", &named(name));
                let tags = told["Tags"].as_array().unwrap().iter();
                let destination = destination_of(&described);
                let bucket = text(&destination["BucketARN"]);
                assert_eq!(described["DeliveryStreamStatus"], "ACTIVE", "{when}");
                Known {
                    life: bucket.rsplit('-').next().unwrap().parse().unwrap(),
                    version: text(&described["VersionId"]).parse().unwrap(),
                    prefix: text(&destination["Prefix"]),
                    tags: tags.map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect(),
                }
            });
            assert!(known.contains(&found), "{when}: {name} is {found:?}, and not one of {known:?}");
            if let [before, _] = &known[..] {
                *if *before == found { &mut self.undone } else { &mut self.done } += 1;
            }
            *known = vec![found];
        }
        let there = self.streams.iter().filter(|(_, known)| known[0].is_some()).map(|(name, _)| name.clone());
        let there: Vec<String> = there.collect();
        assert_eq!(client.list(), there, "{when}");
        let left = |name: &String| !self.fallen.contains(name) && !there.contains(name);
        wait_for("nothing is left of streams that went", || !folders(self.folder.path()).iter().any(left));
    }

    /// Ends a host, has all delivered, and looks whether that is what was acknowledged.
    pub(super) fn end(&self, host: Host) {
        stop_and_drain(host, self.folder.path());
        let found = lines(&self.folder.path().join("buckets"));
        let place = |line: &str| found.get(line).cloned().unwrap_or_default();
        for (name, life, line) in &self.kept {
            let lives = self.streams[name][0].as_ref().is_some_and(|known| known.life == *life);
            let places = place(line);
            let times = if lives { 1..=1 } else { 0..=1 };
            assert!(times.contains(&places.len()), "{line} was acknowledged, and is in {places:?}");
        }
        for line in &self.unknown {
            assert!(place(line).len() <= 1, "{line} is in {:?}", place(line));
        }
        for (line, places) in &found {
            let known = self.unknown.contains(line) || self.kept.iter().any(|(_, _, kept)| kept == line);
            assert!(known, "nobody put {line}");
            let (bucket, _) = line.split_once('/').unwrap();
            assert!(
                places.iter().all(|place| place.starts_with(&format!("{bucket}/"))),
                "{line} is in {places:?}"
            );
        }
        println!(
            "{} records acknowledged, {} unknown; of {} calls without an answer {} were done",
            self.kept.len(),
            self.unknown.len(),
            self.done + self.undone,
            self.done
        );
    }
}
