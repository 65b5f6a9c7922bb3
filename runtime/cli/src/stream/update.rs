use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::client::Client;
use super::host::Host;
use super::input::object;
use super::problem::Problem;
use super::request::{Hints, bucket_arn, hints, objects, processing, usual_role};
use super::text::{plain, quoted, text};
use super::wait::look;
use crate::args::stream::{Settings, Update};
use crate::show;

pub(super) async fn update(client: &Client, host: &Host, args: &Update) -> Result<ExitCode, Problem> {
    let name = &args.name;
    // What is wrong here is told before anybody is called.
    if args.json.is_none() && args.bucket.is_none() && args.settings == Settings::default() {
        let help = "`standpipe stream update --help` lists what can be changed";
        return Err(Problem::wrong("nothing is said that should change").help(help));
    }
    let given = |path| object(path, &args.settings, "an ExtendedS3DestinationUpdate");
    let given = args.json.as_deref().map(given).transpose()?;
    let stream = look(client, name).await?;
    let has_none = || Problem::failed(format!("{} has no destination that could be changed", quoted(name)));
    let destination = stream.pointer("/Destinations/0").ok_or_else(has_none)?;
    let id = destination.get("DestinationId").ok_or_else(has_none)?;
    let version = stream.get("VersionId").ok_or_else(|| Problem::failed("the answer has no `VersionId`"))?;
    let changes = match given {
        Some(given) => given,
        None => {
            let now = destination.get("ExtendedS3DestinationDescription");
            let Some(now) = now else {
                let what = format!("the destination of {} is not S3, which flags speak of", quoted(name));
                return Err(Problem::failed(what));
            };
            changes(host, args, now)?
        }
    };
    let input = json!({
        "DeliveryStreamName": name,
        "CurrentDeliveryStreamVersionId": version,
        "DestinationId": id,
        "ExtendedS3DestinationUpdate": changes,
    });
    client.call("UpdateDestination", &input).await?;
    let version = text(&look(client, name).await?, "/VersionId").unwrap_or_default();
    show::line(&format!("{}: changed, version {version}", plain(name)));
    Ok(ExitCode::SUCCESS)
}

/// What the flags change of the destination that is there.
fn changes(host: &Host, args: &Update, now: &Value) -> Result<Map<String, Value>, Problem> {
    let Update { bucket, settings, .. } = args;
    let mut changes = objects(bucket.as_deref(), settings);
    if let Some(role) = &settings.role {
        changes.insert("RoleARN".into(), role.as_str().into());
    }
    let number = |member: &str, usual| {
        now.pointer(&format!("/BufferingHints/{member}")).and_then(Value::as_u64).unwrap_or(usual)
    };
    let usual = Hints {
        size: number("SizeInMBs", Hints::USUAL.size),
        interval: number("IntervalInSeconds", Hints::USUAL.interval),
    };
    if let Some(hints) = hints(settings, usual)? {
        changes.insert("BufferingHints".into(), hints);
    }
    // An update takes the place of all processors.
    let processors = now.pointer("/ProcessingConfiguration/Processors").and_then(Value::as_array);
    if let Some(processing) = processing(host, settings, processors.map(Vec::as_slice).unwrap_or_default()) {
        changes.insert("ProcessingConfiguration".into(), processing);
    }
    let is_partitioned = now.pointer("/DynamicPartitioningConfiguration/Enabled") == Some(&Value::Bool(true));
    if settings.partition_query.is_some() && !is_partitioned {
        // It is for the service to refuse that.
        changes.insert("DynamicPartitioningConfiguration".into(), json!({ "Enabled": true }));
    }
    if let Some(backup) = backup(host, settings, now) {
        if settings.backup_bucket.is_some() {
            changes.insert("S3BackupMode".into(), "Enabled".into());
        }
        changes.insert("S3BackupUpdate".into(), backup.into());
    }
    Ok(changes)
}

/// What changes of where the source records go.
fn backup(host: &Host, settings: &Settings, now: &Value) -> Option<Map<String, Value>> {
    let Settings { backup_bucket, backup_prefix, role, .. } = settings;
    let mut backup = Map::new();
    if let Some(bucket) = backup_bucket {
        let role = role.clone().or_else(|| text(now, "/RoleARN")).unwrap_or_else(|| usual_role(host));
        backup.insert("RoleARN".into(), role.into());
        backup.insert("BucketARN".into(), bucket_arn(bucket).into());
    }
    if let Some(prefix) = backup_prefix {
        backup.insert("Prefix".into(), prefix.as_str().into());
    }
    (!backup.is_empty()).then_some(backup)
}
