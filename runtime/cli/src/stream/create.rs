use std::process::ExitCode;

use serde_json::{Map, Value, json};
use standpipe_api::config_form;

use super::client::Client;
use super::host::Host;
use super::input::object;
use super::problem::Problem;
use super::refusal::Refusal;
use super::request::{Hints, bucket_arn, hints, objects, processing, usual_role};
use super::tags;
use super::text::{plain, text};
use super::wait::until_active;
use crate::args::stream::{Create, Settings};
use crate::show;

pub(super) async fn create(client: &Client, host: &Host, args: &Create) -> Result<ExitCode, Problem> {
    let name = &args.name;
    let request = match &args.json {
        Some(path) => {
            let mut request = object(path, &args.settings, "the request of CreateDeliveryStream")?;
            let named = request.insert("DeliveryStreamName".to_owned(), name.as_str().into());
            if let Some(other) = named.as_ref().and_then(Value::as_str).filter(|other| other != name) {
                let what = format!("the stream is `{}` in the JSON and `{}` here", plain(other), plain(name));
                return Err(Problem::wrong(what));
            }
            request
        }
        None => request(host, args)?,
    };
    let answer = client.call("CreateDeliveryStream", &Value::Object(request.clone())).await?;
    let missing = || Refusal::senseless("the answer has no `DeliveryStreamARN`");
    let arn = text(&answer, "/DeliveryStreamARN").ok_or_else(missing)?;
    if !args.no_wait {
        until_active(client, name).await?;
    }
    show::data(&arn)?;
    match config_form(name, &request, &|function| host.plugin_of(function)) {
        Ok(form) => {
            show::data(&format!("\n# The same in the config file:\n{}", form.trim_end()))?;
            if form.contains("\ntransform = ") && !host.knows_plugins() {
                show::line(
                    "`transform` has the function's name: write the plugin's that stands in for it there",
                );
            }
        }
        Err(why) => show::line(&format!("the config file has no form for it: {why}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// The request that the flags say.
fn request(host: &Host, args: &Create) -> Result<Map<String, Value>, Problem> {
    let Create { name, bucket, settings, tags, .. } = args;
    let role = settings.role.clone().unwrap_or_else(|| usual_role(host));
    let mut destination = objects(bucket.as_deref(), settings);
    destination.insert("RoleARN".into(), role.as_str().into());
    let usual = if settings.partition_query.is_some() { Hints::PARTITIONED } else { Hints::USUAL };
    let said = hints(settings, usual)?;
    if said.is_some() || usual != Hints::USUAL {
        let usual = || json!({ "SizeInMBs": usual.size, "IntervalInSeconds": usual.interval });
        destination.insert("BufferingHints".into(), said.unwrap_or_else(usual));
    }
    if let Some(processing) = processing(host, settings, &[]) {
        destination.insert("ProcessingConfiguration".into(), processing);
    }
    if settings.partition_query.is_some() {
        destination.insert("DynamicPartitioningConfiguration".into(), json!({ "Enabled": true }));
    }
    if let Some(backup) = backup(settings, &role)? {
        destination.insert("S3BackupMode".into(), "Enabled".into());
        destination.insert("S3BackupConfiguration".into(), backup);
    }
    let mut request = Map::new();
    request.insert("DeliveryStreamName".into(), name.as_str().into());
    request.insert("DeliveryStreamType".into(), "DirectPut".into());
    request.insert("ExtendedS3DestinationConfiguration".into(), destination.into());
    if !tags.is_empty() {
        request.insert("Tags".into(), tags::input(tags));
    }
    Ok(request)
}

/// Where the source records go, too.
fn backup(settings: &Settings, role: &str) -> Result<Option<Value>, Problem> {
    let Settings { backup_bucket, backup_prefix, .. } = settings;
    match (backup_bucket, backup_prefix) {
        (Some(bucket), prefix) => {
            let mut backup = json!({ "RoleARN": role, "BucketARN": bucket_arn(bucket) });
            if let (Some(backup), Some(prefix)) = (backup.as_object_mut(), prefix) {
                backup.insert("Prefix".into(), prefix.as_str().into());
            }
            Ok(Some(backup))
        }
        (None, Some(_)) => Err(Problem::wrong("--backup-prefix is given without --backup-bucket")),
        (None, None) => Ok(None),
    }
}
