//! Taking records apart: what comes out, what fails, and that nothing is lost in between.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod delimited;
mod json;
mod kpl;
mod logs;
mod stages;

use proptest::prelude::*;
use standpipe_format::split::{Parts, Rules, Splitter};

/// One record on its own.
fn split(rules: Rules, record: &[u8]) -> Parts {
    let mut parts = Parts::new();
    Splitter::new(rules).split(record, &mut parts);
    check(&parts);
    parts
}

/// What holds of parts whatever went in.
fn check(parts: &Parts) {
    assert!(parts.ends().is_sorted());
    assert_eq!(parts.ends().last().copied().unwrap_or_default() as usize, parts.payload().len());
    assert_eq!(parts.len(), parts.ends().len());
    assert_eq!(parts.is_empty(), parts.ends().is_empty());
    assert_eq!(parts.iter().collect::<Vec<_>>().concat(), parts.payload());
    assert!(parts.failed().is_sorted_by_key(|failed| failed.before));
    assert!(parts.len() + parts.failed().len() + parts.dropped() > 0, "a record is gone");
    for failed in parts.failed() {
        assert!(failed.before as usize <= parts.len());
        assert!(failed.message.len() <= 300, "{}", failed.message);
        assert!(!failed.message.contains(char::is_control), "{:?}", failed.message);
    }
}

fn owned(parts: &Parts) -> Vec<Vec<u8>> {
    parts.iter().map(<[u8]>::to_vec).collect()
}

fn texts(parts: &Parts) -> Vec<String> {
    parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// The codes of what failed, and its bytes.
fn failures(parts: &Parts) -> Vec<(&str, String)> {
    parts
        .failed()
        .iter()
        .map(|failed| (failed.code, String::from_utf8_lossy(&failed.raw).into_owned()))
        .collect()
}

/// Parts and failed bytes in the order in which they lay in a record.
fn pieces(parts: &Parts) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut failed = parts.failed().iter().peekable();
    for (number, part) in parts.iter().enumerate() {
        while let Some(unsplit) = failed.next_if(|unsplit| unsplit.before as usize == number) {
            pieces.push(&unsplit.raw[..]);
        }
        pieces.push(part);
    }
    pieces.extend(failed.map(|unsplit| &unsplit.raw[..]));
    pieces
}

/// JSON, blanks and what breaks JSON, mixed at random.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        8 => document().prop_map(String::into_bytes),
        4 => "[ \t\r\n]{0,3}".prop_map(String::into_bytes),
        2 => prop::sample::select(vec!["{", "}", "[", "]", ",", ":", "\"", "\\", "\\u12", "{\"", "nul", "tru", "-", "1e", "01", ".5", "{\"a\"", "{}"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
}

/// A JSON value with blanks anywhere.
fn document() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-z ]{0,12}",
        "[ -~]{0,20}"
            .prop_map(|text| serde_json::to_string(&text).unwrap().trim_matches('"').replace('"', "\\\"")),
        prop::sample::select(vec![
            "\\\"",
            "\\\\",
            "\\/\\b\\f\\n\\r\\t",
            "\\u00e9\\uD83d\\ude00",
            "é",
            "😀",
            "{}[]",
            "\\ud800"
        ])
        .prop_map(String::from),
    ]
    .prop_filter("one string", |text| {
        serde_json::from_str::<serde::de::IgnoredAny>(&format!("\"{text}\"")).is_ok()
    })
    .prop_map(|text| format!("\"{text}\""));
    let leaf = prop_oneof![
        string.clone(),
        any::<i32>().prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "0", "-0", "1.5e-7", "2E+3", "-10.25", "true", "false", "null", "{}", "[]", "[ ]", "{ }"
        ])
        .prop_map(String::from),
    ];
    let blank = || "[ \n\t]{0,2}";
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), blank())
                .prop_map(|(values, blank)| format!("[{blank}{}{blank}]", values.join(&format!("{blank},")))),
            (prop::collection::vec((string.clone(), inner), 0..4), blank()).prop_map(|(members, blank)| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{name}{blank}:{blank}{value}")).collect();
                format!("{{{blank}{}{blank}}}", members.join(&format!(",{blank}")))
            }),
        ]
    })
}
