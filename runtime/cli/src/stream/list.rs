use std::process::ExitCode;

use serde_json::{Value, json};

use super::client::Client;
use super::problem::Problem;
use super::refusal::Refusal;
use super::text::{coloured, plain, print_json, text};
use super::wait::look;
use crate::args::stream::List;
use crate::show;

/// Names of an answer.
const PAGE: u32 = 1_000;
/// The most streams that are looked at one by one.
const MOST_LOOKED: usize = 1_000;

pub(super) async fn list(client: &Client, args: &List) -> Result<ExitCode, Problem> {
    let names = names(client).await?;
    if args.names {
        match args.json {
            true => print_json(&json!(names))?,
            false => names.iter().try_for_each(|name| show::data(&plain(name)))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    if names.len() > MOST_LOOKED {
        let count = show::number(names.len() as u64);
        let what =
            format!("there are {count} streams; at most {} are looked at", show::number(MOST_LOOKED as u64));
        return Err(Problem::wrong(what).help("`standpipe stream list --names` lists their names"));
    }
    let mut streams = Vec::new();
    for name in names {
        match look(client, &name).await {
            Ok(stream) => streams.push((name, Ok(stream))),
            // It was deleted meanwhile.
            Err(refusal) if refusal.is("ResourceNotFoundException") => {}
            Err(refusal) if refusal.is("AccessDeniedException") => streams.push((name, Err(refusal))),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    if args.json {
        let all: Vec<Value> = streams
            .into_iter()
            .map(|(name, stream)| stream.unwrap_or_else(|_| json!({ "DeliveryStreamName": name })))
            .collect();
        print_json(&json!(all))?;
    } else if streams.is_empty() {
        show::line("there are no streams");
    } else {
        print(&streams)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The names of all streams.
async fn names(client: &Client) -> Result<Vec<String>, Refusal> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let mut input = json!({ "Limit": PAGE });
        if let (Some(input), Some(last)) = (input.as_object_mut(), names.last()) {
            input.insert("ExclusiveStartDeliveryStreamName".into(), last.as_str().into());
        }
        let answer = client.call("ListDeliveryStreams", &input).await?;
        let page = answer.get("DeliveryStreamNames").and_then(Value::as_array);
        let page = page.ok_or_else(|| Refusal::senseless("the answer has no `DeliveryStreamNames`"))?;
        names.extend(page.iter().filter_map(|name| name.as_str().map(str::to_owned)));
        let more = answer.get("HasMoreDeliveryStreams").and_then(Value::as_bool).unwrap_or_default();
        if !more || page.is_empty() {
            return Ok(names);
        }
    }
}

fn print(streams: &[(String, Result<Value, Refusal>)]) -> Result<(), Problem> {
    let cells = |(name, stream): &(String, Result<Value, Refusal>)| {
        let name = plain(name);
        let Ok(stream) = stream else {
            return [name, "-".into(), "-".into(), "this key may not see it".into()];
        };
        let said = |path| text(stream, path).unwrap_or_else(|| "-".to_owned());
        [name, said("/DeliveryStreamStatus"), said("/VersionId"), destination(stream)]
    };
    let rows: Vec<[String; 4]> = streams.iter().map(cells).collect();
    let width = |column| show::width(&rows, column);
    let (names, statuses, versions) = (width(0), width(1), width(2));
    for [name, status, version, destination] in &rows {
        let status = coloured(status, statuses);
        show::data(&format!("{name:<names$}  {status}  {version:>versions$}  {destination}"))?;
    }
    Ok(())
}

/// Where objects go, as a URL is written.
fn destination(stream: &Value) -> String {
    let Some(destination) = stream.pointer("/Destinations/0") else { return "-".to_owned() };
    for kind in ["ExtendedS3DestinationDescription", "S3DestinationDescription"] {
        if let Some(bucket) = text(destination, &format!("/{kind}/BucketARN")) {
            let bucket = bucket.rsplit(':').next().unwrap_or_default();
            let prefix = text(destination, &format!("/{kind}/Prefix")).unwrap_or_default();
            return format!("s3://{bucket}/{prefix}");
        }
    }
    kind(destination).unwrap_or_else(|| "-".to_owned())
}

/// What kind of destination it is, by the member that describes it.
pub(super) fn kind(destination: &Value) -> Option<String> {
    let mut members = destination.as_object()?.keys();
    members.find_map(|member| member.strip_suffix("DestinationDescription")).map(plain)
}
