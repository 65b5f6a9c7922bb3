use serde::Deserialize;
use serde_json::{Map, Value, json};
use standpipe_spec::{Compression, Destination, S3Destination, Stream};
use standpipe_stream::Health;

use super::Asked;
use crate::api::Settings;
use crate::fault::Fault;
use crate::validate::Violations;

const MEBI: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    delivery_stream_name: Option<String>,
    limit: Option<i64>,
    exclusive_start_destination_id: Option<String>,
}

/// `DescribeDeliveryStream`: a stream of the config as the service would show it.
pub(super) fn describe(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input: Input = asked.read()?;
    let mut violations = Violations::default();
    violations.name(input.delivery_stream_name.as_deref(), "deliveryStreamName");
    violations.range(input.limit, "limit", 1, 10_000);
    violations.check()?;
    let name = input.delivery_stream_name.unwrap_or_default();
    asked.authorize("DescribeDeliveryStream", Some(&name))?;
    let settings = asked.settings;
    let served = settings.streams.get(&name).ok_or_else(|| asked.not_found(&name))?;
    let mut destinations = Vec::new();
    if input.exclusive_start_destination_id.is_none() {
        destinations.extend(destination(settings, &served.said));
    }
    let health = asked.streams.health_of(&name);
    let status = if health == Some(Health::Starting) { "CREATING" } else { "ACTIVE" };
    let description = json!({
        "DeliveryStreamName": name,
        "DeliveryStreamARN": settings.arn(&name),
        "DeliveryStreamStatus": status,
        "DeliveryStreamEncryptionConfiguration": { "Status": "DISABLED" },
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "Destinations": destinations,
        "HasMoreDestinations": false,
    });
    Ok(json!({ "DeliveryStreamDescription": description }).to_string().into_bytes())
}

/// The one destination; none if records are discarded.
fn destination(settings: &Settings, stream: &Stream) -> Option<Value> {
    let Destination::S3(s3) = &stream.destination else { return None };
    let plain = s3_description(settings, s3);
    let mut extended = plain.clone();
    extended.insert("ProcessingConfiguration".into(), processing(settings, stream, s3));
    extended.insert("S3BackupMode".into(), "Disabled".into());
    Some(json!({
        "DestinationId": "destinationId-000000000001",
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": extended,
    }))
}

/// The role is one that nothing looks up.
fn role(settings: &Settings) -> String {
    format!("arn:aws:iam::{}:role/standpipe", settings.account)
}

fn s3_description(settings: &Settings, s3: &S3Destination) -> Map<String, Value> {
    let compression = match s3.compression {
        Compression::None => "UNCOMPRESSED",
        Compression::Gzip => "GZIP",
    };
    let mut shown = Map::new();
    shown.insert("RoleARN".into(), role(settings).into());
    shown.insert("BucketARN".into(), format!("arn:aws:s3:::{}", s3.bucket.value).into());
    for (key, prefix) in [("Prefix", &s3.prefix), ("ErrorOutputPrefix", &s3.error_output_prefix)] {
        if let Some(prefix) = prefix {
            shown.insert(key.into(), prefix.value.as_str().into());
        }
    }
    let (size, interval) = (s3.buffering.size.div_ceil(MEBI), s3.buffering.interval.as_secs());
    shown.insert("BufferingHints".into(), json!({ "SizeInMBs": size, "IntervalInSeconds": interval }));
    shown.insert("CompressionFormat".into(), compression.into());
    shown.insert("EncryptionConfiguration".into(), json!({ "NoEncryptionConfig": "NoEncryption" }));
    shown.insert("CloudWatchLoggingOptions".into(), json!({ "Enabled": false }));
    shown
}

/// Plugins stand where Lambda functions would.
fn processing(settings: &Settings, stream: &Stream, s3: &S3Destination) -> Value {
    let parameter = |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value });
    let Settings { account, region, .. } = settings;
    let mut processors: Vec<Value> = Vec::new();
    for plugin in &stream.transform {
        let function = format!("arn:aws:lambda:{region}:{account}:function:{}", plugin.value);
        processors.push(json!({ "Type": "Lambda", "Parameters": [
            parameter("LambdaArn", &function),
            parameter("NumberOfRetries", "3"),
            parameter("RoleArn", &role(settings)),
            parameter("BufferSizeInMBs", "1"),
            parameter("BufferIntervalInSeconds", "60"),
        ]}));
    }
    if s3.append_delimiter {
        processors.push(
            json!({ "Type": "AppendDelimiterToRecord", "Parameters": [parameter("Delimiter", "\\n")] }),
        );
    }
    json!({ "Enabled": !processors.is_empty(), "Processors": processors })
}
