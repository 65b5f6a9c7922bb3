//! Resident memory. One test at a time and alone in the process, so that nothing else moves the figures.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standpipe_plugin::{Chain, Limits, Metering, Plugin, Settings};
use standpipe_record::Outcomes;

#[path = "hostile/guest.rs"]
#[allow(dead_code, reason = "the hostile suite uses the rest")]
mod guest;

use guest::{Guest, component, host, load, records};

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn alone() -> MutexGuard<'static, ()> {
    static TEST: Mutex<()> = Mutex::new(());
    TEST.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_thousand_bad_batches_leave_no_memory_behind() {
    let _alone = alone();
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

#[test]
fn a_thousand_plugins_of_one_component_share_all_but_their_settings() {
    let _alone = alone();
    // Fails with its params as the message if they begin with an `X`.
    let init = "(if (i32.eq (i32.load8_u (local.get 0)) (i32.const 88)) (then
        (i32.store8 (i32.const 64) (i32.const 1))
        (i32.store offset=4 (i32.const 64) (i32.const 1024)) (i32.store offset=8 (i32.const 64) (i32.const 4))
        (i32.store offset=12 (i32.const 64) (local.get 0)) (i32.store offset=16 (i32.const 64) (local.get 1))
        (return (i32.const 64))))";
    let (host, bytes) = (host(), component(&Guest { init, ..Guest::default() }));
    let load = |params: String, metering| {
        Plugin::load(&host, &bytes, Settings { params, metering, ..Settings::new("one") })
    };
    let first = load("{}".into(), Metering::Time).unwrap();
    let before = resident();
    let chains: Vec<_> = (0..1_000)
        .flat_map(|number| {
            let plugin = load(number.to_string(), Metering::Time).unwrap();
            [Chain::new([plugin.in_context(format!("stream {number}"))]), Chain::new([plugin])]
        })
        .collect();
    let after = resident();
    assert!(after <= before + 4 * 1024, "{before} KiB with one, {after} KiB with {}", chains.len());

    let error = load("X is mine".into(), Metering::Time).unwrap_err();
    assert_eq!(error.to_string(), "`init` failed with `code`: X is mine");
    // Code that counts fuel is other code.
    let fuelled = load("{}".into(), Metering::Fuel).unwrap();
    for plugin in [first, fuelled] {
        let mut out = Outcomes::default();
        Chain::new([plugin]).run(&records(3, &[]), &mut out).unwrap();
        assert_eq!(out.origins, [0, 1, 2]);
    }
}
