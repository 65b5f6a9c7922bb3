use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use standpipe_spec::{Period, Size};

use super::client::Client;
use super::list::kind;
use super::problem::Problem;
use super::refusal::Refusal;
use super::tags;
use super::text::{coloured, plain, print_json, text};
use super::wait::look;
use crate::args::stream::Describe;
use crate::show;

/// What stands at the left.
const LABELS: usize = 15;

pub(super) async fn describe(client: &Client, args: &Describe) -> Result<ExitCode, Problem> {
    let Describe { name, json } = args;
    let stream = look(client, name).await?;
    if *json {
        print_json(&json!({ "DeliveryStreamDescription": stream }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let tags = match tags::all(client, name).await {
        Ok(tags) => tags.iter().map(|tag| tags::pair(tag).join("=")).collect(),
        Err(refusal) if is_withheld(&refusal) => Vec::new(),
        Err(refusal) => return Err(refusal.into()),
    };
    let status = text(&stream, "/DeliveryStreamStatus").unwrap_or_default();
    show::data(&format!("{}: {}", plain(name), coloured(&status, 0)))?;
    let mut rows = about(&stream);
    rows.extend(tags.into_iter().map(|tag| ("tag", tag)));
    let mut before = "";
    for (label, value) in &rows {
        // A label stands once above what is of the same kind.
        let shown = if *label == before { "" } else { label };
        show::data(&format!("  {shown:<LABELS$}{value}"))?;
        before = label;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the rest may be told without the tags: the host has none, or not for this key.
fn is_withheld(refusal: &Refusal) -> bool {
    refusal.is("AccessDeniedException") || refusal.is("UnknownOperationException")
}

type Row = (&'static str, String);

fn about(stream: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |label, value: Option<String>| rows.extend(value.map(|value| (label, value)));
    row("why", text(stream, "/FailureDescription/Details"));
    row("arn", text(stream, "/DeliveryStreamARN"));
    row("type", text(stream, "/DeliveryStreamType"));
    row("created", time(stream.get("CreateTimestamp")));
    row("changed", time(stream.get("LastUpdateTimestamp")));
    row("version", text(stream, "/VersionId"));
    let encryption = text(stream, "/DeliveryStreamEncryptionConfiguration/Status");
    row("encryption", encryption.filter(|status| status != "DISABLED"));
    let Some(destination) = stream.pointer("/Destinations/0") else {
        row("destination", Some("none: records are discarded".to_owned()));
        return rows;
    };
    match destination.get("ExtendedS3DestinationDescription") {
        Some(s3) => rows.extend(objects(s3)),
        None => row("destination", kind(destination)),
    }
    rows
}

fn objects(s3: &Value) -> Vec<Row> {
    let mut rows = place(s3);
    let mut row = |label, value: Option<String>| rows.extend(value.map(|value| (label, value)));
    row("time zone", text(s3, "/CustomTimeZone"));
    row("extension", text(s3, "/FileExtension"));
    let is_on = |path: &str| s3.pointer(path) == Some(&Value::Bool(true));
    if is_on("/DynamicPartitioningConfiguration/Enabled") {
        row("partitioning", Some("on".to_owned()));
    }
    if s3
        .get("DataFormatConversionConfiguration")
        .is_some_and(|on| on.get("Enabled") != Some(&Value::Bool(false)))
    {
        row("conversion", Some("on: see --json".to_owned()));
    }
    if is_on("/ProcessingConfiguration/Enabled") {
        let processors = s3.pointer("/ProcessingConfiguration/Processors").and_then(Value::as_array);
        processors.into_iter().flatten().for_each(|one| row("processors", Some(processor(one))));
    }
    match s3.get("S3BackupDescription").filter(|_| text(s3, "/S3BackupMode").as_deref() == Some("Enabled")) {
        Some(backup) => {
            let parts = place(backup).into_iter().map(|(label, value)| match label {
                "bucket" => value,
                _ => format!("{label} {value}"),
            });
            row("backup", Some(parts.collect::<Vec<_>>().join(", ")));
        }
        None => row("backup", Some("none".to_owned())),
    }
    row("role", text(s3, "/RoleARN"));
    rows
}

/// Where objects go and what they are.
fn place(s3: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |label, value: Option<String>| rows.extend(value.map(|value| (label, value)));
    let bucket = text(s3, "/BucketARN");
    row("bucket", bucket.map(|arn| arn.strip_prefix("arn:aws:s3:::").unwrap_or(&arn).to_owned()));
    row("prefix", text(s3, "/Prefix"));
    row("error prefix", text(s3, "/ErrorOutputPrefix"));
    row("buffering", buffering(s3));
    row(
        "compression",
        text(s3, "/CompressionFormat").map(|format| format.to_ascii_lowercase().replace('_', "-")),
    );
    rows
}

fn buffering(s3: &Value) -> Option<String> {
    let hint = |member: &str| s3.pointer(&format!("/BufferingHints/{member}"))?.as_u64();
    let size = Size(hint("SizeInMBs")?.saturating_mul(1 << 20));
    let interval = Period(Duration::from_secs(hint("IntervalInSeconds")?));
    Some(format!("{size} or {interval}"))
}

/// A processor with what is said of it.
fn processor(processor: &Value) -> String {
    let kind = text(processor, "/Type").unwrap_or_default();
    let parameters = processor.get("Parameters").and_then(Value::as_array).into_iter().flatten();
    let shown = parameters.filter_map(|parameter| {
        let (name, value) = (text(parameter, "/ParameterName")?, text(parameter, "/ParameterValue")?);
        match name.as_str() {
            "LambdaArn" | "MetadataExtractionQuery" => Some(value),
            // What every one of them has, and nothing here goes by.
            "RoleArn" | "JsonParsingEngine" | "BufferSizeInMBs" | "BufferIntervalInSeconds" => None,
            _ => Some(format!("{name}={value}")),
        }
    });
    std::iter::once(kind).chain(shown).collect::<Vec<_>>().join(" ")
}

/// Seconds since 1970, as people write a time.
fn time(seconds: Option<&Value>) -> Option<String> {
    let seconds = Duration::try_from_secs_f64(seconds?.as_f64()?).ok()?;
    let time = jiff::Timestamp::UNIX_EPOCH.checked_add(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
