use proptest::prelude::*;
use serde::de::IgnoredAny;
use standpipe_format::split::{Deaggregate, MAX_SUB_RECORDS, Parts, Rules};
use standpipe_record::Cause;

use crate::{document, failures, jsonish, pieces, texts};

fn split(record: impl AsRef<[u8]>) -> Parts {
    let rules = Rules { deaggregate: Some(Deaggregate::Json), ..Rules::default() };
    crate::split(rules, record.as_ref())
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| b" \t\r\n".contains(byte))
}

/// What serde_json finds at the beginning: the objects before anything else, and where it stands behind them.
fn leading_objects(record: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut stream = serde_json::Deserializer::from_slice(record).into_iter::<IgnoredAny>();
    let (mut objects, mut behind) = (Vec::new(), 0);
    while let Some(Ok(_)) = stream.next() {
        let document = record.get(behind..stream.byte_offset()).unwrap().trim_ascii_start();
        if document.first() != Some(&b'{') || std::str::from_utf8(document).is_err() {
            break;
        }
        objects.push(document);
        behind = stream.byte_offset();
    }
    (objects, behind)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn all_but_the_blanks_between_documents_comes_out_in_order(record in jsonish()) {
        let parts = split(&record);
        let pieces = pieces(&parts);
        if pieces == [&record[..]] {
            return Ok(());
        }
        let mut rest = &record[..];
        for piece in pieces {
            prop_assert!(!is_blank(piece));
            let blank = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            rest = rest[blank..].strip_prefix(piece).unwrap();
        }
        prop_assert!(is_blank(rest));
    }

    #[test]
    fn it_takes_for_an_object_what_serde_json_does(record in jsonish()) {
        let (objects, behind) = leading_objects(&record);
        let parts = split(&record);
        let first_failure = parts.failed().first().map_or(parts.len(), |failed| failed.before as usize);
        if objects.is_empty() && is_blank(&record) {
            prop_assert_eq!(parts.payload(), &record[..]);
        } else {
            prop_assert_eq!(parts.iter().take(first_failure).collect::<Vec<_>>(), objects);
            prop_assert_eq!(parts.failed().is_empty(), is_blank(&record[behind..]));
        }
    }

    #[test]
    fn every_part_is_an_object_and_splits_into_itself(record in jsonish()) {
        let parts = split(&record);
        for part in parts.iter().filter(|part| !is_blank(part)) {
            prop_assert!(serde_json::from_slice::<IgnoredAny>(part).is_ok());
            prop_assert_eq!(part[0], b'{');
            let again = split(part);
            prop_assert_eq!(again.iter().collect::<Vec<_>>(), vec![part]);
            prop_assert!(again.failed().is_empty());
        }
    }

    #[test]
    fn what_failed_fails_again_with_the_same_words_but_for_the_place(record in jsonish()) {
        for failed in split(&record).failed() {
            let again = split(&failed.raw);
            prop_assert_eq!(failed.cause, Cause::Deaggregation);
            prop_assert_eq!(again.failed().first().map(|again| (again.code, &again.raw[..])), Some((failed.code, &failed.raw[..])));
        }
    }

    #[test]
    fn a_whole_document_is_one_part_or_one_failure(document in document()) {
        let parts = split(&document);
        if document.starts_with('{') {
            prop_assert_eq!(texts(&parts), [document]);
        } else {
            prop_assert_eq!(failures(&parts), [("not-an-object", document)]);
        }
    }

    #[test]
    fn a_document_cut_short_is_never_taken(document in document(), at in any::<prop::sample::Index>()) {
        let document = format!("{{\"a\":{document}}}");
        let cut = &document.as_bytes()[..1 + at.index(document.len() - 1)];
        let parts = split(cut);
        prop_assert_eq!(parts.len(), 0);
        prop_assert_eq!(&parts.failed()[0].raw, cut);
    }

    #[test]
    fn any_bytes_are_taken(record in prop::collection::vec(any::<u8>(), 0..200)) {
        split(&record);
    }
}

#[test]
fn objects_lie_end_to_end_or_on_lines() {
    for record in [r#"{"a":1}{"a":2}"#, "{\"a\":1}\n{\"a\":2}", " {\"a\":1}\r\n\t{\"a\":2} \n\n"] {
        assert_eq!(texts(&split(record)), [r#"{"a":1}"#, r#"{"a":2}"#]);
    }
    assert_eq!(texts(&split("{\"a\":\n 1 }\n")), ["{\"a\":\n 1 }"]);
}

#[test]
fn a_record_with_nothing_in_it_is_one_part() {
    for record in ["", " ", "\n\n"] {
        assert_eq!(texts(&split(record)), [record]);
    }
}

#[test]
fn another_value_fails_alone() {
    let parts = split(r#"{"a":1} [{"b":2}, {"b":3}] {"c":4}"#);
    assert_eq!(texts(&parts), [r#"{"a":1}"#, r#"{"c":4}"#]);
    assert_eq!(failures(&parts), [("not-an-object", r#"[{"b":2}, {"b":3}]"#.into())]);
    assert_eq!(
        parts.failed()[0].message,
        "the value at byte 8 is an array, and only objects are split; send objects one after another, without an array around them"
    );
    for (value, what) in [("1", "a number"), ("\"{}\"", "a string"), ("true", "a boolean"), ("null", "null")]
    {
        let parts = split(value);
        assert_eq!(failures(&parts), [("not-an-object", value.into())]);
        assert!(parts.failed()[0].message.contains(what), "{}", parts.failed()[0].message);
    }
}

#[test]
fn what_is_no_json_fails_with_all_that_is_behind_it() {
    for (record, message) in [
        ("{\"a\":1}\n{\"b\":\n{\"c\":2}", "it ends at byte 21 in the middle of a value"),
        ("{\"a\":1}\n{\"b\" 2}\n{\"c\":2}", "byte 13 is `2` where `:` should be"),
        ("{\"a\":1}\n,{\"b\":2}", "byte 8 is `,` where a value should be"),
        ("{\"a\":1}\n{\"b\":2,}", "byte 15 is `}` where a name in quotes should be"),
        ("{\"a\":1}\n{\"b\":[1 2]}", "byte 16 is `2` where `,` or `]` should be"),
        ("{\"a\":1}\n{\"b\":1]", "byte 14 is `]` where `,` or `}` should be"),
        ("{\"a\":1}\n{\"b\":\"\n\"}", "byte 14 is `\\n` where an escaped control character should be"),
        ("{\"a\":1}\n{\"b\":\"\\x\"}", "byte 15 is `x` where an escape should be"),
        ("{\"a\":1}\n{\"b\":\"\\u12g4\"}", "byte 18 is `g` where a hexadecimal digit should be"),
        ("{\"a\":1}\n{\"b\":01}", "byte 14 is `1` where `,` or `}` should be"),
        ("{\"a\":1}\n{\"b\":-}", "byte 14 is `}` where a digit should be"),
        ("{\"a\":1}\n{\"b\":nul}", "byte 16 is `}` where `true`, `false` or `null` should be"),
    ] {
        let parts = split(record);
        assert_eq!(texts(&parts), [r#"{"a":1}"#], "{record}");
        assert_eq!(failures(&parts), [("not-json", record.split_at(8).1.into())]);
        assert_eq!(
            parts.failed()[0].message,
            format!("not JSON objects one after another: {message}; what is before it was taken")
        );
        assert_eq!((parts.failed()[0].cause, parts.failed()[0].before), (Cause::Deaggregation, 1));
    }
}

#[test]
fn json_is_utf8() {
    let parts = split(b"{\"a\":1}{\"b\":\"\xff\"}{\"c\":2}");
    assert_eq!(texts(&parts), [r#"{"a":1}"#]);
    assert_eq!(parts.failed()[0].raw, b"{\"b\":\"\xff\"}{\"c\":2}");
    assert!(parts.failed()[0].message.contains("byte 13 is not UTF-8"), "{}", parts.failed()[0].message);
    assert_eq!(split(b"{\"a\":1}\xc3").failed()[0].raw, b"\xc3");
}

#[test]
fn depth_costs_no_stack() {
    for (levels, taken) in [(128, true), (129, false), (1_000_000, false)] {
        let record = format!("{{}}{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let parts = split(&record);
        assert_eq!(parts.len(), if taken { 2 } else { 1 });
        assert_eq!(
            parts.failed().iter().map(|failed| failed.code).collect::<Vec<_>>(),
            vec!["too-deep"; usize::from(!taken)]
        );
    }
    // Objects and arrays in turn, so that a bit of the wrong level would be seen.
    let record = format!("{}1{}", "{\"a\":[".repeat(64), "]}".repeat(64));
    assert_eq!(texts(&split(&record)), [&*record]);
}

#[test]
fn more_than_500_are_not_split() {
    for (documents, parts) in [(MAX_SUB_RECORDS, MAX_SUB_RECORDS), (MAX_SUB_RECORDS + 1, 1), (5_000, 1)] {
        let record = "{\"a\":1}\n".repeat(documents);
        let split = split(&record);
        assert_eq!((split.len(), split.failed().len()), (parts, 0));
        if parts == 1 {
            assert_eq!(texts(&split), [record]);
        }
    }
    // Neither do failures pass it: they are taken back, too.
    assert_eq!(split("1 ".repeat(MAX_SUB_RECORDS)).failed().len(), MAX_SUB_RECORDS);
    let record = "{} 1 ".repeat(251);
    assert_eq!(texts(&split(&record)), [&*record]);
    // What is behind 500 good ones is a failure if it is none.
    let parts = split("{}".repeat(MAX_SUB_RECORDS) + "{");
    assert_eq!((parts.len(), failures(&parts)), (MAX_SUB_RECORDS, vec![("not-json", "{".into())]));
}

#[test]
fn each_character_is_looked_at_wherever_it_stands() {
    for character in 0..=0x7f_u8 {
        for before in 0..20 {
            let mut record = b"{\"".to_vec();
            record.extend(std::iter::repeat_n(b'a', before));
            record.push(character);
            record.extend_from_slice(b"nnnnnnnnn\":1}");
            let taken = serde_json::from_slice::<IgnoredAny>(&record).is_ok();
            assert_eq!(split(&record).failed().is_empty(), taken, "{record:?}");
        }
    }
    for digits in ["00e9", "g0e9", "0g0e", "00g9", "00eg", "00E\\"] {
        let record = format!(r#"{{"\u{digits}":1}}"#);
        assert_eq!(split(&record).failed().is_empty(), serde_json::from_str::<IgnoredAny>(&record).is_ok());
    }
}
