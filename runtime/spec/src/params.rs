use serde_json::{Map, Number, Value as Json};
use toml::de::{DeTable, DeValue};

use crate::Finding;
use crate::reader::{Context, Value};

/// A table of the file as the JSON object that a plugin is given. Dates and times become strings. What
/// JSON cannot say is reported and left out.
pub(crate) fn object(context: &Context, table: &DeTable<'_>) -> Map<String, Json> {
    let mut object = Map::new();
    for (key, value) in table {
        if let Some(value) = json(context, value) {
            object.insert(key.get_ref().to_string(), value);
        }
    }
    object
}

// The parser refuses tables and lists that lie deeper than 80, which bounds the recursion.
fn json(context: &Context, value: &Value<'_>) -> Option<Json> {
    let refuse = |message: &str, help: &str| {
        context.report(Finding::error(message).at(value.span()).with_help(help));
        None
    };
    match value.get_ref() {
        DeValue::String(text) => Some(Json::String(text.to_string())),
        DeValue::Boolean(value) => Some(Json::Bool(*value)),
        DeValue::Datetime(time) => Some(Json::String(time.to_string())),
        DeValue::Array(items) => Some(items.iter().filter_map(|item| json(context, item)).collect()),
        DeValue::Table(table) => Some(Json::Object(object(context, table))),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Some(Json::Number(number.into())),
            Err(_) => refuse("a parameter is a number beyond 64 bits", "write it as a string"),
        },
        DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
            Some(number) => Some(Json::Number(number)),
            None => refuse("a parameter is a number that JSON does not have", "write it as a string"),
        },
    }
}
