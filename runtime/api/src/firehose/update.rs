use serde_json::Value;
use standpipe_record::{Clock, SystemClock};

use super::{Asked, DESTINATION_ID, EMPTY, text};
use crate::destination;
use crate::fault::{Cause, Fault};
use crate::model;

const EXTENDED: &str = "ExtendedS3DestinationUpdate";
const PLAIN: &str = "S3DestinationUpdate";

/// `UpdateDestination`: answered once the stream is as it is to be, on disk and at work. What it has gathered by then
/// leaves it under what holds then.
pub(super) fn update(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let mut input = model::read("UpdateDestinationInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName").to_owned();
    asked.authorize("UpdateDestination", Some(&name))?;
    let book = asked.api.book();
    let _no_reload = book.begin_change();
    let made = asked.made(&name)?;
    let _alone = made.change();
    let before = asked.settled(&name, &made)?;
    let (current, given) = (before.version.to_string(), text(&input, "CurrentDeliveryStreamVersionId"));
    if current != given {
        let message = format!(
            "Cannot update firehose: {name} since the current version id: {current} and specified version id: \
             {given} do not match"
        );
        return Err(Fault::new(Cause::ConcurrentModification, message));
    }
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
    let after = before.changed(SystemClock.now_ms(), said, extended);
    let text = after.text()?;
    let plan = super::create::plan(asked, "UpdateDestination", &name, &after)?;
    let failed = |error| {
        tracing::error!(stream = name, %error, "a stream cannot be changed");
        Fault::internal()
    };
    asked.streams.state().define(&name, &text).map_err(failed)?;
    // That is what holds from now on, even if the stream cannot be started by it before the next start of the host.
    made.set(after);
    asked.streams.replace(plan).map_err(failed)?;
    tracing::info!(
        stream = name,
        key = asked.caller.name(),
        version = made.now().version,
        "the API changed a stream"
    );
    Ok(EMPTY.to_vec())
}
