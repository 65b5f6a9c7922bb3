//! What Firehose fills in where nothing was said.

use serde_json::{Value, json};

use super::refuse::PARTITION_RETRY;
use super::{Said, filled, invalid, is_partitioned, is_true, lambda, object};
use crate::fault::Fault;

/// In MiB, without and with partitioning.
const SIZE: [u64; 2] = [5, 128];
/// In seconds.
const INTERVAL: u64 = 300;

/// A destination. `extended` says whether it has more members than `S3DestinationConfiguration`.
pub(super) fn destination(said: &mut Said, extended: bool) -> Result<(), Fault> {
    objects(said, "", is_partitioned(said))?;
    if !extended {
        return Ok(());
    }
    let role = said.get("RoleARN").cloned();
    let processing = said.entry("ProcessingConfiguration").or_insert_with(|| json!({}));
    if let Some(processing) = processing.as_object_mut() {
        processing.entry("Enabled").or_insert(Value::Bool(false));
        let processors = processing.entry("Processors").or_insert_with(|| json!([]));
        for processor in processors.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            lambda::fill(processor, role.as_ref());
        }
    }
    said.entry("S3BackupMode").or_insert_with(|| json!("Disabled"));
    if let Some(backup) = said.get_mut("S3BackupConfiguration").and_then(Value::as_object_mut) {
        objects(backup, "S3BackupConfiguration.", false)?;
    }
    if let Some(partitioning) =
        said.get_mut("DynamicPartitioningConfiguration").and_then(Value::as_object_mut)
    {
        partitioning.entry("Enabled").or_insert(Value::Bool(false));
        if is_true(partitioning, "Enabled") {
            let retry = partitioning.entry("RetryOptions").or_insert_with(|| json!({}));
            if let Some(retry) = retry.as_object_mut() {
                retry.entry("DurationInSeconds").or_insert_with(|| json!(PARTITION_RETRY));
            }
        }
    }
    Ok(())
}

fn objects(said: &mut Said, within: &str, partitioned: bool) -> Result<(), Fault> {
    for member in ["RoleARN", "BucketARN"] {
        if filled(said, member).is_none() {
            return Err(invalid(format!("{within}{member} must be given")));
        }
    }
    let hints = object(said, "BufferingHints");
    let given = |member| hints.is_some_and(|hints| hints.contains_key(member));
    match (given("SizeInMBs"), given("IntervalInSeconds")) {
        (true, true) => {}
        (false, false) => {
            let [plain, with_keys] = SIZE;
            let size = if partitioned { with_keys } else { plain };
            said.insert("BufferingHints".into(), json!({ "SizeInMBs": size, "IntervalInSeconds": INTERVAL }));
        }
        _ => {
            let message = format!(
                "{within}BufferingHints needs both SizeInMBs and IntervalInSeconds, or neither of them"
            );
            return Err(invalid(message));
        }
    }
    said.entry("CompressionFormat").or_insert_with(|| json!("UNCOMPRESSED"));
    if object(said, "EncryptionConfiguration").is_none_or(Said::is_empty) {
        said.insert("EncryptionConfiguration".into(), json!({ "NoEncryptionConfig": "NoEncryption" }));
    }
    let logging = said.entry("CloudWatchLoggingOptions").or_insert_with(|| json!({}));
    if let Some(logging) = logging.as_object_mut() {
        logging.entry("Enabled").or_insert(Value::Bool(false));
    }
    Ok(())
}
