//! Adds `"seen":true` to every JSON object: the workload by which languages are compared.

use serde_json::Value;
use standpipe_sdk::{Failure, OrFail, Outputs, Record, Verdict};

#[standpipe_sdk::plugin]
fn seen(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
    let mut value: Value = serde_json::from_slice(record.payload()).or_fail("not-json")?;
    let Value::Object(object) = &mut value else {
        return Err(Failure::new("not-json", "the record is not a JSON object"));
    };
    object.insert("seen".to_owned(), Value::Bool(true));
    out.emit_with(|output| Ok(serde_json::to_writer(output, &value)?))
}
