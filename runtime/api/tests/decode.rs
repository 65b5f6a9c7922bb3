//! The decoder takes and refuses what serde and then base64 do, and gives the same records.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde::Deserialize;
use standpipe_api::Put;

#[derive(Debug, Deserialize)]
struct One {
    #[serde(rename = "DeliveryStreamName")]
    stream: Option<String>,
    #[serde(rename = "Record")]
    record: Option<Record>,
}

#[derive(Debug, Deserialize)]
struct Many {
    #[serde(rename = "DeliveryStreamName")]
    stream: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Option<Record>>>,
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "Data")]
    data: Option<String>,
}

/// The stream and the records, with none for those without data.
type Read = (Option<String>, Option<Vec<Option<Vec<u8>>>>);

fn by_serde(body: &[u8], many: bool) -> Option<Read> {
    // Serde takes an array for a struct, too.
    let text = std::str::from_utf8(body).ok()?;
    let (stream, records) = if many {
        let Many { stream, records } = serde_json::from_str(text).ok()?;
        (stream, records)
    } else {
        let One { stream, record } = serde_json::from_str(text).ok()?;
        (stream, record.map(|record| vec![Some(record)]))
    };
    let decode = |record: Option<Record>| {
        record
            .and_then(|record| record.data)
            .map(|data| STANDARD.decode(data).ok())
            .map_or(Some(None), |data| data.map(Some))
    };
    let records = match records {
        Some(records) => Some(records.into_iter().map(decode).collect::<Option<Vec<_>>>()?),
        None => None,
    };
    Some((stream, records))
}

fn by_us(body: &[u8], many: bool) -> Option<Read> {
    let put = if many { Put::batch(body) } else { Put::record(body) }.ok()?;
    let records = put.records.map(|records| {
        let mut from = 0;
        let each = records.ends.iter().enumerate().map(|(number, end)| {
            let data = records.payload[from..*end as usize].to_vec();
            from = *end as usize;
            let missing = records.missing.iter().any(|missing| missing.record == number);
            assert!(!missing || data.is_empty());
            (!missing).then_some(data)
        });
        each.collect()
    });
    Some((put.stream, records))
}

fn same(body: &[u8]) {
    for many in [false, true] {
        let shown = String::from_utf8_lossy(body);
        assert_eq!(by_us(body, many), by_serde(body, many), "many: {many}, {shown}");
    }
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
        r#"{"DeliveryStreamName":"a","Records":[{"Data":"YQ","Data":"YQ=="}]}"#,
        r#"{"DeliveryStreamName":"a","DeliveryStreamName":"b"}"#,
        r#"{"DeliveryStreamName":1}"#,
        r#"{"DeliveryStreamName":"a","Records":{}}"#,
        r#"{"DeliveryStreamName":"a","Records":[{"Data":[104]}]}"#,
        r#"{"DeliveryStreamName":"a","Records":["YQ=="]}"#,
        r#"{"Record":{"Data":"YQ=="},"More":[1,-2.5e+3,{"a":[true,false,null,"\ud800"]},[]]}"#,
        r#"{"DeliveryStreamName":"\ud83d\ude00"}"#,
        r#"{"DeliveryStreamName":"\ud83d"}"#,
        r#"{"DeliveryStreamName":"\ude00"}"#,
        r#"{"DeliveryStreamName":"a"}x"#,
        r#"{"DeliveryStreamName":"a",}"#,
        r#"{"Records":[{"Data":"YQ=="},]}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":nul}"#,
        r#"{"a":[}"#,
        "{\"a\":\"\u{1}\"}",
        "{\"Record\":{\"Data\":\"YQ==\n\"}}",
        r#"{"Record":{"Data":"YR=="}}"#,
        r#"{"Record":{"Data":"YQ"}}"#,
        r#"{"Record":{"Data":"Y==="}}"#,
        r#"{"Record":{"Data":"YQ==YQ=="}}"#,
        r#"{"Record":{"Data":"Y Q="}}"#,
        r#"{"Record":{"Data":"-_=="}}"#,
        "",
        "null",
        "{",
        "\u{feff}{}",
    ] {
        same(body.as_bytes());
    }
    same(b"{\"DeliveryStreamName\":\"\xff\"}");
    same(b"{\"more\":\"\xff\"}");
}

#[test]
fn depth_is_bounded() {
    let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    same(deep(60).as_bytes());
    assert!(Put::batch(deep(1_000_000).as_bytes()).is_err());
    let objects = format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    assert!(Put::batch(objects.as_bytes()).is_err());
}

/// Bodies that are nearly right, written in odd ways.
fn bodies() -> impl Strategy<Value = String> {
    let space = prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\n\t")];
    let data = prop_oneof![
        6 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| format!("\"{}\"", STANDARD.encode(bytes))),
        1 => proptest::collection::vec(any::<u8>(), 0..10)
            .prop_map(|bytes| format!("\"{}\"", STANDARD.encode(bytes).replace('/', "\\/").replace('A', "\\u0041"))),
        1 => "\"[A-Za-z+/=]{0,9}\"",
        1 => Just("null".to_owned()),
        1 => "[0-9]{1,3}",
    ];
    let record = (data, space.clone(), any::<bool>()).prop_map(|(data, space, more)| {
        let more = if more { ",\"More\":[1,{}]" } else { "" };
        format!("{{{space}\"Data\"{space}:{space}{data}{more}}}")
    });
    let records =
        proptest::collection::vec(record.clone(), 0..5).prop_map(|all| format!("[{}]", all.join(",")));
    let member = prop_oneof![
        4 => "\"[a-z\\\\u0-9]{0,6}\"".prop_map(|name| format!("\"DeliveryStreamName\":{name}")),
        4 => records.prop_map(|records| format!("\"Records\":{records}")),
        4 => record.prop_map(|record| format!("\"Record\" :{record}")),
        1 => "\"[a-z]{1,3}\":(null|true|-?[0-9.e]{1,4}|\"x\")",
    ];
    (proptest::collection::vec(member, 0..4), space)
        .prop_map(|(members, space)| format!("{space}{{{}}}{space}", members.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn nearly_right_bodies(body in bodies()) {
        same(body.as_bytes());
    }

    /// Ten thousand of these go in with five of a kind each.
    #[test]
    fn mutated_bodies(body in bodies(), changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut body = body.into_bytes();
        for (at, byte) in changes {
            let at = usize::from(at) % (body.len() + 1);
            match byte % 3 {
                0 if at < body.len() => drop(body.remove(at)),
                1 if at < body.len() => body[at] = byte,
                _ => body.insert(at, byte),
            }
            same(&body);
        }
    }
}
