//! Resident memory after a thousand bad batches. Alone in its process, so that nothing else moves the figure.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use std::time::Duration;

use standpipe_plugin::{Chain, Limits};
use standpipe_record::Outcomes;

#[path = "hostile/guest.rs"]
#[allow(dead_code, reason = "the hostile suite uses the rest")]
mod guest;

use guest::{Guest, host, load, records};

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_thousand_bad_batches_leave_no_memory_behind() {
    let kinds = [
        Guest { record: "unreachable", ..Guest::default() },
        Guest { record: "(loop $l (br $l))", ..Guest::default() },
        Guest {
            record: "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            ..Guest::default()
        },
        Guest {
            fields: "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))",
            record: "(drop (call $deep (i32.const 1)))",
            ..Guest::default()
        },
        Guest { answer: "(i32.store offset=4 (local.get $ret) (i32.const -16))", ..Guest::default() },
        Guest {
            record: "(call $log (i32.const 2) (i32.const 100000) (i32.const 60000)) unreachable",
            ..Guest::default()
        },
    ];
    let host = host();
    let limits = Limits { time_per_record: Duration::from_millis(2), memory: 16 << 20, ..Limits::default() };
    let plugins: Vec<_> = kinds.iter().map(|guest| load(&host, guest, limits.clone())).collect();
    let mut chains: Vec<_> = plugins.iter().map(|plugin| Chain::new([plugin.clone()])).collect();
    let mut out = Outcomes::default();
    let input = records(20, &[7]);
    let mut after_hundred = 0;
    for round in 0..1_000 {
        let kind = round % chains.len();
        chains[kind].run(&input, &mut out).unwrap();
        assert_eq!(out.failed.len(), 1);
        if round == 99 {
            after_hundred = resident();
        }
    }
    let after_thousand = resident();
    assert!(
        after_thousand <= after_hundred + 8 * 1024,
        "{after_hundred} KiB after 100, {after_thousand} KiB after 1,000"
    );
}
