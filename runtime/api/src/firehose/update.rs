use serde_json::Value;
use standpipe_record::{Clock, SystemClock};

use super::{Asked, DESTINATION_ID, EMPTY, text};
use crate::destination;
use crate::fault::{Cause, Fault};
use crate::made::Definition;
use crate::model;

const ACTION: &str = "UpdateDestination";
const EXTENDED: &str = "ExtendedS3DestinationUpdate";
const PLAIN: &str = "S3DestinationUpdate";

/// `UpdateDestination`: answered once the stream is as it is to be, on disk and at work. What it has gathered by then
/// leaves it under what holds then.
pub(super) fn update(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let mut input = model::read("UpdateDestinationInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize(ACTION, Some(&name))?;
    let given = text(&input, "CurrentDeliveryStreamVersionId").to_owned();
    let change = asked.begin(ACTION, &name)?;
    let made = change.made(&name)?;
    // Who is late need not wait for whoever is not.
    is_current(&name, &made.now(), &given)?;
    let _alone = made.change();
    let before = change.settled(&name, &made)?;
    is_current(&name, &before, &given)?;
    let id = text(&input, "DestinationId");
    if id != DESTINATION_ID {
        return Err(Fault::new(Cause::InvalidArgument, format!("Destination Id {id} not found")));
    }
    destination::other_kinds(&input, "Update")?;
    let updates = (input.remove(EXTENDED), input.remove(PLAIN));
    let (update, extended) = match updates {
        (Some(Value::Object(update)), None) => (update, true),
        (None, Some(Value::Object(update))) => (update, before.extended),
        (None, None) => {
            let message = "At least one destination or source configuration update must be provided";
            return Err(Fault::new(Cause::InvalidArgument, message));
        }
        _ => {
            let message = "Exactly one destination update is supported for a Firehose";
            return Err(Fault::new(Cause::InvalidArgument, message));
        }
    };
    let said = destination::merged(&before.destination, update, extended)?;
    change.permit(&said)?;
    let after = before.changed(SystemClock.now_ms(), said, extended);
    let (text, version) = (change.text(&made, &after)?, after.version);
    let plan = change.plan(&name, &after, asked.api.metrics().stream(&name))?;
    asked.streams.redefine(&name, &text).map_err(|error| {
        tracing::error!(stream = name, %error, "a stream cannot be changed");
        Fault::internal()
    })?;
    // That is what holds from now on, even if the stream cannot be started by it now.
    made.set(after, text.len());
    asked.streams.replace(plan).map_err(|error| {
        tracing::error!(stream = name, %error, "a stream was changed and cannot be started");
        let message =
            format!("the change is kept as version {version}, and the stream cannot be started by it yet");
        Fault::new(Cause::InternalFailure, message)
    })?;
    tracing::info!(stream = name, key = asked.caller.name(), version, "the API changed a stream");
    Ok(EMPTY.to_vec())
}

/// Refuses a change of another version than the one that holds.
fn is_current(name: &str, definition: &Definition, given: &str) -> Result<(), Fault> {
    let current = definition.version.to_string();
    if current == given {
        return Ok(());
    }
    let message = format!(
        "Cannot update firehose: {name} since the current version id: {current} and specified version id: {given} do \
         not match"
    );
    Err(Fault::new(Cause::ConcurrentModification, message))
}
