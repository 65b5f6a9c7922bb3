//! What a guest may cost: log, counters, CPU and memory.

use std::time::Duration;

use standpipe_plugin::{Calls, Chain, Limits, Metering, Plugin, Settings, StartError, Step, Worker};
use standpipe_record::{Cause, Outcomes};

use crate::guest::{Guest, assert_others_delivered, component, host, load, records, settings};

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap())
}

#[test]
fn a_log_flood_is_cut_and_counted() {
    let record = "(local.set $j (i32.const 0)) (loop $l
        (call $log (i32.const 2) (i32.const 1032) (i32.const 12))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $j) (i32.const 50000))))";
    let host = host();
    let limits = Limits { time_per_record: Duration::from_secs(1), ..Limits::default() };
    let mut chain = Chain::new([load(&host, &Guest { record, ..Guest::default() }, limits)]);
    let input = records(20, &[7]);
    let mut out = Outcomes::default();
    chain.run(&input, &mut out).unwrap();
    assert!(out.failed.is_empty(), "{:?}", out.failed);
    assert_others_delivered(&input, &out);
    assert!(chain.workers()[0].stats().log_skipped > 40_000);
}

#[test]
fn a_metric_name_per_record_is_bounded() {
    // The name is "code" followed by two letters made from the record's number.
    let record =
        "(i32.store8 (i32.const 1028) (i32.add (i32.const 97) (i32.rem_u (local.get $i) (i32.const 26))))
        (i32.store8 (i32.const 1029) (i32.add (i32.const 97) (i32.div_u (local.get $i) (i32.const 26))))
        (call $count (i32.const 1024) (i32.const 6) (i64.const 2))";
    let host = host();
    let mut chain = Chain::new([load(&host, &Guest { record, ..Guest::default() }, Limits::default())]);
    let mut out = Outcomes::default();
    let all: Vec<usize> = (0..64).collect();
    for _ in 0..3 {
        chain.run(&records(600, &(0..600).collect::<Vec<_>>()), &mut out).unwrap();
    }
    chain.run(&records(64, &all), &mut out).unwrap();
    let stats = chain.workers()[0].stats();
    assert_eq!(stats.counts.len(), 64);
    assert!(stats.counts_ignored > 1_000, "{}", stats.counts_ignored);
    assert!(stats.counts.keys().all(|name| name.starts_with("code")));
}

#[test]
fn counts_of_a_failed_call_do_not_hold() {
    let record = "(call $count (i32.const 1024) (i32.const 4) (i64.const 1))
        (if (i32.eq (local.get $i) (i32.const 3)) (then unreachable))";
    let host = host();
    let mut chain = Chain::new([load(&host, &Guest { record, ..Guest::default() }, Limits::default())]);
    let mut out = Outcomes::default();
    chain.run(&records(8, &[0, 1, 2, 3, 4]), &mut out).unwrap();
    // Alone, no record is number 3: the batch trapped, then each was counted once.
    assert!(out.failed.is_empty());
    assert_eq!(chain.workers()[0].stats().counts.get("code"), Some(&5));
}

#[test]
fn one_loop_among_500_costs_three_times_its_limit() {
    let host = host();
    let limit = Duration::from_millis(100);
    let guest = Guest { record: "(loop $l (br $l))", ..Guest::default() };
    let plugin = load(&host, &guest, Limits { time_per_record: limit, ..Limits::default() });
    let mut out = Outcomes::default();
    let mut others = Chain::new([plugin.clone()]);
    others.run(&records(500, &[]), &mut out).unwrap();
    let began = thread_cpu();
    others.run(&records(500, &[]), &mut out).unwrap();
    let own = thread_cpu() - began;

    let mut chain = Chain::new([plugin]);
    let input = records(500, &[250]);
    let began = thread_cpu();
    chain.run(&input, &mut out).unwrap();
    let cost = thread_cpu() - began;
    assert_eq!(out.failed.len(), 1);
    assert_eq!(out.failed[0].cause, Cause::TimedOut);
    assert_others_delivered(&input, &out);
    assert!(cost <= 3 * limit + Duration::from_millis(50) + own, "{cost:?} beside {own:?}");
}

#[test]
fn a_record_alone_gives_the_thread_back_within_its_limit() {
    let host = host();
    let guest = Guest { record: "(loop $l (br $l))", ..Guest::default() };
    let plugin =
        load(&host, &guest, Limits { time_per_record: Duration::from_millis(10), ..Limits::default() });
    let mut chain = Chain::new([plugin]);
    let input = records(60, &(0..60).collect::<Vec<_>>());
    let mut out = Outcomes::default();
    chain.begin(0, 0);
    let mut steps = 0;
    loop {
        let began = thread_cpu();
        let step = chain.step(&input, &mut out).unwrap();
        let took = thread_cpu() - began;
        assert!(took < Duration::from_millis(100), "{took:?}");
        steps += 1;
        if step == Step::Done {
            break;
        }
    }
    assert_eq!(out.failed.len(), 60);
    assert!(steps > 10, "{steps}");
}

#[test]
fn fuel_gives_the_same_run_twice() {
    let guest = Guest { record: "(loop $l (br $l))", ..Guest::default() };
    let host = host();
    let run = || {
        let limits = Limits { time_per_record: Duration::from_millis(5), ..Limits::default() };
        let settings = Settings { metering: Metering::Fuel, ..settings(limits) };
        let mut chain = Chain::new([Plugin::load(&host, &component(&guest), settings).unwrap()]);
        let mut out = Outcomes::default();
        chain.run(&records(400, &[100, 200]), &mut out).unwrap();
        let stats = chain.workers()[0].stats();
        (out, stats.calls, stats.failed_calls, stats.instances)
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    assert_eq!(first.0.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(), [100, 200]);
    assert!(first.0.failed.iter().all(|failure| failure.cause == Cause::TimedOut));
}

#[test]
fn many_large_outputs_come_in_parts() {
    // Alone, a record yields 3 MB; 40 of them would be 120 MB at once.
    let answer = "(drop (memory.grow (i32.const 60))) (if (i32.eq (local.get $n) (i32.const 1)) (then
        (i32.store offset=4 (local.get $ret) (i32.const 0)) (i32.store offset=8 (local.get $ret) (i32.const 3000000))
        (i32.store (local.get $ends) (i32.const 3000000)))
      (else unreachable))";
    let host = host();
    let mut chain = Chain::new([load(&host, &Guest { answer, ..Guest::default() }, Limits::default())]);
    let input = records(40, &(0..40).collect::<Vec<_>>());
    let mut out = Outcomes::default();
    let (mut origins, mut parts, mut largest) = (Vec::new(), 0, 0);
    chain.begin(0, 0);
    loop {
        let step = chain.step(&input, &mut out).unwrap();
        largest = largest.max(out.outputs.payload().len());
        if step == Step::More {
            continue;
        }
        assert!(out.failed.is_empty(), "{:?}", out.failed);
        origins.append(&mut out.origins);
        out.clear();
        parts += 1;
        if step == Step::Done {
            break;
        }
    }
    assert_eq!(origins, (0..40).collect::<Vec<_>>());
    assert!(parts > 1 && largest < 40 * 3_000_000, "{parts} parts, {largest} bytes at most");
}

#[test]
fn a_record_that_fails_in_the_second_plugin_is_withdrawn_there() {
    let host = host();
    let first = load(&host, &Guest::default(), Limits::default());
    let second = load(&host, &Guest { record: "unreachable", ..Guest::default() }, Limits::default());
    let mut chain = Chain::new([first, second]);
    let input = records(100, &[10, 90]);
    let mut out = Outcomes::default();
    for _ in 0..2 {
        chain.run(&input, &mut out).unwrap();
        assert_eq!(out.failed.iter().map(|failure| failure.index).collect::<Vec<_>>(), [10, 90]);
        assert_others_delivered(&input, &out);
    }
}

#[test]
fn more_chains_than_there_is_room_for_take_turns() {
    let host = host();
    let plugin = load(&host, &Guest::default(), Limits::default());
    let (input, mut out) = (records(1, &[]), Outcomes::default());
    let mut chains: Vec<Chain> = (0..1_001).map(|_| Chain::new([plugin.clone()])).collect();
    let (last, others) = chains.split_last_mut().unwrap();
    for chain in &mut *others {
        chain.run(&input, &mut out).unwrap();
        // Nobody waits, so nothing is given back.
        chain.idle();
    }
    assert_eq!(last.run(&input, &mut out), Err(StartError::Crowded));
    others[0].idle();
    last.run(&input, &mut out).unwrap();
    assert_others_delivered(&input, &out);
    for chain in others {
        last.idle();
        chain.idle();
        chain.run(&input, &mut out).unwrap();
        chain.idle();
    }
}

#[test]
fn a_record_that_traps_is_run_again_as_often_as_is_said_and_each_try_is_a_step() {
    let trap = Guest { record: "unreachable", ..Guest::default() };
    let host = host();
    for (retries, attempts) in [(0, 3), (2, 5)] {
        let plugin = load(&host, &trap, Limits::default());
        let calls = Calls { retries, ..Calls::default() };
        let mut worker = Worker::new(plugin.called(calls));
        let input = records(3, &[1]);
        let (mut out, mut steps) = (Outcomes::default(), 0);
        worker.begin(0, 0);
        while worker.step(&input, &mut out).unwrap() != Step::Done {
            steps += 1;
        }
        assert_others_delivered(&input, &out);
        // Once with the others, once behind one of them, and on fresh instances.
        assert_eq!((out.failed.len(), out.failed[0].attempts), (1, attempts));
        assert!(steps > retries, "{steps} steps");
    }
}

#[test]
fn an_answer_is_final_however_many_retries_there_are() {
    // An error for a record alone, and an answer that is nonsense.
    for answer in [
        "(i32.store8 (local.get $ret) (i32.const 1))",
        "(i32.store offset=16 (local.get $ret) (i32.const 7))",
    ] {
        let host = host();
        let plugin = load(&host, &Guest { answer, ..Guest::default() }, Limits::default());
        let mut worker = Worker::new(plugin.called(Calls { retries: 9, ..Calls::default() }));
        let input = records(3, &[1]);
        let mut out = Outcomes::default();
        worker.begin(0, 0);
        while worker.step(&input, &mut out).unwrap() != Step::Done {}
        assert_eq!(out.failed.len(), 1, "{answer}");
        assert!(out.failed[0].attempts <= 3, "{answer}: {:?}", out.failed[0]);
    }
}

#[test]
fn a_call_has_no_more_bytes_than_its_stream_says() {
    let host = host();
    let plugin = load(&host, &Guest::default(), Limits::default());
    let input = records(64, &[]);
    let calls = |bytes| {
        let mut worker = Worker::new(plugin.clone().called(Calls { bytes, retries: 0 }));
        let mut out = Outcomes::default();
        worker.begin(0, 0);
        while worker.step(&input, &mut out).unwrap() != Step::Done {}
        assert_others_delivered(&input, &out);
        worker.stats().calls
    };
    assert_eq!(calls(usize::MAX), 1);
    assert!(calls(input.payload().len() / 8 + 1) >= 8);
    assert_eq!(calls(1), 64);
}
