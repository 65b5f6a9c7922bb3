//! The decoder takes and refuses what serde and then base64 do, and gives the same records.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use standpipe_api::Put;

#[path = "decode/model.rs"]
#[allow(unreachable_pub, missing_docs, reason = "others include it")]
mod model;

use model::{compare, read};

/// The data of the one record of a body.
fn data(body: &str) -> Option<Vec<u8>> {
    read(body.as_bytes(), false)?.1?.pop()?
}

fn name(body: &str) -> Option<String> {
    read(body.as_bytes(), false)?.0
}

fn is_read(body: &str) -> bool {
    read(body.as_bytes(), false).is_some()
}

#[test]
fn what_people_send() {
    for body in [
        r#"{"DeliveryStreamName":"web","Record":{"Data":"aGVsbG8="}}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"aGVsbG8="},{"Data":""},{"Data":"YQ=="}]}"#,
        r#"{"Records":[{"Data":"aGVs\/G8="},{"D\u0061ta":"aGVs\u002fG8="}],"DeliveryStreamName":"w\u0065b"}"#,
        " {\n\t\"Records\" : [ ] , \"DeliveryStreamName\" : null } \r\n",
        r#"{"DeliveryStreamName":"a","Records":null}"#,
        r#"{"DeliveryStreamName":"a","Records":[null,{"Data":null},{}]}"#,
        r#"{"Record":{"Data":"YQ=="},"More":[1,-2.5e+3,{"a":[true,false,null,"\ud800"]},[]]}"#,
        "{}",
    ] {
        assert!(read(body.as_bytes(), true).is_some(), "{body}");
    }
    let told = r#"{"DeliveryStreamName":"a","Records":[null,{"Data":"YQ=="},{"Data":null},{"Data":""},{}]}"#;
    let want = vec![None, Some(b"a".to_vec()), None, Some(Vec::new()), None];
    assert_eq!(read(told.as_bytes(), true), Some((Some("a".to_owned()), Some(want))));
}

#[test]
fn what_is_no_json_is_refused() {
    for body in [
        r#"{"DeliveryStreamName":"a"}x"#,
        r#"{"DeliveryStreamName":"a"}{}"#,
        "{}\u{0}",
        r#"{"DeliveryStreamName":"a",}"#,
        r#"{"Records":[{"Data":"YQ=="},]}"#,
        r#"{,"a":1}"#,
        r#"{"a":[,1]}"#,
        r#"{"a" 1}"#,
        r#"{"a":1 "b":2}"#,
        r#"{a:1}"#,
        r#"{'a':1}"#,
        r#"{1:1}"#,
        r#"{"a":01}"#,
        r#"{"a":-01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":1.e1}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e+}"#,
        r#"{"a":0x1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":nul}"#,
        r#"{"a":nulll}"#,
        r#"{"a":True}"#,
        r#"{"a":[}"#,
        r#"{"a":[1}}"#,
        r#"{"a":{"b":1]}"#,
        r#"{"a":/* no */1}"#,
        "{\"a\":\"\u{1}\"}",
        "{\"a\u{1f}\":0}",
        "{\"Record\":{\"Data\":\"YQ==\n\"}}",
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\u+123"}"#,
        r#"{"a":"\"#,
        r#"{"a":""#,
        r#"{"a"#,
        "",
        " ",
        "{",
        "null",
        "[]",
        r#""{}""#,
        "0",
        "\u{feff}{}",
    ] {
        assert!(!is_read(body), "{body}");
    }
    for number in ["0", "-0", "-0.0", "1e999", "1E-999", "0e0", "123456789012345678901234567890", "0.1e+01"] {
        assert!(is_read(&format!(r#"{{"a":{number}}}"#)), "{number}");
    }
}

#[test]
fn text_that_is_no_utf_8_is_refused_wherever_it_stands() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        for (before, after) in [
            ("{\"DeliveryStreamName\":\"", "\"}"),
            ("{\"more\":\"", "\"}"),
            ("{\"", "\":0}"),
            ("{\"Record\":{\"Data\":\"", "\"}}"),
            ("{}", ""),
            ("", "{}"),
        ] {
            let body = [before.as_bytes(), bytes, after.as_bytes()].concat();
            assert_eq!(read(&body, false), None, "{}", body.escape_ascii());
        }
    }
}

#[test]
fn escapes_stand_for_what_they_do_everywhere() {
    assert_eq!(data(r#"{"Record":{"Data":"\/\/\u002f\u002F"}}"#), Some(vec![0xff; 3]));
    assert_eq!(data(r#"{"Record":{"Data":"\u0059\u0051\u003d\u003d"}}"#), Some(b"a".to_vec()));
    assert_eq!(data(r#"{"R\u0065cord":{"\u0044ata":"YQ=="}}"#), Some(b"a".to_vec()));
    assert_eq!(data(r#"{"Record":{"Data":"YQ==\n"}}"#), None);
    assert_eq!(data(r#"{"Record":{"Data":"Y\u00e9=="}}"#), None);
    assert_eq!(
        name(r#"{"DeliveryStreamName":"\"\\\/\b\f\n\r\t\u0000"}"#).unwrap(),
        "\"\\/\u{8}\u{c}\n\r\t\0"
    );
    assert_eq!(name(r#"{"D\u0065liveryStreamName":"\u0041\u00e9é\u20AC"}"#).unwrap(), "Aéé€");
    // A name that is written as another is that other one.
    assert!(!is_read(r#"{"Record":null,"Recor\u0064":null}"#));
    for byte in 0..=0x7f_u8 {
        let char = char::from(byte);
        compare(format!("{{\"DeliveryStreamName\":\"\\{char}\"}}").as_bytes());
        compare(format!("{{\"DeliveryStreamName\":\"{char}\"}}").as_bytes());
        compare(format!("{{\"more\":[\"\\{char}\"]}}").as_bytes());
        compare(format!("{{\"DeliveryStreamName\":\"\\u{byte:04x}\"}}").as_bytes());
    }
}

#[test]
fn half_a_pair_of_surrogates_is_refused_where_it_is_read_and_passed_over_where_it_is_not() {
    assert_eq!(name(r#"{"DeliveryStreamName":"\ud83d\ude00"}"#).unwrap(), "😀");
    assert_eq!(name(r#"{"DeliveryStreamName":"\uDBFF\uDFFF"}"#).unwrap(), "\u{10ffff}");
    for half in [
        r"\ud83d",
        r"\ude00",
        r"\ude00\ud83d",
        r"\ud83d\ud83d\ude00",
        r"\ud83d\n",
        r"\ud83dx",
        r"\ud83d\u0041",
    ] {
        assert!(!is_read(&format!(r#"{{"DeliveryStreamName":"{half}"}}"#)), "{half}");
        assert!(!is_read(&format!(r#"{{"{half}":0}}"#)), "{half}");
        assert!(!is_read(&format!(r#"{{"Record":{{"{half}":0}}}}"#)), "{half}");
        assert!(is_read(&format!(r#"{{"more":"{half}"}}"#)), "{half}");
        assert!(is_read(&format!(r#"{{"more":{{"{half}":0}}}}"#)), "{half}");
    }
}

#[test]
fn space_is_what_json_has_and_nothing_else() {
    for byte in 0..=0x7f_u8 {
        let space = char::from(byte);
        for body in [
            format!("{space}{{}}"),
            format!("{{}}{space}"),
            format!("{{{space}}}"),
            format!("{{\"Records\"{space}:[]}}"),
            format!(
                "{{\"Records\":{space}[{space}{{\"Data\":{space}\"YQ==\"{space}}}{space}]{space},\"a\":0}}"
            ),
            format!("{{\"a\":0{space}}}"),
        ] {
            compare(body.as_bytes());
            let is_space = matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            // A digit goes on with a number.
            assert!(is_space == is_read(&body) || byte.is_ascii_digit(), "{body:?}");
        }
    }
    for space in ["\u{85}", "\u{a0}", "\u{2028}", "\u{3000}", "\u{feff}"] {
        assert!(!is_read(&format!("{space}{{}}")) && !is_read(&format!("{{}}{space}")));
    }
}

#[test]
fn what_is_asked_for_stands_once_and_what_is_not_as_often_as_it_likes() {
    // As serde has it: no two readers of a body take two values from it.
    for body in [
        r#"{"DeliveryStreamName":"a","DeliveryStreamName":"a"}"#,
        r#"{"DeliveryStreamName":null,"DeliveryStreamName":"a"}"#,
        r#"{"Record":{"Data":"YQ=="},"Record":null}"#,
        r#"{"Record":{"Data":"YQ==","Data":"YQ=="}}"#,
        r#"{"Record":{"Data":null,"D\u0061ta":"YQ=="}}"#,
    ] {
        assert!(!is_read(body), "{body}");
    }
    assert!(read(br#"{"Records":[],"Records":[]}"#, true).is_none());
    // `Records` is nothing that PutRecord asks for.
    assert!(is_read(r#"{"Records":[],"Records":0,"a":1,"a":2}"#));
    assert!(is_read(r#"{"Record":{"data":0,"DATA":0,"a":0,"a":0}}"#));
}

#[test]
fn every_other_kind_of_value_is_refused() {
    let kinds = ["0", "true", "\"YQ==\"", "[]", "{}", "[\"YQ==\"]", "[null]", "[{\"Data\":\"YQ==\"}]"];
    for (before, after, right) in [
        ("{\"DeliveryStreamName\":", "}", &["\"YQ==\""][..]),
        ("{\"Record\":", "}", &["{}"]),
        ("{\"Record\":{\"Data\":", "}}", &["\"YQ==\""]),
    ] {
        for kind in kinds {
            let body = format!("{before}{kind}{after}");
            assert_eq!(is_read(&body), right.contains(&kind), "{body}");
        }
    }
    for kind in kinds {
        let body = format!("{{\"Records\":{kind}}}");
        let right = ["[]", "[null]", "[{\"Data\":\"YQ==\"}]"].contains(&kind);
        assert_eq!(read(body.as_bytes(), true).is_some(), right, "{body}");
    }
}

#[test]
fn base64_is_as_strict_as_its_standard() {
    let accepts = |text: &str| {
        let ours = data(&format!(r#"{{"Record":{{"Data":"{text}"}}}}"#));
        assert_eq!(ours, STANDARD.decode(text).ok(), "{text}");
        ours.is_some()
    };
    for text in ["", "YQ==", "YWI=", "YWJj", "++//", "YWJjYQ=="] {
        assert!(accepts(text), "{text}");
    }
    for text in [
        "Y", "YQ", "YQ=", "YQ===", "YQ====", "YWI", "YWI==", "YWJjY", "=", "==", "====", "YQ==YQ==", "Y=Q=",
        "Y Q=", "-_==", "YWJj====", "YWJj=", "YQ= =",
    ] {
        assert!(!accepts(text), "{text}");
    }
    // Bits that stand for nothing are zero.
    let alphabet: Vec<char> =
        (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").map(char::from).collect();
    let count = |wrap: &dyn Fn(char) -> String| alphabet.iter().filter(|char| accepts(&wrap(**char))).count();
    assert_eq!(count(&|char| format!("Y{char}==")), 4);
    assert_eq!(count(&|char| format!("YW{char}=")), 16);
    assert_eq!(count(&|char| format!("YWJ{char}")), 64);
    // In every place of long texts, of which many bytes are decoded at a time.
    let long = STANDARD.encode([b'x'; 96]);
    for at in 0..long.len() {
        for byte in [b'=', b'-', b'_', b'.', b'`', b'@', b'[', b' ', 0x7f] {
            let mut text = long.clone().into_bytes();
            text[at] = byte;
            assert!(!accepts(std::str::from_utf8(&text).unwrap()), "{byte} at {at}");
        }
    }
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |depth: usize| format!("{{\"a\":{}0{}}}", open.repeat(depth), close.repeat(depth));
        assert!(is_read(&deep(63)));
        assert!(is_read(&deep(64)));
        assert!(!is_read(&deep(65)));
        assert!(!is_read(&deep(1_000_000)));
        // Also where none of it is closed.
        assert!(Put::batch(&deep(1_000_000).as_bytes()[..1_000_000]).is_err());
    }
    assert!(Put::batch("[".repeat(8 << 20).as_bytes()).is_err());
    assert!(Put::batch(format!("{{\"a\":{}", "[".repeat(8 << 20)).as_bytes()).is_err());
}

#[test]
fn of_more_records_than_a_request_may_have_not_all_are_noted() {
    let items = vec!["{\"Data\":\"YQ==\"},{}"; 1_000].join(",");
    let put = Put::batch(format!("{{\"Records\":[{items}]}}").as_bytes()).unwrap();
    let records = put.records.unwrap();
    assert_eq!((records.ends.len(), records.missing.len()), (1_000, 500));
    compare(format!("{{\"Records\":[{items}]}}").as_bytes());
    // But all of them are checked.
    assert!(Put::batch(format!("{{\"Records\":[{items},{{\"Data\":\"Y\"}}]}}").as_bytes()).is_err());
}

#[path = "decode/drawn.rs"]
mod drawn;
