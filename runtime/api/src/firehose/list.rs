use serde::Deserialize;
use serde_json::json;

use super::Asked;
use crate::fault::Fault;
use crate::validate::Violations;

/// How many names are told unless more are asked for.
const USUAL: i64 = 10;
const MOST: i64 = 10_000;
const TYPES: [&str; 4] = ["DirectPut", "KinesisStreamAsSource", "MSKAsSource", "DatabaseAsSource"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    limit: Option<i64>,
    delivery_stream_type: Option<String>,
    exclusive_start_delivery_stream_name: Option<String>,
}

/// `ListDeliveryStreams`: the streams that the caller may see, by name.
pub(super) fn list(asked: &Asked<'_>) -> Result<Vec<u8>, Fault> {
    let input: Input = asked.read()?;
    let mut violations = Violations::default();
    violations.range(input.limit, "limit", 1, MOST);
    if let Some(kind) = input.delivery_stream_type.as_deref().filter(|kind| !TYPES.contains(kind)) {
        violations.add(
            kind,
            "deliveryStreamType",
            &format!("satisfy enum value set: [{}]", TYPES.join(", ")),
        );
    }
    if let Some(start) = &input.exclusive_start_delivery_stream_name {
        violations.name(Some(start), "exclusiveStartDeliveryStreamName");
    }
    violations.check()?;
    asked.authorize("ListDeliveryStreams", None)?;
    // The streams of the config are all of the first type.
    let wanted =
        input.delivery_stream_type.as_deref().is_none_or(|kind| Some(kind) == TYPES.first().copied());
    let start = input.exclusive_start_delivery_stream_name.unwrap_or_default();
    let limit = usize::try_from(input.limit.unwrap_or(USUAL)).unwrap_or_default();
    let mut names = asked
        .settings
        .streams
        .keys()
        .filter(|name| wanted && name.as_str() > start.as_str() && asked.caller.sees(name));
    let told: Vec<&String> = names.by_ref().take(limit).collect();
    let more = names.next().is_some();
    Ok(json!({ "DeliveryStreamNames": told, "HasMoreDeliveryStreams": more }).to_string().into_bytes())
}
