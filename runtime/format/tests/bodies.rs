//! Bodies: records laid into a buffer, and the lines of the error output.
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_format::{Attempt, Delimiter, Place, append_records, write_failed};
use standpipe_record::{Batch, Cause, Failure, PluginId};

fn failure(cause: Cause) -> Failure {
    Failure {
        index: 0,
        cause,
        code: String::new(),
        message: String::new(),
        plugin: None,
        captured: String::new(),
        backtrace: String::new(),
        attempts: 1,
    }
}

const ATTEMPT: Attempt = Attempt { arrival_ms: 1_789_014_240_448, ended_ms: 1_789_014_301_529 };

fn line(raw: &[u8], failure: &Failure, place: Option<Place>) -> String {
    let mut out = b"before\n".to_vec();
    write_failed(&mut out, raw, failure, ATTEMPT, place);
    String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned()
}

#[test]
fn a_failed_record_is_firehoses_line_with_ours_behind() {
    // The first six members are a line that Firehose wrote, byte for byte.
    let firehose = r#"{"rawData":"RkFJTCB0aGlzIG9uZQo=","errorCode":"Lambda.ProcessingFailedStatus","errorMessage":"ProcessingFailed status set for record","attemptsMade":1,"arrivalTimestamp":1789014240448,"attemptEndingTimestamp":1789014301529"#;
    let mut returned = failure(Cause::Returned);
    assert_eq!(line(b"FAIL this one\n", &returned, None), format!("{firehose}}}\n"));

    returned.plugin = Some(Arc::new(PluginId { name: "apache".into(), digest: "sha256:00".into() }));
    returned.code = "no-match".into();
    returned.message = "not a log line: \"\u{1b}\"".into();
    returned.captured = "a\nb".into();
    returned.backtrace = "0: parse\n1: transform".into();
    let place = Place { offset: 12, length: 2_000_000 };
    let ours = r#","plugin":"apache","pluginDigest":"sha256:00","code":"no-match","message":"not a log line: \"\u001b\"","capturedOutput":"a\nb","backtrace":"0: parse\n1: transform","offset":12,"length":2000000}"#;
    assert_eq!(line(b"FAIL this one\n", &returned, Some(place)), format!("{firehose}{ours}\n"));
}

#[test]
fn every_cause_has_the_code_that_readers_know() {
    for (cause, code, message) in [
        (Cause::Returned, "Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record"),
        (Cause::Missing, "Lambda.MissingRecordId", "One or more record Ids were not returned."),
        (Cause::Contradiction, "Lambda.DuplicatedRecordId", "Multiple records were returned"),
        (Cause::InvalidAnswer, "Lambda.InvalidReturnFormat", "The plugin's answer"),
        (Cause::OutputLimit, "Lambda.FunctionError", "The Lambda function was successfully invoked but"),
        (Cause::Trap, "Lambda.FunctionError", "The Lambda function was successfully invoked but"),
        (Cause::TimedOut, "Lambda.FunctionTimedOut", "The Lambda function invocation timed out."),
        (Cause::Refused, "Standpipe.RecordRefused", "The record was refused"),
    ] {
        let line: Value = serde_json::from_str(&line(b"x", &failure(cause), None)).unwrap();
        assert_eq!(line["errorCode"], json!(code));
        assert!(line["errorMessage"].as_str().unwrap().starts_with(message), "{line}");
    }
}

fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let record = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::collection::vec(prop::sample::select(vec![b'\n', b'\r', b'a']), 0..4),
    ];
    prop::collection::vec(record, 0..12)
}

proptest! {
    #[test]
    fn records_are_laid_out_as_one_by_one(records in records(), cut in 0usize..12, count in 0usize..12) {
        let mut batch = Batch::new();
        for record in &records {
            batch.push(record, 0).unwrap();
        }
        let cut = cut.min(records.len());
        let count = count.min(records.len() - cut);
        let mut expected = b"before".to_vec();
        for record in &records[cut..cut + count] {
            expected.extend(record);
            if !record.ends_with(b"\n") {
                expected.push(b'\n');
            }
        }
        let view = batch.view().slice(cut..cut + count);
        let mut out = b"before".to_vec();
        append_records(&mut out, view, Delimiter::Newline);
        prop_assert_eq!(out, expected);
        let mut out = b"before".to_vec();
        append_records(&mut out, view, Delimiter::None);
        prop_assert_eq!(&out[6..], records[cut..cut + count].concat());
    }

    #[test]
    fn the_line_of_any_failure_gives_its_record_back(raw in prop::collection::vec(any::<u8>(), 0..200), message: String, captured: String, offset: u64) {
        let mut trap = failure(Cause::Trap);
        trap.message = message.clone();
        trap.captured = captured.clone();
        let place = Place { offset, length: 7 };
        let line = line(&raw, &trap, Some(place));
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        let parsed: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(STANDARD.decode(parsed["rawData"].as_str().unwrap()).unwrap(), raw);
        prop_assert_eq!(parsed.get("message").is_none(), message.is_empty());
        prop_assert_eq!(parsed["message"].as_str().unwrap_or_default(), message);
        prop_assert_eq!(parsed["capturedOutput"].as_str().unwrap_or_default(), captured);
        prop_assert_eq!(parsed["offset"].as_u64(), Some(offset));
    }
}
