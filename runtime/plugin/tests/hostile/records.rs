//! Bad records, one kind a test.

use std::time::Duration;

use standpipe_plugin::{Chain, Limits};
use standpipe_record::{Cause, Outcomes};

use crate::guest::{Guest, assert_others_delivered, host, load, records};

/// Short enough for a suite, long enough for a busy machine.
fn limits() -> Limits {
    Limits { time_per_record: Duration::from_millis(20), memory: 8 << 20, ..Limits::default() }
}

/// Runs 20 records of which number 7 is hostile, twice, and returns the failure.
fn run(guest: Guest<'_>, limits: Limits) -> standpipe_record::Failure {
    let host = host();
    let mut chain = Chain::new([load(&host, &guest, limits)]);
    let mut out = Outcomes::default();
    let mut failures = Vec::new();
    for _ in 0..2 {
        let input = records(20, &[7]);
        chain.run(&input, &mut out).unwrap();
        assert_eq!(out.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(), [7]);
        assert_others_delivered(&input, &out);
        failures.push(out.failed.pop().unwrap());
    }
    let clean = records(30, &[]);
    chain.run(&clean, &mut out).unwrap();
    assert_eq!(out.origins.len(), 30);
    let failure = failures.pop().unwrap();
    assert_eq!(failure.plugin.as_ref().unwrap().name, "hostile");
    assert!(!failure.message.chars().any(char::is_control), "{}", failure.message);
    failure
}

fn expect(guest: Guest<'_>, cause: Cause, message: &str) -> standpipe_record::Failure {
    let failure = run(guest, limits());
    assert_eq!((failure.cause, failure.message.contains(message)), (cause, true), "{failure:?}");
    failure
}

#[test]
fn an_endless_loop_is_timed_out() {
    let failure =
        expect(Guest { record: "(loop $l (br $l))", ..Guest::default() }, Cause::TimedOut, "time limit");
    assert!(!failure.backtrace.is_empty());
}

#[test]
fn memory_growth_is_refused_and_named() {
    let record = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    expect(Guest { record, ..Guest::default() }, Cause::Trap, "bytes of memory; the limit is 8388608");
}

#[test]
fn table_growth_is_refused_and_named() {
    let fields = "(table $t 1 funcref)";
    let record = "(loop $l (br_if $l (i32.ne (table.grow $t (ref.null func) (i32.const 4096)) (i32.const -1)))) unreachable";
    expect(Guest { fields, record, ..Guest::default() }, Cause::Trap, "table elements; the limit is");
}

#[test]
fn deep_recursion_exhausts_its_stack_only() {
    let fields = "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))";
    let record = "(drop (call $deep (i32.const 1)))";
    expect(Guest { fields, record, ..Guest::default() }, Cause::Trap, "stack is exhausted");
}

#[test]
fn a_trap_at_any_place_fails_that_record() {
    let host = host();
    let mut chain = Chain::new([load(&host, &Guest { record: "unreachable", ..Guest::default() }, limits())]);
    let mut out = Outcomes::default();
    for n in 1..14 {
        for k in 0..n {
            let input = records(n, &[k]);
            chain.run(&input, &mut out).unwrap();
            assert_eq!(out.failed.len(), 1);
            assert_eq!(out.failed[0].index as usize, k);
            assert_eq!((out.failed[0].cause, &*out.failed[0].code), (Cause::Trap, "trap"));
            assert_others_delivered(&input, &out);
        }
    }
}

#[test]
fn when_all_trap_all_fail_and_each_costs_one_instance() {
    let host = host();
    let mut chain = Chain::new([load(&host, &Guest { record: "unreachable", ..Guest::default() }, limits())]);
    let mut out = Outcomes::default();
    let input = records(300, &(0..300).collect::<Vec<_>>());
    chain.run(&input, &mut out).unwrap();
    assert_eq!(out.failed.len(), 300);
    assert_others_delivered(&input, &out);
    let stats = chain.workers()[0].stats();
    // One for each record, and one for each batch that was tried.
    let batches = stats.failed_calls - 300;
    assert_eq!(stats.instances, 300 + batches);
    assert!(batches < 20, "{stats:?}");
}

#[test]
fn an_error_for_the_batch_is_no_verdict() {
    let answer = "(i32.store8 (local.get $ret) (i32.const 1))
        (i32.store offset=4 (local.get $ret) (i32.const 1024)) (i32.store offset=8 (local.get $ret) (i32.const 4))
        (i32.store offset=12 (local.get $ret) (i32.const 1032)) (i32.store offset=16 (local.get $ret) (i32.const 18))";
    let failure = expect(Guest { answer, ..Guest::default() }, Cause::Returned, "message with \\u{1b}[31m");
    assert_eq!(failure.code, "code");
}

/// Writes `number` at offset `at` of the array whose pointer stands at `field` of the answer.
fn poke(field: u32, at: &str, number: &str) -> String {
    format!("(i32.store (i32.add (i32.load offset={field} (local.get $ret)) {at}) {number})")
}

#[test]
fn a_record_in_no_list_is_missing() {
    // Outputs and origins end before the hostile record; what is behind it is gone with it.
    let answer = "(i32.store offset=24 (local.get $ret) (local.get $x)) (i32.store offset=16 (local.get $ret) (local.get $x))
        (i32.store offset=8 (local.get $ret) (if (result i32) (local.get $x)
          (then (i32.load (i32.add (local.get $ends) (i32.mul (i32.sub (local.get $x) (i32.const 1)) (i32.const 4)))))
          (else (i32.const 0))))";
    let failure = expect(Guest { answer, ..Guest::default() }, Cause::Missing, "in none of");
    assert_eq!(failure.code, "missing-record");
}

#[test]
fn a_record_in_two_lists_is_a_contradiction() {
    let answer = "(i32.store (i32.const 2048) (local.get $x))
        (i32.store offset=36 (local.get $ret) (i32.const 2048)) (i32.store offset=40 (local.get $ret) (i32.const 1))";
    let failure = expect(Guest { answer, ..Guest::default() }, Cause::Contradiction, "more than one of");
    assert_eq!(failure.code, "contradiction");
}

#[test]
fn ends_that_descend_are_nonsense() {
    // The first end is raised above all others, or above the payload when it is alone.
    let answer = poke(12, "(i32.const 0)", "(i32.const 0x7fffffff)");
    expect(Guest { answer: &answer, ..Guest::default() }, Cause::InvalidAnswer, "outputs");
}

#[test]
fn ends_past_the_payload_are_nonsense() {
    let last = "(i32.mul (i32.sub (local.get $n) (i32.const 1)) (i32.const 4))";
    let answer = poke(12, last, "(i32.const -2)");
    expect(Guest { answer: &answer, ..Guest::default() }, Cause::InvalidAnswer, "payload");
}

#[test]
fn a_payload_outside_the_memory_is_nonsense() {
    let answer = "(i32.store offset=4 (local.get $ret) (i32.const -16))";
    expect(Guest { answer, ..Guest::default() }, Cause::InvalidAnswer, "out of bounds");
}

#[test]
fn origins_out_of_range_are_nonsense() {
    let last = "(i32.mul (i32.sub (local.get $n) (i32.const 1)) (i32.const 4))";
    let answer = poke(20, last, "(i32.const 4000000000)");
    expect(
        Guest { answer: &answer, ..Guest::default() },
        Cause::InvalidAnswer,
        "`origins` names record 4000000000",
    );
}

#[test]
fn origins_that_descend_are_nonsense() {
    let answer = poke(20, "(i32.const 0)", "(i32.const 1)");
    expect(Guest { answer: &answer, ..Guest::default() }, Cause::InvalidAnswer, "");
}

#[test]
fn more_origins_than_outputs_are_nonsense() {
    let answer = "(i32.store offset=24 (local.get $ret) (i32.add (local.get $n) (i32.const 1)))";
    expect(Guest { answer, ..Guest::default() }, Cause::InvalidAnswer, "origins for");
}

#[test]
fn a_column_index_out_of_range_is_nonsense() {
    // One column, named "code", with no values, whose index refers to value 5.
    let answer = "(i32.store (i32.const 2048) (i32.const 1024)) (i32.store offset=4 (i32.const 2048) (i32.const 4))
        (i64.store offset=8 (i32.const 2048) (i64.const 0)) (i64.store offset=16 (i32.const 2048) (i64.const 0))
        (i32.store offset=24 (i32.const 2048) (i32.const 2100)) (i32.store offset=28 (i32.const 2048) (local.get $n))
        (i32.store (i32.const 2100) (i32.const 5))
        (i32.store offset=28 (local.get $ret) (i32.const 2048)) (i32.store offset=32 (local.get $ret) (i32.const 1))";
    expect(
        Guest { answer, ..Guest::default() },
        Cause::InvalidAnswer,
        "column `code` refers to value 5; it has 0",
    );
}

#[test]
fn output_over_the_limit_fails_its_record() {
    // All bytes up to 3 MiB become the output of the last hostile record, and of nobody else when it is alone.
    let answer = "(drop (memory.grow (i32.const 60))) (if (i32.eq (local.get $n) (i32.const 1)) (then
        (i32.store offset=4 (local.get $ret) (i32.const 0)) (i32.store offset=8 (local.get $ret) (i32.const 3000000))
        (i32.store (local.get $ends) (i32.const 3000000)))
      (else unreachable))";
    let limits = Limits { output_per_record: 2 << 20, ..limits() };
    let failure = run(Guest { answer, ..Guest::default() }, limits);
    assert_eq!((failure.cause, &*failure.code), (Cause::OutputLimit, "output-limit"));
}

#[test]
fn a_million_outputs_fail_their_record() {
    // A million ends and origins of zero: empty outputs of record 0, which is the hostile one when it is alone.
    let answer = "(drop (memory.grow (i32.const 100)))
        (i32.store offset=8 (local.get $ret) (i32.const 0))
        (i32.store offset=12 (local.get $ret) (i32.const 524288)) (i32.store offset=16 (local.get $ret) (i32.const 1000000))
        (i32.store offset=20 (local.get $ret) (i32.const 524288)) (i32.store offset=24 (local.get $ret) (i32.const 1000000))";
    let failure = expect(Guest { answer, ..Guest::default() }, Cause::OutputLimit, "10000 outputs");
    assert_eq!(failure.code, "output-limit");
}

/// An answer that fails record `$x` with code and message at the given places.
fn failing(message_at: u32, message_len: u32) -> String {
    format!(
        "(i32.store (i32.const 2048) (local.get $x))
        (i32.store offset=4 (i32.const 2048) (i32.const 1024)) (i32.store offset=8 (i32.const 2048) (i32.const 4))
        (i32.store offset=12 (i32.const 2048) (i32.const {message_at})) (i32.store offset=16 (i32.const 2048) (i32.const {message_len}))
        (i32.store offset=44 (local.get $ret) (i32.const 2048)) (i32.store offset=48 (local.get $ret) (i32.const 1))
        (if (i32.eq (local.get $n) (i32.const 1)) (then
          (i32.store offset=8 (local.get $ret) (i32.const 0)) (i32.store offset=16 (local.get $ret) (i32.const 0))
          (i32.store offset=24 (local.get $ret) (i32.const 0))))"
    )
}

#[test]
fn control_characters_in_a_message_are_escaped() {
    let answer = failing(1032, 25);
    let failure = expect(Guest { answer: &answer, ..Guest::default() }, Cause::Returned, "");
    assert_eq!(failure.message, "message with \\u{1b}[31m contro");
    assert_eq!(failure.code, "code");
}

#[test]
fn invalid_utf8_in_a_message_fails_its_record() {
    let answer = failing(1032, 55);
    expect(Guest { answer: &answer, ..Guest::default() }, Cause::InvalidAnswer, "utf-8");
}

#[test]
fn a_message_of_megabytes_is_cut() {
    let answer = failing(100_000, 100_000);
    let failure = expect(Guest { answer: &answer, ..Guest::default() }, Cause::Returned, "");
    assert!(failure.message.len() < 5_000, "{}", failure.message.len());
}

#[test]
fn what_was_logged_before_a_trap_is_kept_with_it() {
    let record = "(call $log (i32.const 2) (i32.const 1032) (i32.const 12)) unreachable";
    let failure = expect(Guest { record, ..Guest::default() }, Cause::Trap, "aborted");
    assert_eq!(failure.captured, "message with\n");
}
