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
    let of_config = asked.settings.streams.keys().filter(|name| name.as_str() > start && sees(name));
    let mut names: Vec<String> = of_config.take(most).cloned().collect();
    names.extend(asked.api.book().names(start, most, sees));
    names.sort_unstable();
    names.dedup();
    let more = names.len() > limit;
    names.truncate(limit);
    Ok(json!({ "DeliveryStreamNames": names, "HasMoreDeliveryStreams": more }).to_string().into_bytes())
}
