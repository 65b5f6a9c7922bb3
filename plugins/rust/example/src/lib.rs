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
mod tests {
    use super::*;
    use standpipe_sdk::testing;

    #[test]
    fn objects_get_the_member_and_the_rest_fails() {
        let params = r#"{"field": "team", "value": "web"}"#;
        let outcomes = testing::run::<Plugin>(params, &[r#"{"a":1}"#, "[1]", r#"{"team":"old"}"#]);
        assert_eq!(outcomes.texts(), [r#"{"a":1,"team":"web"}"#, r#"{"team":"web"}"#]);
        assert_eq!(outcomes.failed.len(), 1);
        assert_eq!(outcomes.failed[0].index, 1);
        assert_eq!(outcomes.failed[0].failure.code(), "not-json");
        assert_eq!(outcomes.counts["added"], 2);
    }

    #[test]
    fn params_that_are_wrong_are_refused() {
        let failure = testing::init::<Plugin>(r#"{"field": 5, "value": 1}"#).unwrap_err();
        assert_eq!(failure.code(), "bad-params");
        assert!(failure.message().starts_with("`params.field`: invalid type: integer `5`"), "{failure}");
    }
}
