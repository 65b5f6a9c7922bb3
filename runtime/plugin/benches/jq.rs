//! What a jq query costs in the sandbox, as ratios taken in one run: `cargo bench -p standpipe-plugin --bench jq`.
//!
//! `native` is the source of `partition-keys` compiled for this machine, with the SDK's own glue; `component` is the
//! bundled component in the host, epochs on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end with a panic")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::time::{Duration, Instant};

use standpipe_plugin::{Chain, Host, Plugin, Settings};
use standpipe_record::{Batch, Outcomes};
use standpipe_sdk::native::Runner;

const ROUNDS: usize = 31;
const RECORDS: u32 = 1000;
const COMPONENT: &[u8] = include_bytes!("../../../blueprints/partition-keys/partition-keys.wasm");

const QUERIES: [(&str, &str); 3] = [
    ("one member", "{customer_id: .customer_id}"),
    (
        "five keys",
        r#"{customer_id: .customer_id, year: .ts|strftime("%Y"), month: .ts|strftime("%m"),
            level: (.event.level // "info"|ascii_downcase), kind: (if .event.size > 500 then "large" else "small" end)}"#,
    ),
    ("a pattern", r#"{site: .event.path|capture("^/(?<site>[a-z]+)/")|.site}"#),
];

fn main() {
    let mut batch = Batch::new();
    for number in 0..RECORDS {
        let record = format!(
            r#"{{"customer_id":"customer-{}","ts":{},"event":{{"level":"WARN","path":"/shop/cart/{number}","size":{}}},"tags":["a","b"],"message":"the quick brown fox jumps over the lazy dog","ok":true,"took":{}.25}}"#,
            number % 20,
            1_700_000_000 + number,
            number % 997,
            number % 50,
        );
        batch.push(record.as_bytes(), 1_700_000_000_000).unwrap();
    }
    println!("{RECORDS} records of {} bytes, median of {ROUNDS}", batch.payload().len() / batch.len());
    let host = Host::new(None);
    for (name, query) in QUERIES {
        let params = serde_json::json!({ "query": query }).to_string();
        let mut native = Runner::<partition_keys::Plugin>::new(&params).unwrap();
        let settings = Settings { params, ..Settings::new("jq") };
        let mut chain = Chain::new([Plugin::load(&host, COMPONENT, settings).unwrap()]);
        let mut out = Outcomes::default();
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            times[0].push(time(|| {
                let native = native.run(batch.payload(), batch.ends(), batch.arrival_ms()).unwrap();
                assert_eq!(native.outcomes.origins.len(), batch.len());
            }));
            times[1].push(time(|| {
                chain.run(&batch, &mut out).unwrap();
                assert_eq!(out.origins.len(), batch.len());
            }));
        }
        let [native, component] = times.map(|mut times| {
            times.sort();
            times[ROUNDS / 2].as_secs_f64() * 1e9 / f64::from(RECORDS)
        });
        println!(
            "{name:10}  native {native:7.0} ns a record, component {component:7.0} ns, {:.2} x native",
            component / native
        );
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}
