use proptest::prelude::*;
use standpipe_format::split::{CloudWatchLogs, Deaggregate, MAX_INFLATED_BYTES, Parts, Rules, Splitter};
use standpipe_record::Cause;

use crate::kpl::aggregate;
use crate::logs::{envelope, gzip};
use crate::{check, failures, owned, texts};

fn json() -> Option<Deaggregate> {
    Some(Deaggregate::Json)
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let logs =
        prop::option::of(prop::sample::select(vec![CloudWatchLogs::Envelopes, CloudWatchLogs::Messages]));
    let deaggregate = prop::option::of(prop::sample::select(vec![
        Deaggregate::Json,
        Deaggregate::delimited(b"\n").unwrap(),
    ]));
    (any::<bool>(), logs, deaggregate).prop_map(|(kpl, cloudwatch_logs, deaggregate)| Rules {
        kpl,
        cloudwatch_logs,
        deaggregate,
    })
}

/// Records with the frames of some stages around them, whether there are rules for them or not.
fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let plain = prop_oneof![crate::jsonish(), prop::collection::vec(any::<u8>(), 0..40)];
    plain.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|records| aggregate(&records)),
            inner.clone().prop_map(gzip),
            prop::collection::vec(inner, 0..4).prop_map(|records| {
                let messages: Vec<_> =
                    records.iter().map(|record| String::from_utf8_lossy(record).into_owned()).collect();
                gzip(envelope("DATA_MESSAGE", &messages).to_string())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_record_comes_out_under_any_rules(rules in any_rules(), record in any_record()) {
        let parts = crate::split(rules.clone(), &record);
        if rules.is_empty() {
            prop_assert_eq!(parts.iter().collect::<Vec<_>>(), vec![&record[..]]);
        }
        let bytes = parts.payload().len() + parts.failed().iter().map(|failed| failed.raw.len()).sum::<usize>();
        let inflated = if rules.cloudwatch_logs.is_some() { MAX_INFLATED_BYTES } else { 0 };
        prop_assert!(bytes <= record.len() + inflated);
    }

    #[test]
    fn a_splitter_remembers_nothing(rules in any_rules(), records in prop::collection::vec(any_record(), 1..5)) {
        let mut splitter = Splitter::new(rules.clone());
        let mut together = Parts::new();
        let (mut payload, mut ends, mut failed, mut dropped) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for record in &records {
            splitter.split(record, &mut together);
            let alone = crate::split(rules.clone(), record);
            dropped += alone.dropped();
            let base = u32::try_from(payload.len()).unwrap();
            let (more, more_ends, more_failed) = alone.into_parts();
            payload.extend(more);
            ends.extend(more_ends.iter().map(|end| base + end));
            failed.extend(more_failed);
        }
        prop_assert_eq!(together.dropped(), dropped);
        prop_assert!(together.memory() >= payload.len() + 4 * ends.len());
        let mut again = together.clone();
        prop_assert_eq!(together.into_parts(), (payload, ends, failed));
        again.clear();
        prop_assert_eq!(again, Parts::new());
    }

    #[test]
    fn splitting_again_changes_nothing(rules in any_rules(), record in any_record()) {
        // Only de-aggregation may be done again: what an aggregate holds may be an aggregate.
        let rules = Rules { kpl: false, cloudwatch_logs: None, ..rules };
        for part in crate::split(rules.clone(), &record).iter() {
            prop_assert_eq!(owned(&crate::split(rules.clone(), part)), [part]);
        }
    }
}

#[test]
fn each_stage_works_on_every_part_of_the_one_before() {
    let first = gzip(
        envelope("DATA_MESSAGE", &[r#"{"a":1}{"a":2}"#.into(), "text".into(), r#"{"a":3}"#.into()])
            .to_string(),
    );
    let second = gzip(envelope("CONTROL_MESSAGE", &[]).to_string());
    let third = b"not gzip".to_vec();
    let fourth = gzip(envelope("DATA_MESSAGE", &[r#"{"a":4}"#.into()]).to_string());
    let record = aggregate(&[first, second, third, fourth]);

    let rules = Rules { kpl: true, cloudwatch_logs: Some(CloudWatchLogs::Messages), deaggregate: json() };
    let parts = crate::split(rules, &record);
    assert_eq!(texts(&parts), [r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#, r#"{"a":4}"#]);
    assert_eq!(failures(&parts), [("not-json", "text\n".into()), ("not-gzip", "not gzip".into())]);
    let places: Vec<_> = parts.failed().iter().map(|failed| (failed.cause, failed.before)).collect();
    assert_eq!(places, [(Cause::Deaggregation, 2), (Cause::Decompression, 3)]);
    assert_eq!(parts.dropped(), 1);

    // Without de-aggregation the messages stay as they are.
    let rules = Rules { kpl: true, cloudwatch_logs: Some(CloudWatchLogs::Messages), deaggregate: None };
    let parts = crate::split(rules, &record);
    assert_eq!(texts(&parts), ["{\"a\":1}{\"a\":2}\n", "text\n", "{\"a\":3}\n", "{\"a\":4}\n"]);
}

#[test]
fn an_aggregate_is_unpacked_once() {
    let inner = aggregate(&[b"a".to_vec(), b"b".to_vec()]);
    let parts =
        crate::split(Rules { kpl: true, ..Rules::default() }, &aggregate(&[inner.clone(), b"c".to_vec()]));
    assert_eq!(parts.iter().collect::<Vec<_>>(), [&inner[..], b"c"]);
}

#[test]
fn the_500_are_counted_for_each_part_of_the_stage_before() {
    let records = vec!["{}".repeat(400).into_bytes(), "{}".repeat(501).into_bytes(), b"{}{}".to_vec()];
    let parts =
        crate::split(Rules { kpl: true, deaggregate: json(), ..Rules::default() }, &aggregate(&records));
    assert_eq!(parts.len(), 400 + 1 + 2);
}

#[test]
fn all_of_an_aggregate_inflates_to_32_mib() {
    let large = gzip(envelope("DATA_MESSAGE", &["x".repeat(20 << 20)]).to_string());
    let small = gzip(envelope("DATA_MESSAGE", &["x".into()]).to_string());
    let rules = Rules { kpl: true, cloudwatch_logs: Some(CloudWatchLogs::Messages), ..Rules::default() };
    let parts = crate::split(rules.clone(), &aggregate(&[large.clone(), small.clone(), small.clone()]));
    assert_eq!((parts.len(), parts.failed().len()), (3, 0));
    let parts =
        crate::split(rules, &aggregate(&[small.clone(), large.clone(), large.clone(), small.clone()]));
    assert_eq!(parts.len(), 2);
    let failed: Vec<_> =
        parts.failed().iter().map(|failed| (failed.code, &failed.raw, failed.before)).collect();
    assert_eq!(failed, [("inflated-too-large", &large, 2), ("inflated-too-large", &small, 2)]);
}

#[test]
fn a_large_record_leaves_no_large_buffers_behind() {
    let rules = Rules { kpl: true, cloudwatch_logs: Some(CloudWatchLogs::Messages), ..Rules::default() };
    let mut splitter = Splitter::new(rules);
    let large = gzip(envelope("DATA_MESSAGE", &["x".repeat(20 << 20)]).to_string());
    splitter.split(&large, &mut Parts::new());
    assert!(splitter.memory() < 1 << 20, "{}", splitter.memory());
    splitter.split(&aggregate(&vec![Vec::new(); 500_000]), &mut Parts::new());
    assert!(splitter.memory() < 1 << 20, "{}", splitter.memory());
    // Those of an ordinary one are kept.
    let small = gzip(envelope("DATA_MESSAGE", &["x".repeat(20 << 10)]).to_string());
    splitter.split(&small, &mut Parts::new());
    assert!(splitter.memory() > 40 << 10, "{}", splitter.memory());
}

#[test]
fn parts_of_several_records_lie_end_to_end() {
    let mut splitter = Splitter::new(Rules { deaggregate: json(), ..Rules::default() });
    let mut parts = Parts::new();
    for record in ["{}{}", "x", "{}y"] {
        splitter.split(record.as_bytes(), &mut parts);
    }
    check(&parts.clone());
    assert_eq!(parts.ends(), [2, 4, 6]);
    assert_eq!(parts.failed().iter().map(|failed| failed.before).collect::<Vec<_>>(), [0, 1]);
}
