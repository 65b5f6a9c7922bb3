use std::sync::Arc;

use serde_json::{Value, json};
use standpipe_record::{Clock, SystemClock};
use standpipe_stream::StreamMetrics;

use super::{Asked, change, text};
use crate::destination::{self, Said};
use crate::fault::{Cause, Fault};
use crate::made::{Definition, MOST, Tags, Taken};
use crate::model;

const ACTION: &str = "CreateDeliveryStream";
const EXTENDED: &str = "ExtendedS3DestinationConfiguration";
const PLAIN: &str = "S3DestinationConfiguration";

/// `CreateDeliveryStream`: answered once the stream is on disk. It takes records a moment later.
pub(super) fn create(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let mut input = model::read("CreateDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize(ACTION, Some(&name))?;
    if matches!(name.as_str(), "." | "..") {
        return Err(Fault::new(
            Cause::InvalidArgument,
            format!("{name} cannot be the name of a Firehose here"),
        ));
    }
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
    let begun = asked.begin(ACTION, &name)?;
    begun.permit(&said)?;
    // What a reload could not put in its place runs on, though no config has it.
    if begun.settings.streams.contains_key(&name) || asked.streams.plan(&name).is_some() {
        return Err(exists(asked, &name));
    }
    let definition = Definition::new(SystemClock.now_ms(), said, extended, tags);
    let text = definition.text()?;
    // Nobody else is to do all this for the same name.
    let made = asked.api.book().enter(&name, definition, text.len()).map_err(|taken| match taken {
        Taken::Name => exists(asked, &name),
        Taken::Full => {
            let message = format!("You have already consumed your firehose quota of {MOST} hoses.");
            Fault::new(Cause::LimitExceeded, message)
        }
        Taken::Bytes => change::too_long(),
    })?;
    let mut entered = Entered { asked, name: &name, is_made: false };
    let _alone = made.change();
    let metrics = Arc::<StreamMetrics>::default();
    let plan = begun.plan(&name, &made.now(), Arc::clone(&metrics));
    asked.api.metrics().enter(&name, metrics);
    asked.streams.create(plan?, &text).map_err(|error| {
        tracing::error!(stream = name, %error, "a stream cannot be made");
        Fault::internal()
    })?;
    entered.is_made = true;
    tracing::info!(stream = name, key = asked.caller.name(), "the API made a stream");
    Ok(json!({ "DeliveryStreamARN": asked.settings.arn(&name) }).to_string().into_bytes())
}

/// A stream that is about to be made. Dropped before it is, it comes to nothing, and its name is free.
struct Entered<'a> {
    asked: &'a Asked<'a>,
    name: &'a str,
    is_made: bool,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if !self.is_made {
            self.asked.api.metrics().forget(self.name);
            self.asked.api.book().leave(self.name);
        }
    }
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
