//! What an update leaves of what was there: a member that is not said stays as it was.

use serde_json::Value;

use super::{Said, fill, invalid, is_partitioned, refuse, text};
use crate::fault::Fault;

/// Members that are merged member by member; all others are replaced as a whole.
const DEEP: [&str; 2] = ["DataFormatConversionConfiguration", "DynamicPartitioningConfiguration"];

/// A destination with an update. `extended` says whether it has the members of `ExtendedS3DestinationConfiguration` by
/// then.
pub(crate) fn merged(before: &Said, update: Said, extended: bool) -> Result<Said, Fault> {
    refuse::unbuilt(&update)?;
    let mut said = before.clone();
    for (member, value) in update {
        match member.as_str() {
            "S3BackupUpdate" => merge(&mut said, "S3BackupConfiguration", value),
            deep if DEEP.contains(&deep) => merge(&mut said, deep, value),
            _ => {
                said.insert(member, value);
            }
        }
    }
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

fn merge(said: &mut Said, member: &str, update: Value) {
    match (said.get_mut(member), update) {
        (Some(Value::Object(before)), Value::Object(update)) => before.extend(update),
        (_, update) => {
            said.insert(member.to_owned(), update);
        }
    }
}
