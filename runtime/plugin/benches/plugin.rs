//! What the sandbox costs, as ratios taken in one run: `cargo bench -p standpipe-plugin`.
//!
//! `native` is the source of `apache-log-to-json` compiled for this machine, with the SDK's own glue; `component`
//! is the bundled component in the host, epochs on; `crossing` is a guest that answers what it was given.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark may end with a panic")]
#![allow(clippy::print_stdout, reason = "it prints its figures")]

use std::time::{Duration, Instant};

use standpipe_plugin::{Chain, Host, Limits, Plugin, Settings};
use standpipe_record::{Batch, Outcomes};
use standpipe_sdk::native::Runner;

#[path = "../tests/hostile/guest.rs"]
#[allow(dead_code, reason = "the hostile suite uses the rest")]
mod guest;

const ROUNDS: usize = 31;
const COMPONENT: &[u8] = include_bytes!("../../../blueprints/apache-log-to-json/apache-log-to-json.wasm");
const LOG: &[u8] = include_bytes!("../../../blueprints/apache-log-to-json/cases/access.log");

fn main() {
    let mut batch = Batch::new();
    for line in LOG.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        batch.push(line, 1_700_000_000_000).unwrap();
    }
    let records = u32::try_from(batch.len()).unwrap();
    let host = Host::new(None);
    let apache = Plugin::load(&host, COMPONENT, Settings::new("apache")).unwrap();
    let identity = guest::load(&host, &guest::Guest::default(), Limits::default());
    let mut native = Runner::<apache_log_to_json::Plugin>::new("{}").unwrap();
    let (mut chain, mut crossing) = (Chain::new([apache]), Chain::new([identity]));
    let mut out = Outcomes::default();

    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(time(|| drop(native.run(batch.payload(), batch.ends(), batch.arrival_ms()).unwrap())));
        times[1].push(time(|| chain.run(&batch, &mut out).unwrap()));
        times[2].push(time(|| crossing.run(&batch, &mut out).unwrap()));
    }
    let [native, component, crossing] = times.map(|mut times| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e9 / f64::from(records)
    });
    println!("{records} records of {} bytes, median of {ROUNDS}", batch.payload().len() / batch.len());
    println!("native     {native:7.1} ns a record");
    println!("component  {component:7.1} ns a record, {:.2} x native", component / native);
    println!("crossing   {crossing:7.1} ns a record, {:.1} % of component", 100.0 * crossing / component);
}

fn time(run: impl FnOnce()) -> Duration {
    let began = Instant::now();
    run();
    began.elapsed()
}
