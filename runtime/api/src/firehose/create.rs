use serde_json::{Value, json};
use standpipe_record::{Clock, SystemClock};
use standpipe_spec::{Buckets, Destination, Stream};
use standpipe_stream::Plan;

use super::{Asked, text};
use crate::destination::{self, Said};
use crate::fault::{Cause, Fault};
use crate::made::{Definition, MOST, Tags, Taken};
use crate::model;

const EXTENDED: &str = "ExtendedS3DestinationConfiguration";
const PLAIN: &str = "S3DestinationConfiguration";

/// `CreateDeliveryStream`: answered once the stream is on disk. It takes records a moment later.
pub(super) fn create(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let mut input = model::read("CreateDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize("CreateDeliveryStream", Some(&name))?;
    let kind = input.get("DeliveryStreamType").and_then(Value::as_str).unwrap_or("DirectPut");
    if input.contains_key("KinesisStreamSourceConfiguration") && kind != "KinesisStreamAsSource" {
        let message = "KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type";
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    if kind != "DirectPut" {
        let message = format!(
            "DeliveryStreamType {kind} is not built in this version of standpipe: send DirectPut, and put records"
        );
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    destination::sources(&input)?;
    let destinations = input.keys().filter(|member| member.ends_with("DestinationConfiguration")).count();
    if destinations != 1 {
        let message = "Exactly one destination configuration is supported for a Firehose";
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    destination::other_kinds(&input, "Configuration")?;
    let tags = tags(&input)?;
    let extended = input.contains_key(EXTENDED);
    let said = match input.remove(if extended { EXTENDED } else { PLAIN }) {
        Some(Value::Object(said)) => destination::made(said, extended)?,
        _ => Said::new(),
    };
    let definition = Definition::new(SystemClock.now_ms(), said, extended, tags);
    let text = definition.text()?;
    let _no_reload = asked.api.book().begin_change();
    // By what holds now: the request may be older than the last reload.
    if asked.api.settings().streams.contains_key(&name) {
        return Err(exists(asked, &name));
    }
    let plan = plan(asked, "CreateDeliveryStream", &name, &definition)?;
    let made = asked.api.book().enter(&name, definition).map_err(|taken| match taken {
        Taken::Name => exists(asked, &name),
        Taken::Full => {
            let message = format!("You have already consumed your firehose quota of {MOST} hoses.");
            Fault::new(Cause::LimitExceeded, message)
        }
    })?;
    let _alone = made.change();
    if let Err(error) = asked.streams.create(plan, &text) {
        tracing::error!(stream = name, %error, "a stream cannot be made");
        asked.api.book().leave(&name);
        asked.api.metrics().forget(&name);
        return Err(Fault::internal());
    }
    tracing::info!(stream = name, key = asked.caller.name(), "the API made a stream");
    Ok(json!({ "DeliveryStreamARN": asked.settings.arn(&name) }).to_string().into_bytes())
}

fn exists(asked: &Asked<'_>, name: &str) -> Fault {
    let account = &asked.settings.account;
    let message = format!("Firehose {name} under accountId {account} already exists");
    Fault::new(Cause::ResourceInUse, message)
}

/// The tags of a request, each key once.
pub(super) fn tags(input: &Said) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    let given = input.get("Tags").and_then(Value::as_array);
    for tag in given.into_iter().flatten().filter_map(Value::as_object) {
        let key = text(tag, "Key");
        let value = tag.get("Value").and_then(Value::as_str).map(str::to_owned);
        if tags.insert(key.to_owned(), value).is_some() {
            return Err(Fault::new(Cause::InvalidArgument, format!("the tag {key} is given twice")));
        }
    }
    Ok(tags)
}

/// A plan of what a stream is to be, if the caller may have it so. Nothing is kept of it yet.
pub(super) fn plan(
    asked: &Asked<'_>,
    action: &str,
    name: &str,
    definition: &Definition,
) -> Result<Plan, Fault> {
    let settings = asked.api.settings();
    let stream = destination::stream(name, &definition.destination, &settings.lambda)?;
    permit(asked, action, &stream)?;
    let planner = settings.planner();
    if *planner.buckets() == Buckets::None {
        let message = "the host has no place for buckets: add `[s3]` to its config, and start it again";
        return Err(Fault::new(Cause::InvalidArgument, message));
    }
    let planned = planner.plan(&stream, definition.version, asked.api.metrics());
    planned.map_err(|findings| {
        let told: Vec<String> = findings.into_iter().map(|finding| finding.message).collect();
        Fault::new(Cause::InvalidArgument, told.join("; "))
    })
}

/// Refuses what the caller's key does not allow a stream to have.
fn permit(asked: &Asked<'_>, action: &str, stream: &Stream) -> Result<(), Fault> {
    let Destination::S3(s3) = &stream.destination else { return Ok(()) };
    let backup = stream.backup.as_ref().map(|backup| &backup.objects);
    for objects in std::iter::once(&s3.objects).chain(backup) {
        asked.caller.permit_bucket(action, &objects.bucket.value, &asked.settings.account)?;
    }
    for plugin in &stream.transform {
        asked.caller.permit_plugin(action, &plugin.value, &asked.settings.account)?;
    }
    Ok(())
}
