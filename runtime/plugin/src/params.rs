//! Whether params fit the JSON Schema that a plugin has for them.
//!
//! The schema comes from whoever built the plugin, so it is bounded before it is used: references point into it alone
//! and not round in a circle, and following them all visits a bounded number of places. Patterns run on an engine of
//! linear time.

use jsonschema::PatternOptions;
use serde_json::Value;

use crate::LoadError;
use crate::text::{MAX_MESSAGE, escaped};

/// Places that are visited when every reference of a schema is followed.
const MAX_VISITS: usize = 10_000;
/// How deep a schema is, with its references followed.
const MAX_DEPTH: usize = 64;
/// Bytes that a compiled pattern may have, and as much again for its cache.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// Misfits that are told at once.
const MOST: usize = 4;

/// Checks `params`, JSON, against `schema`.
pub(crate) fn check(schema: &Value, params: &str) -> Result<(), LoadError> {
    let useless = |reason: String| LoadError::Section {
        reason: format!("its schema of the params is of no use: {}", escaped(&reason, MAX_MESSAGE)),
    };
    bound(schema, schema, 0, &mut 0).map_err(useless)?;
    let params: Value = serde_json::from_str(params)
        .map_err(|error| LoadError::Params { reason: format!("its params are no JSON: {error}") })?;
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES);
    let validator = jsonschema::options()
        .with_pattern_options(patterns)
        .offline()
        .build(schema)
        .map_err(|error| useless(error.to_string()))?;
    let mut misfits: Vec<String> = validator
        .iter_errors(&params)
        .take(MOST + 1)
        .map(|error| {
            let path = error.instance_path().as_str().replace('/', ".");
            format!("`params{}`: {}", escaped(&path, 200), escaped(&error.to_string(), 400))
        })
        .collect();
    if misfits.is_empty() {
        return Ok(());
    }
    if misfits.len() > MOST {
        misfits.truncate(MOST);
        misfits.push("and more".into());
    }
    let reason = format!(
        "its params do not fit: {}; `standpipe plugin inspect` shows what it takes",
        misfits.join("; ")
    );
    Err(LoadError::Params { reason })
}

/// Follows every reference of `schema`, a part of `root`, and refuses what would not end.
fn bound(root: &Value, schema: &Value, depth: usize, visits: &mut usize) -> Result<(), String> {
    *visits += 1;
    if depth > MAX_DEPTH || *visits > MAX_VISITS {
        return Err("its references go round in a circle, or it is too deep or too large".into());
    }
    match schema {
        Value::Array(parts) => parts.iter().try_for_each(|part| bound(root, part, depth + 1, visits)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            match (name.as_str(), member) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(to)) => {
                    let within = to.strip_prefix('#').ok_or_else(|| {
                        format!("`{to}` lies elsewhere; a reference points into the schema itself, as `#/$defs/name`")
                    })?;
                    let part = root.pointer(within).ok_or_else(|| format!("there is no `{to}` in it"))?;
                    bound(root, part, depth + 1, visits)
                }
                _ => bound(root, member, depth + 1, visits),
            }
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn misfit(schema: &Value, params: &str) -> String {
        check(schema, params).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let schema = json!({"type": "object", "required": ["zones"], "additionalProperties": false,
            "properties": {"zones": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^[a-z]+$"}}}});
        check(&schema, r#"{"zones":["eu"]}"#).unwrap();
        let told = misfit(&schema, r#"{"zones":["EU",5],"more":1}"#);
        for part in ["`params.zones.0`", "`params.zones.1`", "more", "plugin inspect"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(
            misfit(&schema, "{}").contains("\"zones\" is a required property"),
            "{}",
            misfit(&schema, "{}")
        );
    }

    #[test]
    fn a_reference_within_is_followed_and_none_elsewhere() {
        let schema = json!({"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}});
        check(&schema, r#"{"a":1}"#).unwrap();
        assert!(misfit(&schema, r#"{"a":"x"}"#).contains("`params.a`"));
        for elsewhere in ["https://example.com/schema", "file:///etc/passwd", "other.json"] {
            let schema = json!({"$ref": elsewhere});
            assert!(misfit(&schema, "{}").contains("lies elsewhere"), "{elsewhere}");
        }
    }

    #[test]
    fn schemas_that_would_not_end_are_refused() {
        assert!(misfit(&json!({"$ref": "#"}), "{}").contains("circle"));
        // Each level refers twice to the next: 2^40 places.
        let mut defs = serde_json::Map::new();
        for level in 0..40 {
            let next = json!({"$ref": format!("#/$defs/{}", level + 1)});
            defs.insert(level.to_string(), json!({"allOf": [next.clone(), next]}));
        }
        defs.insert("40".into(), json!(true));
        assert!(misfit(&json!({"$defs": defs, "$ref": "#/$defs/0"}), "{}").contains("circle"));
    }

    #[test]
    fn a_pattern_takes_linear_time_and_bounded_space() {
        let schema = json!({"properties": {"a": {"pattern": "^(a+)+$"}}});
        let long = format!(r#"{{"a":"{}!"}}"#, "a".repeat(50_000));
        assert!(misfit(&schema, &long).contains("`params.a`"));
        assert!(misfit(&json!({"pattern": "(?:a{1000}){1000}"}), "{}").contains("of no use"));
        assert!(
            misfit(&json!({"pattern": "(?=a)"}), "{}").contains("of no use"),
            "no look-ahead in linear time"
        );
    }

    #[test]
    fn a_schema_that_is_none_is_said_to_be_none() {
        assert!(misfit(&json!({"type": 5}), "{}").contains("of no use"));
    }
}
