use proptest::prelude::*;
use standpipe_format::split::{Deaggregate, MAX_SEPARATOR_BYTES, MAX_SUB_RECORDS, Parts, Rules, Separator};
use standpipe_record::Kind;

use crate::{owned, texts};

fn split(separator: &[u8], record: &[u8]) -> Parts {
    let deaggregate = Some(Deaggregate::delimited(separator).unwrap());
    crate::split(Rules { deaggregate, ..Rules::default() }, record)
}

/// The first place of `needle`, looked for the slow way.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn all_but_the_separators_comes_out(separator in "[ab#]{1,3}", record in "[ab#]{0,40}") {
        let (separator, record) = (separator.as_bytes(), record.as_bytes());
        let parts = split(separator, record);
        prop_assert!(parts.failed().is_empty());
        let mut wanted = Vec::new();
        let mut rest = record;
        while let Some(at) = find(rest, separator) {
            wanted.push(&rest[..at]);
            rest = &rest[at + separator.len()..];
        }
        wanted.push(rest);
        wanted.retain(|part| !part.is_empty());
        if wanted.is_empty() {
            wanted.push(record);
        }
        prop_assert_eq!(parts.iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_was_joined_comes_apart(separator in prop::collection::vec(any::<u8>(), 1..5), records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 1..20), ended in any::<bool>()) {
        // A separator may also come about across a seam, so the parts are taken that have none of its bytes.
        let records: Vec<_> = records.into_iter().map(|record| record.into_iter().filter(|byte| !separator.contains(byte)).collect::<Vec<_>>()).filter(|record| !record.is_empty()).collect();
        prop_assume!(!records.is_empty());
        let mut joined = records.join(&separator[..]);
        if ended {
            joined.extend_from_slice(&separator);
        }
        prop_assert_eq!(owned(&split(&separator, &joined)), records);
    }

    #[test]
    fn every_part_splits_into_itself(separator in "[ab#]{1,3}", record in "[ab#]{0,40}") {
        for part in split(separator.as_bytes(), record.as_bytes()).iter() {
            prop_assert_eq!(owned(&split(separator.as_bytes(), part)), [part]);
        }
    }
}

#[test]
fn empty_parts_are_left_out() {
    for (record, parts) in [
        ("a####b", &["a", "b"][..]),
        ("a####b####", &["a", "b"]),
        ("####a########b", &["a", "b"]),
        ("a###b", &["a###b"]),
        ("a#####b", &["a", "#b"]),
        // Nothing would come out of these.
        ("####", &["####"]),
        ("########", &["########"]),
        ("", &[""]),
    ] {
        assert_eq!(texts(&split(b"####", record.as_bytes())), parts, "{record}");
    }
}

#[test]
fn more_than_500_are_not_split() {
    for (records, parts) in [(MAX_SUB_RECORDS, MAX_SUB_RECORDS), (MAX_SUB_RECORDS + 1, 1), (5_000, 1)] {
        for record in [vec!["a"; records].join("\n"), "a\n".repeat(records), "a\n\n".repeat(records)] {
            let split = split(b"\n", record.as_bytes());
            assert_eq!(split.len(), parts);
            if parts == 1 {
                assert_eq!(texts(&split), [record]);
            }
        }
    }
}

#[test]
fn a_separator_has_1_to_1024_bytes() {
    assert_eq!(Separator::new(b"####").unwrap().as_bytes(), b"####");
    assert_eq!(Separator::new(b"a"), Separator::new(b"a"));
    assert_ne!(Separator::new(b"a"), Separator::new(b"b"));
    let long = vec![b'#'; MAX_SEPARATOR_BYTES];
    assert_eq!(split(&long, &[&long[..], b"a"].concat()).payload(), b"a");
    for bytes in [0, MAX_SEPARATOR_BYTES + 1] {
        let error = Separator::new(&vec![b'#'; bytes]).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        let message =
            format!("a separator has 1 to 1024 bytes, this one has {bytes}; give one of them, such as `\\n`");
        assert_eq!(error.to_string(), message);
    }
}
