//! Adds a member to every JSON object: the example of the Rust SDK.

use serde_json::{Map, Value};
use standpipe_sdk::{Failure, OrFail, Outputs, Params, Record, Verdict};

#[derive(Params, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The member to add.
    field: String,
    /// Its value.
    value: Value,
}

#[standpipe_sdk::plugin(metrics("added"))]
fn add_field(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let mut object: Map<String, Value> = serde_json::from_slice(record.payload()).or_fail("not-json")?;
    object.insert(settings.field.clone(), settings.value.clone());
    standpipe_sdk::count("added", 1);
    out.emit_with(|output| Ok(serde_json::to_writer(output, &object)?))
}

#[cfg(test)]
mod tests;
