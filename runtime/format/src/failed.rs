use std::fmt::Display;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use standpipe_record::{Cause, Failure};

/// The error type of records that a plugin failed: what `!{firehose:error-output-type}` comes out as.
pub const PROCESSING_FAILED: &str = "processing-failed";

/// The error type of records that could not be decompressed.
pub const DECOMPRESSION_FAILED: &str = "decompression-failed";

/// The error type of records whose partition would have been one too many.
pub const ACTIVE_PARTITION_EXCEEDED: &str = "activePartitionExceeded";

/// The error type of a record that failed for `cause`. Firehose tells none for partition keys that cannot be
/// extracted: they go where other processing failures do.
pub fn error_type(cause: Cause) -> &'static str {
    match cause {
        Cause::Decompression => DECOMPRESSION_FAILED,
        Cause::PartitionLimit => ACTIVE_PARTITION_EXCEEDED,
        _ => PROCESSING_FAILED,
    }
}

/// When a record that failed was there, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it arrived.
    pub arrival_ms: u64,
    /// When the last attempt at it ended.
    pub ended_ms: u64,
}

/// Where in its input a record lies that could not be taken whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The offset of its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// One line of the error output. The first six members are Firehose's, in its order and its spelling; the
/// others are ours, and left out when they would say nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(serialize_with = "base64")]
    raw_data: &'a [u8],
    error_code: &'a str,
    error_message: &'a str,
    attempts_made: u32,
    arrival_timestamp: u64,
    attempt_ending_timestamp: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    plugin: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    plugin_digest: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    captured_output: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    backtrace: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<u64>,
}

fn base64<S: Serializer>(raw: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let encoded: &dyn Display = &Base64Display::new(raw, &STANDARD);
    serializer.collect_str(encoded)
}

/// Appends the line for a failed record, newline included. `raw` is the record as it came in, or as much
/// of it as was kept; then `place` says where the whole of it lies.
pub fn write_failed(
    out: &mut Vec<u8>,
    raw: &[u8],
    failure: &Failure,
    attempt: Attempt,
    place: Option<Place>,
) {
    let (error_code, error_message) = firehose(failure.cause);
    let (plugin, plugin_digest) = match failure.plugin.as_deref() {
        Some(plugin) => (plugin.name.as_str(), plugin.digest.as_str()),
        None => ("", ""),
    };
    let line = Line {
        raw_data: raw,
        error_code,
        error_message,
        attempts_made: failure.attempts,
        arrival_timestamp: attempt.arrival_ms,
        attempt_ending_timestamp: attempt.ended_ms,
        plugin,
        plugin_digest,
        code: &failure.code,
        message: &failure.message,
        captured_output: &failure.captured,
        backtrace: &failure.backtrace,
        offset: place.map(|place| place.offset),
        length: place.map(|place| place.length),
    };
    out.reserve(raw.len() / 3 * 4 + 512);
    serde_json::to_writer(&mut *out, &line)
        .expect("a vector takes all bytes, and every member is a string or a number");
    out.push(b'\n');
}

/// The code and the text that readers of Firehose's error output know, by cause.
fn firehose(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Returned => ("Lambda.ProcessingFailedStatus", "ProcessingFailed status set for record"),
        Cause::Missing => (
            "Lambda.MissingRecordId",
            "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
        ),
        Cause::Contradiction => (
            "Lambda.DuplicatedRecordId",
            "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique record Id for each record.",
        ),
        // Firehose's own text under this code speaks of an absent `data` field, which would be untrue here.
        Cause::InvalidAnswer => {
            ("Lambda.InvalidReturnFormat", "The plugin's answer for the record does not follow the contract.")
        }
        // A reply over Lambda's limit is an error of the function, too.
        Cause::OutputLimit | Cause::Trap => (
            "Lambda.FunctionError",
            "The Lambda function was successfully invoked but it returned an error result.",
        ),
        Cause::TimedOut => (
            "Lambda.FunctionTimedOut",
            "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda function.",
        ),
        Cause::Refused => ("Standpipe.RecordRefused", "The record was refused before any plugin saw it."),
        // The text is Firehose's; it gives no code that is known.
        Cause::Decompression => (
            "Decompression.Failed",
            "Decompression failed because input data does not conform to cloudwatch log.",
        ),
        Cause::Deaggregation => (
            "DynamicPartitioning.DeaggregationFailed",
            "The record could not be split into the records that it should hold.",
        ),
        Cause::PartitionKeys => (
            "DynamicPartitioning.MetadataExtractionFailed",
            "The partition keys of the record could not be extracted, or make no prefix.",
        ),
        Cause::PartitionLimit => (
            "DynamicPartitioning.ActivePartitionLimitExceeded",
            "The number of active partitions has exceeded the configured limit",
        ),
    }
}
