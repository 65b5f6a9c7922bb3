//! Sends every record to zones: the example of the Rust SDK.

use serde_json::{Map, Value};
use standpipe_sdk::{Failure, Level, Outputs, Params, Record, Verdict, count, log};

#[derive(Params, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where records go: a record of kind `global` to all of them, any other to the first.
    zones: Zones,
}

#[derive(Params, serde::Deserialize)]
#[serde(try_from = "Vec<String>")]
struct Zones(Vec<String>);

impl TryFrom<Vec<String>> for Zones {
    type Error = &'static str;

    fn try_from(zones: Vec<String>) -> Result<Self, Self::Error> {
        if zones.is_empty() { Err("at least one zone is needed") } else { Ok(Self(zones)) }
    }
}

#[standpipe_sdk::plugin(metrics("dropped", "emitted"))]
fn zones(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let mut object: Map<String, Value> = serde_json::from_slice(record.payload())
        .map_err(|_| Failure::new("not-json", "the record is not a JSON object"))?;
    let zones = match object.get("kind").and_then(Value::as_str) {
        Some("debug") => {
            count("dropped", 1);
            return Ok(Verdict::dropped());
        }
        Some("corrupt") => return Err(Failure::new("corrupt", "kind `corrupt` is refused")),
        Some("global") => {
            log(Level::Debug, "global record");
            settings.zones.0.as_slice()
        }
        _ => settings.zones.0.get(..1).unwrap_or_default(),
    };
    for zone in zones {
        object.insert("zone".to_owned(), Value::from(zone.as_str()));
        out.emit_with(|output| Ok(serde_json::to_writer(output, &object)?))?;
        out.set("zone", zone)?;
    }
    count("emitted", zones.len() as u64);
    Ok(out.verdict())
}

#[cfg(test)]
mod tests;
