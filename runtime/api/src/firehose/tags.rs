use serde_json::{Value, json};

use super::{Asked, EMPTY, text};
use crate::destination::Said;
use crate::fault::{Cause, Fault};
use crate::made::{Definition, Tags};
use crate::model;

/// The most tags of a stream.
const MOST: usize = 50;

/// `TagDeliveryStream`.
pub(super) fn tag(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("TagDeliveryStreamInput", &asked.call.body)?;
    let new = super::create::tags(&input)?;
    change(asked, "TagDeliveryStream", &input, |tags| tags.extend(new))
}

/// `UntagDeliveryStream`. Keys that are not there are passed over.
pub(super) fn untag(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("UntagDeliveryStreamInput", &asked.call.body)?;
    let keys = input.get("TagKeys").and_then(Value::as_array);
    let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
    change(asked, "UntagDeliveryStream", &input, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))
}

fn change(
    asked: &Asked<'_>,
    action: &'static str,
    input: &Said,
    alter: impl FnOnce(&mut Tags),
) -> Result<Vec<u8>, Fault> {
    let name = text(input, "DeliveryStreamName");
    asked.authorize(action, Some(name))?;
    let change = asked.begin(action, name)?;
    let made = change.made(name)?;
    let _alone = made.change();
    let before = change.settled(name, &made)?;
    let mut after = Definition::clone(&before);
    alter(&mut after.tags);
    if after.tags.len() > MOST {
        let message = format!("A Firehose can have at most {MOST} tags.");
        return Err(Fault::new(Cause::LimitExceeded, message));
    }
    let text = change.text(&made, &after)?;
    asked.streams.redefine(name, &text).map_err(|error| {
        tracing::error!(stream = name, %error, "the tags of a stream cannot be changed");
        Fault::internal()
    })?;
    made.set(after, text.len());
    Ok(EMPTY.to_vec())
}

/// `ListTagsForDeliveryStream`, by key. Streams of the config have none.
pub(super) fn list(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("ListTagsForDeliveryStreamInput", &asked.call.body)?;
    let name = text(&input, "DeliveryStreamName");
    asked.authorize("ListTagsForDeliveryStream", Some(name))?;
    let tags = match asked.api.book().get(name) {
        Some(made) => made.now().tags.clone(),
        // What the book had may be the config's by now.
        None if asked.api.settings().streams.contains_key(name) => Tags::new(),
        None => return Err(asked.not_found(name)),
    };
    let limit = input.get("Limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
    let start = text(&input, "ExclusiveStartTagKey");
    let mut behind = tags.iter().filter(|(key, _)| start.is_empty() || key.as_str() > start);
    let told: Vec<Value> = behind
        .by_ref()
        .take(limit.unwrap_or(MOST))
        .map(|(key, value)| match value {
            Some(value) => json!({ "Key": key, "Value": value }),
            None => json!({ "Key": key }),
        })
        .collect();
    let more = behind.next().is_some();
    Ok(json!({ "Tags": told, "HasMoreTags": more }).to_string().into_bytes())
}
