//! A config file that changes while the API makes, changes and ends streams.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::{
    Client, Ends, create, destination, kind, lines, named, slow_destination, status, stop_and_drain, through,
    update, wait_folders, with,
};
use crate::host::{Host, configure, configured, drain, program, wait_for};

mod race;

const LAMBDA: &str = "[lambda]\nsame = \"blueprint:identity\"\nother = \"blueprint:identity\"\n";
const MAKERS: u64 = 4;

fn reload(folder: &Path) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = program(folder).arg("reload").output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn config_stream(name: &str, bucket: &str, prefix: &str) -> String {
    format!(
        "[streams.{name}]\ndestination.s3 = {{ bucket = \"{bucket}\", prefix = \"{prefix}\", buffering = {{ interval = \
         \"1s\" }} }}\n"
    )
}

/// Makes, uses, changes and ends streams until it is over; every call must go well. Returns what is left, and the records
/// that were acknowledged of it.
fn live(api: SocketAddr, maker: u64, over: &AtomicBool, lives: &AtomicUsize) -> (String, Vec<String>) {
    let mut client = Client::new(api);
    for life in 0.. {
        let name = format!("s{maker}-{life}");
        let mut records = Vec::new();
        let mut put = |client: &mut Client| {
            let record = format!("{name} {}", records.len());
            client.put(&name, &[format!("{record}\n")]);
            records.push(record);
        };
        let made = slow_destination("made", &format!("{name}/"));
        client.create(&name, &if maker.is_multiple_of(2) { through(made, "same") } else { made });
        put(&mut client);
        for version in 1..4 {
            let change = json!({ "Prefix": format!("{name}/{version}/") });
            client.done("UpdateDestination", &update(&name, version, &change));
            put(&mut client);
            let tags = json!({ "Tags": [{ "Key": format!("v{version}"), "Value": "x" }] });
            client.done("TagDeliveryStream", &with(named(&name), tags));
        }
        let told = client.describe(&name).unwrap();
        assert_eq!((status(Some(&told)).as_str(), &told["VersionId"]), ("ACTIVE", &json!("4")));
        lives.fetch_add(1, Ordering::Relaxed);
        if over.load(Ordering::Relaxed) {
            return (name, records);
        }
        client.delete(&name);
        wait_for("it is gone", || client.describe(&name).is_none());
    }
    unreachable!("it ends when it is over")
}

#[test]
fn reloads_while_the_api_makes_changes_and_ends_streams_take_nothing_from_either() {
    let config = |number: usize| {
        let more = if number.is_multiple_of(2) { "" } else { "[streams.idle]\ndestination.discard = {}\n" };
        format!("{LAMBDA}{}{more}", config_stream("file", "file", &format!("{number}/")))
    };
    let folder = configured(&config(0));
    let host = Host::start(folder.path());
    let (over, lives) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut left = Vec::new();
    std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over, lives) = (host.api, &over, &lives);
        let makers: Vec<_> =
            (0..MAKERS).map(|maker| scope.spawn(move || live(api, maker, over, lives))).collect();
        for number in 1..=10 {
            let before = lives.load(Ordering::Relaxed);
            wait_for("streams come and go", || {
                lives.load(Ordering::Relaxed) > before || makers.iter().any(|maker| maker.is_finished())
            });
            configure(folder.path(), &config(number));
            if number % 3 == 0 {
                host.signal(rustix::process::Signal::HUP);
            } else {
                let (code, said) = reload(folder.path());
                assert_eq!(code, Some(0), "{said}");
                assert!(said.contains("changed: file;"), "{said}");
            }
        }
        over.store(true, Ordering::Relaxed);
        left.extend(makers.into_iter().map(|maker| maker.join().unwrap()));
    });
    configure(folder.path(), &config(10));
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(0), "{said}");
    println!("{} streams lived during ten reloads", lives.into_inner());
    let mut names: Vec<String> = left.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    wait_folders(folder.path(), &names);
    names.insert(0, "file".to_owned());
    assert_eq!(Client::of(&host).list(), names);
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    for record in left.iter().flat_map(|(_, records)| records) {
        let places = found.get(record).map_or(&[][..], Vec::as_slice);
        assert_eq!(places.len(), 1, "{record} is in {places:?}");
    }
}

#[test]
fn a_stream_that_the_config_names_by_now_is_the_configs_with_all_that_it_holds() {
    let folder = configured("");
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    client.create("web", &slow_destination("api", "api/"));
    client.done("UpdateDestination", &update("web", 1, &json!({ "Prefix": "again/" })));
    client.put("web", &["before\n".to_owned()]);
    configure(folder.path(), &config_stream("web", "file", "file/"));
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 stream changed: web"), "{said}");
    client.put("web", &["after\n".to_owned()]);
    let told = client.describe("web").unwrap();
    assert_eq!((&told["VersionId"], client.list()), (&json!("1"), vec!["web".to_owned()]));
    for (operation, input) in [
        ("UpdateDestination", update("web", 1, &json!({ "Prefix": "api/" }))),
        ("DeleteDeliveryStream", named("web")),
        ("TagDeliveryStream", with(named("web"), json!({ "Tags": [{ "Key": "a" }] }))),
    ] {
        let told = client.refused(operation, &input, "InvalidArgumentException");
        assert!(told.contains("is in the config file of its host"), "{told}");
    }
    client.refused("CreateDeliveryStream", &create("web", &destination("api", "")), "ResourceInUseException");
    let definition = folder.path().join("state/streams/web/definition");
    assert!(!definition.exists(), "it says that the stream is the API's");
    let metric = "standpipe_put_records_total{stream=\"web\",operation=\"PutRecordBatch\"} 2";
    assert!(super::metrics(&host).contains(metric), "what is counted goes on");
    host.kill();
    // Also after a fall.
    let host = Host::start(folder.path());
    assert!(
        kind(&Client::of(&host).call("DeleteDeliveryStream", &named("web"))) == "InvalidArgumentException"
    );
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    for line in ["before", "after"] {
        assert!(matches!(&found[line][..], [place] if place.starts_with("file/file/")), "{found:?}");
    }
}

#[test]
fn a_config_without_what_a_stream_needs_is_refused_by_its_name_and_the_stream_can_be_given_up() {
    let folder = configured(&format!("{LAMBDA}{}", config_stream("file", "file", "")));
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    client.create("web", &through(slow_destination("api", ""), "other"));
    client.create("plain", &slow_destination("api", ""));
    for name in ["web", "plain"] {
        client.put(name, &[format!("{name} one\n")]);
    }
    let less = LAMBDA.replace("other", "another");
    configure(folder.path(), &format!("{less}{}", config_stream("file", "file", "changed/")));
    let (code, said) = reload(folder.path());
    assert_eq!(code, Some(2), "{said}");
    let sentence = "error: stream `web`, which the API made, cannot run by this config: no plugin stands in for the function";
    assert!(said.contains(sentence) && said.contains("add `other = \"PLUGIN\"` to `[lambda]`"), "{said}");
    // All goes on as before.
    for name in ["web", "plain", "file"] {
        client.put(name, &[format!("{name} two\n")]);
    }
    client.done("UpdateDestination", &update("web", 1, &json!({ "Prefix": "two/" })));
    assert_eq!(host.stop().0, Some(0));
    let run = |more: &[&str]| program(folder.path()).args(["run", "--drain"]).args(more).output().unwrap();
    let refused = run(&[]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains(sentence.strip_prefix("error: ").unwrap()), "{said}");
    assert_eq!(super::folders(folder.path()), ["file", "plain", "web"], "nothing is lost by that");
    let given_up = run(&["--abandon", "web"]);
    assert!(given_up.status.success(), "{given_up:?}");
    drain(folder.path());
    assert_eq!(super::folders(folder.path()), ["file", "plain"]);
    let found = lines(&folder.path().join("buckets"));
    let there: Vec<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(there, ["file two", "plain one", "plain two"]);
    let host = Host::start(folder.path());
    assert_eq!(Client::of(&host).list(), ["file", "plain"]);
    assert_eq!(host.stop().0, Some(0));
}

/// A delete that was answered is done at the next start, whatever the config names by then.
#[test]
fn a_stream_that_was_deleted_when_the_host_fell_may_be_in_the_next_config() {
    let folder = configured("");
    let mut host =
        Host::start_as(program(folder.path()).arg("run").env("STANDPIPE_FAILPOINT", "bury.before:1"));
    let mut client = Client::of(&host);
    client.create("web", &slow_destination("api", ""));
    client.put("web", &["before\n".to_owned()]);
    assert!(client.try_call("DeleteDeliveryStream", &named("web")).is_none());
    wait_for("it fell", || !host.is_running());
    configure(folder.path(), &config_stream("web", "file", ""));
    let host = Host::start(folder.path());
    Client::of(&host).put("web", &["after\n".to_owned()]);
    stop_and_drain(host, folder.path());
    let found = lines(&folder.path().join("buckets"));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["after"]);
}
