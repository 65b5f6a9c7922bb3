//! A stream of the config file, in Firehose's words.

use serde_json::{Map, Value, json};
use standpipe_spec::{BackupMode, Compression, Destination, Objects, Stream};

use crate::api::Settings;
use crate::firehose::DESTINATION_ID;

mod processors;

const MEBI: u64 = 1 << 20;

/// The one destination; none if records are discarded.
pub(super) fn destination(settings: &Settings, stream: &Stream) -> Option<Value> {
    let Destination::S3(s3) = &stream.destination else { return None };
    let mut plain = s3_description(settings, &s3.objects);
    if let Some(prefix) = &s3.error_output_prefix {
        plain.insert("ErrorOutputPrefix".into(), prefix.value.as_str().into());
    }
    let mut extended = plain.clone();
    extended.insert("ProcessingConfiguration".into(), processors::processing(settings, stream, s3));
    // Firehose keeps all source records of a stream like this, or none.
    let backup = stream.backup.as_ref().filter(|backup| backup.mode == BackupMode::All);
    extended.insert("S3BackupMode".into(), if backup.is_some() { "Enabled" } else { "Disabled" }.into());
    if let Some(backup) = backup {
        let shown = s3_description(settings, &backup.objects);
        extended.insert("S3BackupDescription".into(), shown.into());
    }
    for (key, text) in
        [("CustomTimeZone", &s3.objects.time_zone), ("FileExtension", &s3.objects.file_extension)]
    {
        if let Some(text) = text {
            extended.insert(key.into(), text.value.as_str().into());
        }
    }
    if s3.partitioning.is_some() {
        // Delivery is tried for ever.
        let shown = json!({ "Enabled": true, "RetryOptions": { "DurationInSeconds": 300 } });
        extended.insert("DynamicPartitioningConfiguration".into(), shown);
    }
    Some(json!({
        "DestinationId": DESTINATION_ID,
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": extended,
    }))
}

/// The role is one that nothing looks up.
fn role(settings: &Settings) -> String {
    format!("arn:aws:iam::{}:role/standpipe", settings.account)
}

fn s3_description(settings: &Settings, objects: &Objects) -> Map<String, Value> {
    let mut shown = Map::new();
    shown.insert("RoleARN".into(), role(settings).into());
    shown.insert("BucketARN".into(), format!("arn:aws:s3:::{}", objects.bucket.value).into());
    if let Some(prefix) = &objects.prefix {
        shown.insert("Prefix".into(), prefix.value.as_str().into());
    }
    let (size, interval) = (objects.buffering.size.div_ceil(MEBI), objects.buffering.interval.as_secs());
    shown.insert("BufferingHints".into(), json!({ "SizeInMBs": size, "IntervalInSeconds": interval }));
    shown.insert("CompressionFormat".into(), compression(objects.compression).into());
    shown.insert("EncryptionConfiguration".into(), json!({ "NoEncryptionConfig": "NoEncryption" }));
    shown.insert("CloudWatchLoggingOptions".into(), json!({ "Enabled": false }));
    shown
}

fn compression(compression: Compression) -> &'static str {
    match compression {
        Compression::None => "UNCOMPRESSED",
        Compression::Gzip => "GZIP",
        Compression::Zip => "ZIP",
        Compression::Snappy => "Snappy",
        Compression::HadoopSnappy => "HADOOP_SNAPPY",
        // Firehose has none of this name.
        Compression::Zstd => "ZSTD",
    }
}
