use serde_json::{Value, json};

use super::{Asked, text};
use crate::fault::Fault;
use crate::model;

/// How many names are told unless more are asked for.
const USUAL: u64 = 10;
/// What all streams here are.
const TYPE: &str = "DirectPut";

/// `ListDeliveryStreams`: the streams that the caller may see, by name.
pub(super) fn list(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input = model::read("ListDeliveryStreamsInput", &asked.call.body)?;
    asked.authorize("ListDeliveryStreams", None)?;
    let wanted = matches!(text(&input, "DeliveryStreamType"), "" | TYPE);
    let start = text(&input, "ExclusiveStartDeliveryStreamName");
    let limit = input.get("Limit").and_then(Value::as_u64).unwrap_or(USUAL);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let sees = |name: &str| wanted && asked.caller.sees(name);
    // One more than is told, to know whether there are more.
    let most = limit.saturating_add(1);
    let mut names = asked.api.book().names(start, most, sees);
    // Behind it: what the book had may be the config's by now.
    let settings = asked.api.settings();
    let of_config = settings.streams.keys().filter(|name| name.as_str() > start && sees(name));
    names.extend(of_config.take(most).cloned());
    names.sort_unstable();
    names.dedup();
    let more = names.len() > limit;
    names.truncate(limit);
    Ok(json!({ "DeliveryStreamNames": names, "HasMoreDeliveryStreams": more }).to_string().into_bytes())
}
