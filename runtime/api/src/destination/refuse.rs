//! What this version has not: nothing is accepted and then ignored.

use serde_json::Value;

use super::{Said, filled, invalid, is_true, object};
use crate::fault::Fault;

/// What Firehose waits for a partition at the most unless it is told, in seconds.
pub(super) const PARTITION_RETRY: u64 = 300;

/// Kinds of destinations that are not built.
const KINDS: [&str; 8] = [
    "RedshiftDestination",
    "ElasticsearchDestination",
    "AmazonopensearchserviceDestination",
    "SplunkDestination",
    "HttpEndpointDestination",
    "AmazonOpenSearchServerlessDestination",
    "SnowflakeDestination",
    "IcebergDestination",
];
/// Sources that are not built, and a hint that has no meaning here.
const SOURCES: [&str; 4] = [
    "KinesisStreamSourceConfiguration",
    "MSKSourceConfiguration",
    "DatabaseSourceConfiguration",
    "DirectPutSourceConfiguration",
];

fn unbuilt_member(member: &str, instead: &str) -> Fault {
    invalid(format!("{member} is not built in this version of standpipe: {instead}"))
}

/// Refuses a request that names another kind of destination. `end` is `Configuration` or `Update`.
pub(crate) fn other_kinds(request: &Said, end: &str) -> Result<(), Fault> {
    let named = KINDS.iter().map(|kind| format!("{kind}{end}")).find(|member| request.contains_key(member));
    let instead = format!("send ExtendedS3Destination{end}");
    named.map_or(Ok(()), |member| Err(unbuilt_member(&member, &instead)))
}

/// Refuses a request that names a source, or encryption at rest.
pub(crate) fn sources(request: &Said) -> Result<(), Fault> {
    if let Some(member) = SOURCES.iter().find(|member| request.contains_key(**member)) {
        return Err(unbuilt_member(member, "leave it out, and records come by PutRecord and PutRecordBatch"));
    }
    match request.contains_key("DeliveryStreamEncryptionConfigurationInput") {
        true => Err(encryption("DeliveryStreamEncryptionConfigurationInput")),
        false => Ok(()),
    }
}

/// Nothing is encrypted at rest, so nobody is told that it is.
pub(crate) fn encryption(what: &str) -> Fault {
    unbuilt_member(what, "records are not encrypted at rest; encrypt the disk of the state folder")
}

/// Refuses a destination for a member that is not built.
pub(super) fn unbuilt(said: &Said) -> Result<(), Fault> {
    objects(said, "")?;
    if let Some(backup) = object(said, "S3BackupConfiguration") {
        objects(backup, "S3BackupConfiguration.")?;
        if filled(backup, "ErrorOutputPrefix").is_some() {
            let instead = "source records are backed up as they came and cannot fail; leave it out";
            return Err(unbuilt_member("S3BackupConfiguration.ErrorOutputPrefix", instead));
        }
    }
    // Firehose takes it for enabled where `Enabled` is not said.
    let conversion = object(said, "DataFormatConversionConfiguration");
    if conversion.is_some_and(|conversion| conversion.get("Enabled") != Some(&Value::Bool(false))) {
        let instead = "leave it out, or send Enabled as false";
        return Err(unbuilt_member("DataFormatConversionConfiguration", instead));
    }
    let retry = object(said, "DynamicPartitioningConfiguration")
        .and_then(|partitioning| object(partitioning, "RetryOptions")?.get("DurationInSeconds")?.as_u64());
    if retry.is_some_and(|seconds| seconds != PARTITION_RETRY) {
        let member = "DynamicPartitioningConfiguration.RetryOptions.DurationInSeconds";
        return Err(unbuilt_member(
            member,
            "a delivery is tried until it succeeds; leave it out, or send 300",
        ));
    }
    Ok(())
}

fn objects(said: &Said, within: &str) -> Result<(), Fault> {
    let encryption = object(said, "EncryptionConfiguration");
    if encryption.is_some_and(|encryption| encryption.contains_key("KMSEncryptionConfig")) {
        let member = format!("{within}EncryptionConfiguration.KMSEncryptionConfig");
        return Err(unbuilt_member(
            &member,
            "leave it out, or send NoEncryptionConfig; a bucket may encrypt by itself",
        ));
    }
    if object(said, "CloudWatchLoggingOptions").is_some_and(|logging| is_true(logging, "Enabled")) {
        let member = format!("{within}CloudWatchLoggingOptions.Enabled");
        return Err(unbuilt_member(&member, "send false; errors are in the log and the metrics of the host"));
    }
    Ok(())
}
