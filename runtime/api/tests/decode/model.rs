//! The decoder once more, as serde and base64 have it. The fuzzer has it from here, too.

use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use standpipe_api::Put;

/// How deep what nobody asked for may lie in itself. Serde passes over any depth.
const MOST_DEPTH: usize = 64;
/// Of how many records it is noted where they end.
const MOST_NOTED: usize = 1_000;

/// An object. Serde takes an array for a struct, too; Firehose does not, and neither do we.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        from.deserialize_map(Members(PhantomData)).map(Self)
    }
}

#[derive(Deserialize)]
struct One {
    #[serde(rename = "DeliveryStreamName")]
    stream: Option<String>,
    #[serde(rename = "Record")]
    record: Option<Object<Record>>,
}

#[derive(Deserialize)]
struct Many {
    #[serde(rename = "DeliveryStreamName")]
    stream: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Option<Object<Record>>>>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "Data")]
    data: Option<String>,
}

/// The stream and the records, with none for those without data.
pub type Read = (Option<String>, Option<Vec<Option<Vec<u8>>>>);

fn by_serde(body: &[u8], many: bool) -> Option<Read> {
    // Serde does not look into strings that it passes over.
    let text = std::str::from_utf8(body).ok()?;
    let (stream, records) = if many {
        let Object(Many { stream, records }) = serde_json::from_str(text).ok()?;
        (stream, records)
    } else {
        let Object(One { stream, record }) = serde_json::from_str(text).ok()?;
        (stream, record.map(|record| vec![Some(record)]))
    };
    let decode = |record: Option<Object<Record>>| match record.and_then(|Object(record)| record.data) {
        Some(data) => STANDARD.decode(data).ok().map(Some),
        None => Some(None),
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

/// How deep arrays and objects with something in them lie in each other.
fn depth(body: &[u8]) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Holds the decoder against serde. Panics where they differ in what is not told above.
pub fn compare(body: &[u8]) {
    for many in [false, true] {
        let (ours, mut theirs) = (by_us(body, many), by_serde(body, many));
        if ours.is_none() && theirs.is_some() && depth(body) > MOST_DEPTH {
            continue;
        }
        if let Some((_, Some(records))) = &mut theirs {
            records.truncate(MOST_NOTED);
        }
        assert_eq!(ours, theirs, "many: {many}, {}", String::from_utf8_lossy(body));
    }
}

/// What is read of a body, which is the same as what serde reads of it.
#[allow(dead_code, reason = "the fuzzer only compares")]
pub fn read(body: &[u8], many: bool) -> Option<Read> {
    compare(body);
    by_us(body, many)
}
