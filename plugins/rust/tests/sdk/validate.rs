//! As much of JSON Schema as the SDK writes, read again.

use serde_json::Value;

/// Whether `schema` accepts `value`.
pub(crate) fn accepts(schema: &Value, value: &Value) -> bool {
    let Some(keywords) = schema.as_object() else { panic!("no schema: {schema}") };
    keywords.iter().all(|(keyword, rule)| match keyword.as_str() {
        "description" => rule.is_string(),
        "type" => has_type(rule.as_str().unwrap(), value),
        "enum" => rule.as_array().unwrap().contains(value),
        "anyOf" => rule.as_array().unwrap().iter().any(|schema| accepts(schema, value)),
        "minimum" => {
            value.as_number().is_none_or(|number| number.as_i128() >= rule.as_number().unwrap().as_i128())
        }
        "maximum" => {
            value.as_number().is_none_or(|number| number.as_i128() <= rule.as_number().unwrap().as_i128())
        }
        "minLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap())
        }
        "maxLength" => {
            value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap())
        }
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| accepts(rule, item))),
        "required" => value.as_object().is_none_or(|object| {
            rule.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|object| {
            rule.as_object()
                .unwrap()
                .iter()
                .all(|(name, schema)| object.get(name).is_none_or(|member| accepts(schema, member)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|object| {
            let known = schema.get("properties").and_then(Value::as_object);
            object.iter().filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name))).all(
                |(_, member)| match rule {
                    Value::Bool(allowed) => *allowed,
                    schema => accepts(schema, member),
                },
            )
        }),
        other => panic!("the SDK does not write `{other}`"),
    })
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type of JSON Schema: `{other}`"),
    }
}
