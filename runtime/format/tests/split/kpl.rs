use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use proptest::prelude::*;
use serde::Deserialize;
use standpipe_format::split::{Parts, Rules};

use crate::owned;

const MAGIC: &[u8] = &[0xf3, 0x89, 0x9a, 0xc2];

fn split(record: &[u8]) -> Parts {
    crate::split(Rules { kpl: true, ..Rules::default() }, record)
}

/// A field of any kind: its number, the kind, and the bytes of its value.
fn field(number: u64, kind: u64, value: &[u8]) -> Vec<u8> {
    [&varint(number << 3 | kind), value].concat()
}

fn bytes(number: u64, value: &[u8]) -> Vec<u8> {
    [&field(number, 2, &varint(value.len() as u64)), value].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
    out
}

fn frame(message: &[u8]) -> Vec<u8> {
    [MAGIC, message, &Md5::digest(message)].concat()
}

/// An aggregate of these records.
pub(crate) fn aggregate(records: &[Vec<u8>]) -> Vec<u8> {
    let mut message = bytes(1, b"key");
    for data in records {
        let record = [field(1, 0, &[0]), bytes(3, data)].concat();
        message.extend(bytes(3, &record));
    }
    frame(&message)
}

/// A field that the format does not have, or not there.
fn unknown() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (5u64..3_000, any::<u64>()).prop_map(|(number, value)| field(number, 0, &varint(value))),
        (5u64..3_000, any::<[u8; 8]>()).prop_map(|(number, value)| field(number, 1, &value)),
        (5u64..3_000, any::<[u8; 4]>()).prop_map(|(number, value)| field(number, 5, &value)),
        (5u64..3_000, prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(number, value)| bytes(number, &value)),
        // The explicit hash key of a record, or a known number with the wrong kind.
        any::<u64>().prop_map(|value| field(2, 0, &varint(value))),
        any::<[u8; 4]>().prop_map(|value| field(3, 5, &value)),
    ]
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => prop::collection::vec(any::<u8>(), 0..20), 1 => prop::collection::vec(any::<u8>(), 110..300)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_was_packed_comes_out(records in prop::collection::vec(data(), 1..20)) {
        prop_assert_eq!(owned(&split(&aggregate(&records))), records);
    }

    #[test]
    fn fields_that_nobody_knows_change_nothing(records in prop::collection::vec((data(), unknown(), unknown()), 1..6), outside in unknown()) {
        let mut message = Vec::new();
        for (data, before, behind) in &records {
            message.extend_from_slice(&outside);
            message.extend(bytes(3, &[before.clone(), field(1, 0, &[0]), bytes(3, data), behind.clone()].concat()));
        }
        let wanted: Vec<_> = records.into_iter().map(|(data, ..)| data).collect();
        prop_assert_eq!(owned(&split(&frame(&message))), wanted);
    }

    #[test]
    fn a_changed_byte_makes_it_a_plain_record(records in prop::collection::vec(data(), 1..6), at in any::<prop::sample::Index>(), change in 1u8..) {
        let mut record = aggregate(&records);
        let at = at.index(record.len());
        record[at] ^= change;
        prop_assert_eq!(owned(&split(&record)), [record]);
    }

    #[test]
    fn a_message_of_any_bytes_is_unpacked_whole_or_left_whole(message in prop::collection::vec(prop_oneof![3 => 0u8..30, 1 => any::<u8>()], 0..60)) {
        let record = frame(&message);
        let parts = split(&record);
        prop_assert!(parts.failed().is_empty());
        prop_assert!(parts.payload() == record || parts.payload().len() <= message.len());
        prop_assert!(parts.len() <= record.len() / 4);
    }

    #[test]
    fn any_bytes_are_taken(tail in prop::collection::vec(any::<u8>(), 0..60), magic in any::<bool>()) {
        let record = [if magic { MAGIC } else { b"" }, &tail].concat();
        prop_assert_eq!(owned(&split(&record)), [record]);
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    record: String,
    parts: Vec<String>,
}

#[test]
fn it_takes_apart_what_the_library_of_aws_does() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("kpl.json")).unwrap();
    let mut unpacked = 0;
    for Case { name, record, parts } in cases {
        let record = STANDARD.decode(record).unwrap();
        let wanted: Vec<_> = parts.iter().map(|part| STANDARD.decode(part).unwrap()).collect();
        let got = split(&record);
        assert_eq!(owned(&got), wanted, "{name}");
        assert_eq!(got.dropped(), usize::from(wanted.is_empty()), "{name}");
        assert!(got.failed().is_empty(), "{name}");
        unpacked += usize::from(wanted != [record]);
    }
    assert!(unpacked > 40);
}

#[test]
fn a_key_beyond_the_table_costs_nothing() {
    let record = [field(1, 0, &[9]), bytes(3, b"data")].concat();
    assert_eq!(split(&frame(&bytes(3, &record))).payload(), b"data");
}

#[test]
fn a_group_makes_it_a_plain_record() {
    let record = frame(
        &[bytes(3, &[field(1, 0, &[0]), bytes(3, b"data")].concat()), field(9, 3, b""), field(9, 4, b"")]
            .concat(),
    );
    assert_eq!(split(&record).payload(), record);
}

#[test]
fn without_the_rule_it_is_left_as_it_is() {
    let record = aggregate(&[b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(split(&record).len(), 2);
    let parts = crate::split(Rules::default(), &record);
    assert_eq!((parts.len(), parts.payload()), (1, &record[..]));
}
