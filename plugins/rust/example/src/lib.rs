//! Adds a member to every JSON object: the example of the Rust SDK.

use standpipe_sdk::{Failure, OrFail, Outputs, Params, Record, Verdict};

#[derive(Params, serde::Deserialize)]
struct Settings {
    /// The member to add.
    field: String,
    value: serde_json::Value,
}

#[standpipe_sdk::plugin]
fn add_field(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let mut object: serde_json::Map<_, _> = serde_json::from_slice(record.payload()).or_fail("not-json")?;
    object.insert(settings.field.clone(), settings.value.clone());
    out.emit_with(|output| Ok(serde_json::to_writer(output, &object)?))
}

#[cfg(test)]
mod tests;
