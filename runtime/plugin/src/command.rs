//! Lambda's contract: the event that Firehose gives to a function, and its reply. A WASI command reads the one on standard
//! input and writes the other on standard output. As there, a reply is final, however malformed.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use standpipe_record::View;

use crate::contract::{FailureOut, OutcomesOut};
use crate::each;
use crate::instance::CallError;
use crate::wasi::mixed;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    invocation_id: String,
    delivery_stream_arn: &'a str,
    region: &'a str,
    records: Vec<Record>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    record_id: String,
    approximate_arrival_timestamp: u64,
    data: String,
}

/// What `init` would be told of where it runs.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Context<'a> {
    #[serde(borrow)]
    arn: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    region: std::borrow::Cow<'a, str>,
}

/// The event for these records, JSON. Its invocation id follows from `seed`.
pub(crate) fn event(input: View<'_>, context: &str, seed: u64) -> Vec<u8> {
    let context: Context<'_> = serde_json::from_str(context).unwrap_or_default();
    let (high, low) = (mixed(seed), mixed(seed ^ 1));
    let hex = format!("{high:016x}{low:016x}");
    let part = |range| hex.get(range).unwrap_or_default();
    let records = (0..input.len()).map(|index| Record {
        record_id: record_id(index),
        approximate_arrival_timestamp: input.arrival_ms().get(index).copied().unwrap_or_default(),
        data: STANDARD.encode(payload(input, index)),
    });
    let event = Event {
        // The form of a random UUID.
        invocation_id: format!(
            "{}-{}-4{}-a{}-{}",
            part(0..8),
            part(8..12),
            part(13..16),
            part(17..20),
            part(20..32)
        ),
        delivery_stream_arn: &context.arn,
        region: &context.region,
        records: records.collect(),
    };
    serde_json::to_vec(&event).unwrap_or_default()
}

fn payload(input: View<'_>, index: usize) -> &[u8] {
    let base = input.base();
    let end = |index: usize| input.ends().get(index).map_or(0, |end| (end - base) as usize);
    let start = index.checked_sub(1).map_or(0, end);
    input.payload().get(start..end(index)).unwrap_or_default()
}

/// A record's id within an event: as long as Firehose's, unique there, and to be compared only.
fn record_id(index: usize) -> String {
    format!("{index:056}000000")
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    records: Option<Vec<Answer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    record_id: Option<String>,
    #[serde(default)]
    result: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    partition_keys: Option<BTreeMap<String, String>>,
}

/// What became of `count` records by `reply`, each in one place. Codes and messages are Firehose's.
pub(crate) fn outcomes(reply: &[u8], count: usize) -> Result<OutcomesOut, CallError> {
    let reply: Reply = serde_json::from_slice(reply).map_err(|error| CallError {
        code: "Lambda.JsonProcessingException".into(),
        ..CallError::invalid(format!("its reply is not the JSON that Firehose wants: {error}"))
    })?;
    let mut answers: Vec<Option<Answer>> = std::iter::repeat_with(|| None).take(count).collect();
    let mut twice = vec![false; count];
    for answer in reply.records.unwrap_or_default() {
        // An id that was not given is passed over.
        let Some(index) = answer.record_id.as_deref().and_then(|id| index_of(id, count)) else { continue };
        if let (Some(place), Some(twice)) = (answers.get_mut(index), twice.get_mut(index)) {
            *twice |= place.is_some();
            *place = Some(answer);
        }
    }
    let mut out = OutcomesOut::default();
    let mut outputs = Vec::new();
    for (index, (answer, twice)) in (0u32..).zip(answers.into_iter().zip(twice)) {
        match verdict(answer, twice) {
            Verdict::Ok { data, keys } => {
                out.payload.extend_from_slice(&data);
                out.ends.push(each::offset(out.payload.len())?);
                out.origins.push(index);
                outputs.push(keys);
            }
            Verdict::Dropped => out.dropped.push(index),
            Verdict::Failed(code, message) => {
                out.failed.push(FailureOut { index, code: code.into(), message: message.into() });
            }
        }
    }
    let rows = outputs.iter().map(|keys| keys.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    out.columns = each::columns(rows, outputs.len())?;
    Ok(out)
}

/// The number of the record with this id: only the ids that were given count.
fn index_of(id: &str, count: usize) -> Option<usize> {
    let digits = id.strip_suffix("000000").filter(|digits| digits.len() == 56)?;
    let index: usize = digits.parse().ok()?;
    (index < count && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(index)
}

enum Verdict {
    Ok { data: Vec<u8>, keys: BTreeMap<String, String> },
    Dropped,
    Failed(&'static str, &'static str),
}

fn verdict(answer: Option<Answer>, twice: bool) -> Verdict {
    let Some(answer) = answer else {
        return Verdict::Failed(
            "Lambda.MissingRecordId",
            "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
        );
    };
    if twice {
        return Verdict::Failed(
            "Lambda.DuplicatedRecordId",
            "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique \
             record Id for each record.",
        );
    }
    match answer.result.as_deref() {
        Some("Dropped") => Verdict::Dropped,
        Some("ProcessingFailed") => {
            Verdict::Failed("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record")
        }
        Some("Ok") => {
            let Some(data) = answer.data else {
                return Verdict::Failed(
                    "Lambda.InvalidReturnFormat",
                    "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and \
                     processing result is Ok. The value field cannot be null when the SourceType is MSKAsSource and \
                     processing result is Ok.",
                );
            };
            match STANDARD.decode(data.as_bytes()) {
                Ok(data) => {
                    let keys = answer.metadata.and_then(|metadata| metadata.partition_keys);
                    Verdict::Ok { data, keys: keys.unwrap_or_default() }
                }
                Err(_) => Verdict::Failed("Lambda.JsonMappingException", "the data is not base64"),
            }
        }
        _ => Verdict::Failed(
            "Lambda.FunctionError",
            "the result is none of `Ok`, `Dropped` and `ProcessingFailed`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use standpipe_record::Batch;

    use super::*;

    fn reply(records: &str) -> OutcomesOut {
        let records = records.replace("ID0", &record_id(0)).replace("ID1", &record_id(1));
        outcomes(format!(r#"{{"records":{records}}}"#).as_bytes(), 2).unwrap()
    }

    fn codes(out: &OutcomesOut) -> Vec<(u32, &str)> {
        out.failed.iter().map(|failed| (failed.index, failed.code.as_str())).collect()
    }

    #[test]
    fn the_event_is_firehoses() {
        let mut batch = Batch::new();
        batch.push(b"hello", 1_495_072_949_453).unwrap();
        batch.push(b"", 7).unwrap();
        let context =
            r#"{"stream":"s","arn":"arn:aws:firehose:us-east-1:0:deliverystream/s","region":"us-east-1"}"#;
        let event: serde_json::Value = serde_json::from_slice(&event(batch.view(), context, 5)).unwrap();
        assert_eq!(event["region"], "us-east-1");
        assert_eq!(event["deliveryStreamArn"], "arn:aws:firehose:us-east-1:0:deliverystream/s");
        assert_eq!(event["records"][0]["data"], "aGVsbG8=");
        assert_eq!(event["records"][0]["approximateArrivalTimestamp"], 1_495_072_949_453u64);
        assert_eq!(event["records"][1]["data"], "");
        assert_eq!(event["invocationId"].as_str().unwrap().len(), 36);
        assert_eq!(event["records"][0]["recordId"].as_str().unwrap().len(), 62);
    }

    #[test]
    fn records_may_come_back_in_any_order_with_their_keys() {
        let out = reply(
            r#"[{"recordId":"ID1","result":"Ok","data":"Yg==","metadata":{"partitionKeys":{"k":"v"}}},
                {"recordId":"ID0","result":"Ok","data":"YQ=="},{"recordId":"other","result":"Ok"}]"#,
        );
        assert_eq!((out.payload.as_slice(), out.origins.as_slice()), (&b"ab"[..], &[0, 1][..]));
        assert_eq!(out.columns.len(), 1);
        assert_eq!((out.columns[0].name.as_str(), out.columns[0].values.as_slice()), ("k", &b"v"[..]));
        assert_eq!(out.columns[0].index, [standpipe_record::ABSENT, 0]);
    }

    #[test]
    fn every_malformed_answer_fails_its_record_alone() {
        let cases = [
            (r#"{"recordId":"ID0","result":"ProcessingFailed"}"#, "Lambda.ProcessingFailedStatus"),
            (r#"{"recordId":"ID0","result":"Ok"}"#, "Lambda.InvalidReturnFormat"),
            (r#"{"recordId":"ID0","result":"Ok","data":"?"}"#, "Lambda.JsonMappingException"),
            (r#"{"recordId":"ID0","result":"ok","data":"YQ=="}"#, "Lambda.FunctionError"),
            (r#"{"recordId":"x"}"#, "Lambda.MissingRecordId"),
            (
                r#"{"recordId":"ID0","result":"Ok","data":""},{"recordId":"ID0","result":"Dropped"}"#,
                "Lambda.DuplicatedRecordId",
            ),
        ];
        for (answer, code) in cases {
            let out = reply(&format!(r#"[{answer},{{"recordId":"ID1","result":"Dropped"}}]"#));
            assert_eq!(codes(&out), [(0, code)], "{answer}");
            assert_eq!(out.dropped, [1]);
        }
        assert_eq!(codes(&reply("[]")).len(), 2);
        assert_eq!(codes(&reply("null")).len(), 2);
        assert_eq!(outcomes(b"oops", 2).unwrap_err().code, "Lambda.JsonProcessingException");
    }
}
