//! A stream whose plugin takes as long as it may, deleted: nobody else waits for that.

use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Client, Ends, create, destination, folders, named, slow_destination, status, through, update};
use crate::host::{Host, configured, program, wait_for};
use crate::kills::{SAME, guest};

/// A plugin that may take 10 seconds for a record, and does.
const CONFIG: &str = r#"
[plugins.endless]
source = "./endless.wasm"
limits = { time_per_record = "10s" }

[lambda]
endless = "endless"
"#;
/// How long a delete may take to be answered. The stream may go later.
const ANSWERED: Duration = Duration::from_secs(8);
/// How long other calls may take meanwhile.
const PROMPT: Duration = Duration::from_secs(2);

#[test]
fn a_plugin_that_is_in_a_call_keeps_a_delete_waiting_but_no_other_call() {
    let folder = configured(CONFIG);
    let step = "(global.set $heap (i32.const 4096))\n";
    let endless = SAME.replace(step, "(loop (br 0))\n");
    assert_ne!(endless, SAME);
    fs::write(folder.path().join("endless.wasm"), guest::encode(&endless, "each-plugin")).unwrap();
    let host = Host::start(folder.path());
    let mut client = Client::of(&host);
    client.create("other", &slow_destination("logs", ""));
    client.create("stuck", &through(destination("logs", ""), "endless"));
    client.put("stuck", &["one\n".to_owned(), "two\n".to_owned()]);
    let read = "standpipe_read_records_total{stream=\"stuck\"} 2";
    wait_for("the plugin is called", || super::metrics(&host).contains(read));
    let over = AtomicBool::new(false);
    let (calls, slowest, reloaded) = std::thread::scope(|scope| {
        let _ends = Ends(&over);
        let (api, over, path) = (host.api, &over, folder.path());
        let others = scope.spawn(move || call(api, over));
        let reloading = scope.spawn(move || {
            wait_for("it is about to be gone", || {
                status(Client::new(api).describe("stuck").as_ref()) != "ACTIVE"
            });
            program(path).arg("reload").output().unwrap()
        });
        let began = Instant::now();
        client.delete("stuck");
        assert!(began.elapsed() < ANSWERED, "the delete took {:?}", began.elapsed());
        client.refused(
            "PutRecordBatch",
            &super::batch("stuck", &["x".to_owned()]),
            "ResourceNotFoundException",
        );
        // Its name is not free before it is gone, and then it is.
        let again = create("stuck", &slow_destination("logs", ""));
        wait_for("it is gone", || {
            let answer = client.call("CreateDeliveryStream", &again);
            answer.status == 200 || {
                assert_eq!(super::kind(&answer), "ResourceInUseException", "{answer:?}");
                false
            }
        });
        println!("it was gone after {:.1?}", began.elapsed());
        over.store(true, Ordering::Relaxed);
        let (calls, slowest) = others.join().unwrap();
        (calls, slowest, reloading.join().unwrap())
    });
    assert!(reloaded.status.success(), "{reloaded:?}");
    println!("{calls} other calls, the slowest took {slowest:.1?}");
    assert!(slowest < PROMPT, "another call took {slowest:?}");
    client.wait_active("stuck");
    client.put("stuck", &["three\n".to_owned()]);
    assert_eq!(folders(folder.path()), ["other", "stuck"]);
    let (code, said) = host.stop();
    assert_eq!(code, Some(0), "{said}");
    crate::host::drain(folder.path());
    let found = super::lines(&folder.path().join("buckets"));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["other", "three"]);
}

/// Calls for another stream until it is over. Returns how many, and how long the slowest took.
fn call(api: SocketAddr, over: &AtomicBool) -> (u64, Duration) {
    let (mut client, mut slowest) = (Client::new(api), Duration::ZERO);
    for version in 1.. {
        if over.load(Ordering::Relaxed) {
            return (version, slowest);
        }
        for (operation, input) in [
            ("UpdateDestination", update("other", version, &json!({ "Prefix": format!("{version}/") }))),
            ("TagDeliveryStream", super::with(named("other"), json!({ "Tags": [{ "Key": "a" }] }))),
            ("PutRecordBatch", super::batch("other", &["other\n".to_owned()])),
        ] {
            let began = Instant::now();
            client.done(operation, &input);
            slowest = slowest.max(began.elapsed());
        }
    }
    unreachable!("it ends when it is over")
}
