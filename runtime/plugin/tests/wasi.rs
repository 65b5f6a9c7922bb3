//! What a plugin finds of WASI: a world with nothing in it that is the same at every run.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use standpipe_plugin::{Chain, Host, Interface, LoadError, Plugin, Settings};
use standpipe_record::{Batch, Cause, Outcomes};
use standpipe_registry::componentize;

/// A core module on preview 1 that puts eight bytes of clock and eight random ones out for each record, and does what the
/// record's first letter says: `w` writes, `e` exits with 3, `s` sleeps for an hour, `f` opens a file.
const MODULE: &str = include_str!("wasi/module.wat");
/// A command that answers with what is in its data, whatever it is given.
const COMMAND: &str = include_str!("wasi/command.wat");

fn load(text: &str, settings: Settings) -> Result<Plugin, LoadError> {
    let module = wat::parse_str(text).unwrap();
    Plugin::load(&Host::new(None), &componentize(&module).unwrap(), settings)
}

fn batch(records: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for (number, record) in (0u64..).zip(records) {
        batch.push(record.as_bytes(), 1_700_000_000_000 + number).unwrap();
    }
    batch
}

fn run(plugin: &Plugin, records: &[&str]) -> Outcomes {
    let mut out = Outcomes::default();
    Chain::new([plugin.clone()]).run(&batch(records), &mut out).unwrap();
    out
}

fn clock_of(output: &[u8]) -> u64 {
    u64::from_le_bytes(output[..8].try_into().unwrap())
}

#[test]
fn clock_and_random_numbers_are_the_same_at_every_run_and_move_within_one() {
    let plugin = load(MODULE, Settings::new("p")).unwrap();
    let records = ["a", "b", "c"];
    let (one, other) = (run(&plugin, &records), run(&plugin, &records));
    assert!(one.failed.is_empty(), "{:?}", one.failed);
    assert_eq!(one.outputs.payload(), other.outputs.payload());
    let outputs: Vec<&[u8]> = one.outputs.iter().collect();
    // The call's clock begins at its newest arrival.
    let newest = 1_700_000_000_002_000_000;
    assert!(clock_of(outputs[0]) > newest && clock_of(outputs[2]) < newest + 1_000_000, "{outputs:?}");
    assert!(clock_of(outputs[0]) < clock_of(outputs[1]));
    assert_ne!(outputs[0][8..16], outputs[1][8..16]);
    let elsewhere = run(&plugin.in_context(r#"{"stream":"other"}"#), &records);
    assert_ne!(one.outputs.payload(), elsewhere.outputs.payload());
}

#[test]
fn the_clock_never_goes_back_within_an_instance() {
    let plugin = load(MODULE, Settings::new("p")).unwrap();
    let mut chain = Chain::new([plugin]);
    let (mut late, mut early) = (Batch::new(), Batch::new());
    late.push(b"a", 2_000).unwrap();
    early.push(b"a", 1_000).unwrap();
    let (mut first, mut second) = (Outcomes::default(), Outcomes::default());
    chain.run(&late, &mut first).unwrap();
    chain.run(&early, &mut second).unwrap();
    let clock = |out: &Outcomes| clock_of(out.outputs.get(0).unwrap());
    assert!(clock(&second) > clock(&first));
}

#[test]
fn who_sleeps_finds_the_clock_moved_on_at_once() {
    let out = run(&load(MODULE, Settings::new("p")).unwrap(), &["s"]);
    assert!(out.failed.is_empty(), "{:?}", out.failed);
    assert!(clock_of(out.outputs.get(0).unwrap()) > 1_700_000_000_000_000_000 + 3_600_000_000_000);
}

#[test]
fn what_is_written_before_an_exit_is_kept_with_its_record_alone() {
    let out = run(&load(MODULE, Settings::new("p")).unwrap(), &["a", "w", "e", "b"]);
    assert_eq!(out.failed.len(), 1, "{:?}", out.failed);
    let failed = &out.failed[0];
    assert_eq!((failed.index, failed.cause, failed.code.as_str()), (2, Cause::Trap, "exit"));
    assert_eq!(failed.message, "it ended itself with exit code 3");
    assert_eq!(failed.captured, "bye\nno newline\n");
}

#[test]
fn there_are_no_files() {
    let out = run(&load(MODULE, Settings::new("p")).unwrap(), &["f"]);
    // 8 is EBADF: the folder that a path would be relative to.
    assert_eq!(out.outputs.get(0).unwrap()[16], 8);
}

#[test]
fn a_command_speaks_lambdas_contract() {
    let plugin = load(COMMAND, Settings::new("p")).unwrap();
    assert_eq!(plugin.interface(), Interface::Command);
    let out = run(&plugin, &["first", "second", "third"]);
    assert_eq!(out.outputs.iter().collect::<Vec<_>>(), [b"hello"]);
    assert_eq!(out.origins, [0]);
    assert_eq!(out.dropped, [1]);
    let codes: Vec<_> = out.failed.iter().map(|failed| (failed.index, failed.code.as_str())).collect();
    assert_eq!(codes, [(2, "Lambda.MissingRecordId")]);
}

#[test]
fn a_command_takes_no_params() {
    let refused = load(COMMAND, Settings { params: r#"{"a":1}"#.into(), ..Settings::new("p") }).unwrap_err();
    assert!(refused.to_string().contains("has no params"), "{refused}");
}

#[test]
fn what_is_not_of_that_world_is_refused_by_name() {
    for import in ["wasi:http/outgoing-handler@0.2.0", "wasi:clocks/wall-clock@0.3.0", "acme:db/query@1.0.0"]
    {
        let text = format!(r#"(component (import "{import}" (instance)))"#);
        let refused = Plugin::load(&Host::new(None), &wat::parse_str(text).unwrap(), Settings::new("p"));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(import) && refused.contains("not granted"), "{refused}");
    }
}
