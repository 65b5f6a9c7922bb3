//! What flags say, in the members of Firehose.

use serde_json::{Map, Value, json};

use super::host::Host;
use super::problem::Problem;
use crate::args::stream::{Compression, Settings};

const MEBI: u64 = 1 << 20;

/// Sizes in MiB and intervals in seconds, as Firehose has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hints {
    pub(super) size: u64,
    pub(super) interval: u64,
}

impl Hints {
    /// What a stream has unless something is said.
    pub(super) const USUAL: Self = Self { size: 5, interval: 300 };
    /// The same, with partitioning.
    pub(super) const PARTITIONED: Self = Self { size: 128, interval: 300 };
}

/// The role of a stream for which none is said. Nothing looks it up.
pub(super) fn usual_role(host: &Host) -> String {
    format!("arn:aws:iam::{}:role/standpipe", host.account)
}

/// A bucket by its name, or its ARN as it is.
pub(super) fn bucket_arn(bucket: &str) -> String {
    if bucket.starts_with("arn:") { bucket.to_owned() } else { format!("arn:aws:s3:::{bucket}") }
}

/// The members of a destination that flags give, but for role, buffering, processors and backup.
pub(super) fn objects(bucket: Option<&str>, settings: &Settings) -> Map<String, Value> {
    let mut members = Map::new();
    let texts = [
        ("BucketARN", bucket.map(bucket_arn)),
        ("Prefix", settings.prefix.clone()),
        ("ErrorOutputPrefix", settings.error_output_prefix.clone()),
        ("CompressionFormat", settings.compression.map(|compression| format_of(compression).to_owned())),
        ("CustomTimeZone", settings.time_zone.clone()),
        ("FileExtension", settings.file_extension.clone()),
    ];
    for (member, text) in texts {
        members.extend(text.map(|text| (member.to_owned(), text.into())));
    }
    members
}

/// When objects are closed. Firehose takes both numbers or none: `usual` is the one that is not said. None if no flag says any.
pub(super) fn hints(settings: &Settings, usual: Hints) -> Result<Option<Value>, Problem> {
    let Settings { buffer_size, buffer_interval, .. } = settings;
    if buffer_size.is_none() && buffer_interval.is_none() {
        return Ok(None);
    }
    let size = match buffer_size {
        None => usual.size,
        Some(size) if size.0 > 0 && size.0.is_multiple_of(MEBI) => size.0 / MEBI,
        Some(size) => {
            let what = format!("--buffer-size is {size:#}; the API takes whole MiB");
            return Err(Problem::wrong(what).help("write it as `5MiB`"));
        }
    };
    let interval = match buffer_interval {
        None => usual.interval,
        Some(interval) if interval.0.subsec_nanos() == 0 => interval.0.as_secs(),
        Some(interval) => {
            let what = format!("--buffer-interval is {interval:#}; the API takes whole seconds");
            return Err(Problem::wrong(what).help("write it as `300s`"));
        }
    };
    Ok(Some(json!({ "SizeInMBs": size, "IntervalInSeconds": interval })))
}

/// The processors of a stream that has `before`, with those that flags give. None if they give none.
pub(super) fn processing(host: &Host, settings: &Settings, before: &[Value]) -> Option<Value> {
    let Settings { lambda, partition_query, append_newline, .. } = settings;
    if lambda.is_none() && partition_query.is_none() && append_newline.is_none() {
        return None;
    }
    let mut processors = before.to_vec();
    let mut put = |kind: &str, parameters: Option<Vec<(&str, String)>>| {
        processors.retain(|processor| kind_of(processor) != kind);
        processors.extend(parameters.map(|parameters| processor(kind, &parameters)));
    };
    if let Some(function) = lambda {
        let arn = || vec![("LambdaArn", function_arn(host, function))];
        put("Lambda", (!function.is_empty()).then(arn));
    }
    if let Some(query) = partition_query {
        let engine = ("JsonParsingEngine", "JQ-1.6".to_owned());
        put("MetadataExtraction", Some(vec![("MetadataExtractionQuery", query.clone()), engine]));
    }
    if let Some(wanted) = append_newline {
        put("AppendDelimiterToRecord", wanted.then(|| vec![("Delimiter", "\\n".to_owned())]));
    }
    processors.sort_by_key(|processor| ORDER.iter().position(|kind| *kind == kind_of(processor)));
    Some(json!({ "Enabled": !processors.is_empty(), "Processors": processors }))
}

/// Processors in the order in which a record meets them.
const ORDER: [&str; 6] = [
    "Decompression",
    "CloudWatchLogProcessing",
    "RecordDeAggregation",
    "Lambda",
    "MetadataExtraction",
    "AppendDelimiterToRecord",
];

fn kind_of(processor: &Value) -> &str {
    processor.get("Type").and_then(Value::as_str).unwrap_or_default()
}

fn processor(kind: &str, parameters: &[(&str, String)]) -> Value {
    let parameters = parameters.iter();
    let parameters =
        parameters.map(|(name, value)| json!({ "ParameterName": name, "ParameterValue": value }));
    json!({ "Type": kind, "Parameters": parameters.collect::<Vec<_>>() })
}

/// A function by its name, or its ARN as it is.
fn function_arn(host: &Host, function: &str) -> String {
    let Host { region, account, .. } = host;
    match function.starts_with("arn:") {
        true => function.to_owned(),
        false => format!("arn:aws:lambda:{region}:{account}:function:{function}"),
    }
}

fn format_of(compression: Compression) -> &'static str {
    match compression {
        Compression::Gzip => "GZIP",
        Compression::Zip => "ZIP",
        Compression::Snappy => "Snappy",
        Compression::HadoopSnappy => "HADOOP_SNAPPY",
        Compression::None => "UNCOMPRESSED",
    }
}
