//! What an update leaves of what was there: a member that is not said stays as it was.

use serde_json::Value;

use super::{Said, fill, invalid, is_partitioned, refuse, text};
use crate::fault::Fault;

/// Members that are merged member by member, and so on down; all others are replaced as a whole.
const DEEP: [&str; 2] = ["DataFormatConversionConfiguration", "DynamicPartitioningConfiguration"];

/// A destination with an update. `extended` says whether it has the members of `ExtendedS3DestinationConfiguration` by
/// then.
pub(crate) fn merged(before: &Said, update: Said, extended: bool) -> Result<Said, Fault> {
    let mut said = before.clone();
    for (member, value) in update {
        match member.as_str() {
            "S3BackupUpdate" => {
                let backup = said.entry("S3BackupConfiguration").or_insert_with(|| Said::new().into());
                put(backup, value);
            }
            deep if DEEP.contains(&deep) => merge(said.entry(deep).or_insert(Value::Null), value),
            _ => {
                said.insert(member, value);
            }
        }
    }
    refuse::unbuilt(&said)?;
    if text(before, "S3BackupMode") == Some("Enabled") && text(&said, "S3BackupMode") == Some("Disabled") {
        return Err(invalid("Disabling S3 backup is not currently supported."));
    }
    match (is_partitioned(before), is_partitioned(&said)) {
        (false, true) => {
            return Err(invalid("Dynamic partitioning can only be enabled when the stream is created."));
        }
        (true, false) => return Err(invalid("Dynamic partitioning cannot be disabled once it is enabled.")),
        _ => {}
    }
    fill::destination(&mut said, extended)?;
    Ok(said)
}

/// Puts members in the place of those of the same name.
fn put(before: &mut Value, update: Value) {
    if let (Value::Object(before), Value::Object(update)) = (before, update) {
        before.extend(update);
    }
}

/// The same, but what has members itself is merged.
fn merge(before: &mut Value, update: Value) {
    match (before, update) {
        (Value::Object(before), Value::Object(update)) => {
            for (member, value) in update {
                merge(before.entry(member).or_insert(Value::Null), value);
            }
        }
        (before, update) => *before = update,
    }
}
