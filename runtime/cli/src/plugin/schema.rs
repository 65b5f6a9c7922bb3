//! A JSON Schema of params, for people.

use serde_json::{Map, Value};

/// How deep objects in objects are shown, and how many members.
const DEEP: usize = 4;
const MOST: usize = 100;

/// A member of params.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Member {
    /// Where it is: `output.format`.
    pub(super) name: String,
    /// What it is: `array of string, required`.
    pub(super) kind: String,
    pub(super) description: String,
}

/// The members that a schema names.
pub(super) fn members(schema: &Value) -> Vec<Member> {
    let mut out = Vec::new();
    walk(schema, schema, "", DEEP, &mut out);
    out
}

fn walk(schema: &Value, root: &Value, path: &str, depth: usize, out: &mut Vec<Member>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    for (name, member) in properties {
        if out.len() >= MOST {
            return;
        }
        let member = followed(member, root);
        let path = format!("{path}{}", shown(name));
        let mut kind = kind(member, root, DEEP);
        if is_required(name) {
            kind += ", required";
        }
        if let Some(default) = member.get("default") {
            kind += &format!(", default {}", cut(&default.to_string()));
        }
        let description = member.get("description").and_then(Value::as_str).unwrap_or_default();
        out.push(Member { name: path.clone(), kind, description: cut(&shown(description)) });
        walk(member, root, &format!("{path}."), depth, out);
    }
}

/// What a reference within the schema leads to.
fn followed<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let place = schema.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix('#'));
    place.and_then(|place| root.pointer(place)).unwrap_or(schema)
}

fn kind(schema: &Value, root: &Value, depth: usize) -> String {
    let schema = followed(schema, root);
    let Some(depth) = depth.checked_sub(1) else { return "…".to_owned() };
    let Some(object) = schema.as_object() else { return "anything".to_owned() };
    if let Some(value) = object.get("const") {
        return cut(&value.to_string());
    }
    if let Some(values) = object.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        return format!("one of {}", cut(&values.join(", ")));
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(choices) = object.get(word).and_then(Value::as_array) {
            let choices: Vec<String> = choices.iter().map(|choice| kind(choice, root, depth)).collect();
            return cut(&choices.join(" or "));
        }
    }
    let types = match object.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return "anything".to_owned(),
    };
    let types: Vec<String> = types.into_iter().map(|one| typed(one, object, root, depth)).collect();
    cut(&types.join(" or "))
}

fn typed(name: &str, schema: &Map<String, Value>, root: &Value, depth: usize) -> String {
    let mut out = shown(name);
    if let ("array", Some(items)) = (name, schema.get("items")) {
        out = format!("array of {}", kind(items, root, depth));
    }
    let bound = |member: &str| schema.get(member).map(ToString::to_string);
    let (least, most) = match name {
        "array" => (bound("minItems"), bound("maxItems")),
        "string" => (bound("minLength"), bound("maxLength")),
        _ => (bound("minimum"), bound("maximum")),
    };
    let unit = match name {
        "array" => " items",
        "string" => " letters",
        _ => "",
    };
    match (least, most) {
        (Some(least), Some(most)) => out += &format!(" ({least} to {most}{unit})"),
        (Some(least), None) => out += &format!(" ({least} or more{unit})"),
        (None, Some(most)) => out += &format!(" (at most {most}{unit})"),
        (None, None) => {}
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str).filter(|_| name == "string") {
        out += &format!(" like `{}`", shown(pattern));
    }
    out
}

/// Text of a plugin's without what a terminal would act on, on one line.
pub(super) fn shown(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = |letter: char| {
        if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
    };
    words.join(" ").chars().map(plain).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_told_with_all_that_is_known_of_them() {
        let schema = json!({
            "type": "object",
            "properties": {
                "zones": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "Where\n to."},
                "output": {"type": "object", "properties": {"format": {"enum": ["json", "csv"], "default": "json"}}},
                "rate": {"$ref": "#/$defs/rate"},
                "any": true,
                "either": {"anyOf": [{"type": "null"}, {"type": ["string", "boolean"]}]},
            },
            "required": ["zones"],
            "$defs": {"rate": {"type": "integer", "minimum": 0, "maximum": 9}},
        });
        let told: Vec<String> = members(&schema)
            .into_iter()
            .map(|member| format!("{}: {}; {}", member.name, member.kind, member.description))
            .collect();
        assert_eq!(
            told,
            [
                "any: anything; ",
                "either: null or string or boolean; ",
                "output: object; ",
                "output.format: one of \"json\", \"csv\", default \"json\"; ",
                "rate: integer (0 to 9); ",
                "zones: array of string (1 or more items), required; Where to.",
            ]
        );
    }

    #[test]
    fn a_schema_that_leads_nowhere_ends() {
        let schema = json!({"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/gone"}, "c": {"type": "array", "items": {"$ref": "#/properties/c"}}}});
        assert!(members(&schema).len() <= MOST);
        assert_eq!(members(&json!(5)), []);
        assert_eq!(shown("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }
}
