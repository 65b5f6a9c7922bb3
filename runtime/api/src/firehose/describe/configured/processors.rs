//! What is done with a stream's records, in Firehose's words and order.

use base64_simd::STANDARD;
use serde_json::{Value, json};
use standpipe_spec::{Calls, CloudWatchLogs, Deaggregate, S3Destination, Split, Stream};

use crate::api::Settings;

pub(super) fn processing(settings: &Settings, stream: &Stream, s3: &S3Destination) -> Value {
    let mut processors = split(&stream.split);
    processors.extend(stream.transform.iter().map(|plugin| lambda(settings, stream, &plugin.value)));
    if let Some(query) = s3.partitioning.as_ref().and_then(|partitioning| partitioning.query.as_ref()) {
        let parameters = [("MetadataExtractionQuery", query.value.as_str()), ("JsonParsingEngine", "JQ-1.6")];
        processors.push(processor("MetadataExtraction", &parameters));
    }
    if s3.append_delimiter {
        processors.push(processor("AppendDelimiterToRecord", &[("Delimiter", "\\n")]));
    }
    json!({ "Enabled": !processors.is_empty(), "Processors": processors })
}

fn processor(kind: &str, parameters: &[(&str, &str)]) -> Value {
    let parameters = parameters.iter();
    let parameters =
        parameters.map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }));
    json!({ "Type": kind, "Parameters": parameters.collect::<Vec<_>>() })
}

/// Aggregates of the KPL have no processor: Firehose takes them apart always.
fn split(split: &Split) -> Vec<Value> {
    let mut processors = Vec::new();
    if let Some(logs) = split.cloudwatch_logs {
        processors.push(processor("Decompression", &[("CompressionFormat", "GZIP")]));
        if logs == CloudWatchLogs::Messages {
            processors.push(processor("CloudWatchLogProcessing", &[("DataMessageExtraction", "true")]));
        }
    }
    match &split.deaggregate {
        None => {}
        Some(Deaggregate::Json) => {
            processors.push(processor("RecordDeAggregation", &[("SubRecordType", "JSON")]));
        }
        Some(Deaggregate::Delimiter(delimiter)) => {
            let delimiter = STANDARD.encode_to_string(delimiter);
            let parameters = [("SubRecordType", "DELIMITED"), ("Delimiter", delimiter.as_str())];
            processors.push(processor("RecordDeAggregation", &parameters));
        }
    }
    processors
}

/// Plugins stand where Lambda functions would.
fn lambda(settings: &Settings, stream: &Stream, plugin: &str) -> Value {
    let Settings { account, region, .. } = settings;
    let function = format!("arn:aws:lambda:{region}:{account}:function:{plugin}");
    let Calls { size, retries } = stream.calls;
    let parameters = [
        ("LambdaArn", function.as_str()),
        ("NumberOfRetries", &retries.to_string()),
        ("RoleArn", &super::role(settings)),
        ("BufferSizeInMBs", &mebibytes(size).to_string()),
        ("BufferIntervalInSeconds", "60"),
    ];
    processor("Lambda", &parameters)
}

#[expect(clippy::cast_precision_loss, reason = "at most 1 MiB")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
