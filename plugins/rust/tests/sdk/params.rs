//! The schema against serde: what the one accepts, the other reads.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_sdk::Params;
use standpipe_sdk::schema::Node;

use crate::validate::accepts;

/// A little of everything.
///
/// Said in "two" paragraphs.
#[derive(Debug, Params, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Settings {
    /// How many
    /// there are.
    how_many: u8,
    #[serde(rename = "a\"b\\c")]
    quoted: Option<i32>,
    #[serde(default)]
    on: bool,
    #[serde(skip)]
    hidden: u8,
    mode: Mode,
    r#type: Vec<Option<char>>,
    limits: BTreeMap<String, Limit>,
    #[serde(default = "half", skip_serializing_if = "never")]
    ratio: f64,
    any: Value,
    level: Level,
    open: Box<Option<Open>>,
}

fn half() -> f64 {
    0.5
}

/// Which way
#[derive(Debug, Params, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    LeftToRight,
    #[serde(rename = "RTL")]
    RightToLeft,
    #[serde(skip)]
    #[allow(dead_code, reason = "serde skips it")]
    Neither,
}

#[derive(Debug, Params, serde::Deserialize)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Limit(i64);

#[derive(Debug, Default, Params, serde::Deserialize)]
#[serde(default)]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Open {
    /// Its own
    mode: Option<Mode>,
    words: HashMap<String, bool>,
}

#[derive(Debug, Params, serde::Deserialize)]
#[serde(try_from = "u8")]
struct Level;

impl TryFrom<u8> for Level {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, String> {
        if level < 4 { Ok(Self) } else { Err(format!("level {level}; the limit is 3")) }
    }
}

fn schema(node: &Node) -> Value {
    serde_json::from_str(&node.to_string()).unwrap()
}

#[test]
fn a_schema_says_what_serde_was_told() {
    let mode = json!({"description": "Which way", "enum": ["left-to-right", "RTL"]});
    let own = json!({"description": "Its own", "anyOf": [mode, {"type": "null"}]});
    let open = json!({
        "type": "object",
        "properties": {"mode": own, "words": {"type": "object", "additionalProperties": {"type": "boolean"}}},
        "required": [],
    });
    assert_eq!(
        schema(&Settings::SCHEMA),
        json!({
            "description": "A little of everything.\n\nSaid in \"two\" paragraphs.",
            "type": "object",
            "properties": {
                "howMany": {"description": "How many there are.", "type": "integer", "minimum": 0, "maximum": 255},
                "a\"b\\c": {"anyOf": [
                    {"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}, {"type": "null"}
                ]},
                "on": {"type": "boolean"},
                "mode": mode,
                "type": {"type": "array", "items": {"anyOf": [
                    {"type": "string", "minLength": 1, "maxLength": 1}, {"type": "null"}
                ]}},
                "limits": {"type": "object", "additionalProperties": {
                    "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX
                }},
                "ratio": {"type": "number"},
                "any": {},
                "level": {"type": "integer", "minimum": 0, "maximum": 255},
                "open": {"anyOf": [open, {"type": "null"}]},
            },
            "required": ["howMany", "mode", "type", "limits", "any", "level"],
            "additionalProperties": false,
        })
    );
}

/// A value near to what a member takes: right, at a limit, past it, or of another type.
fn value(good: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    let wrong: &[&str] = &["null", "-1", "256", "1.5", "\"ab\"", "true", "9223372036854775808"];
    let parse = |text: &str| serde_json::from_str(text).unwrap();
    prop_oneof![
        12 => prop::sample::select(good).prop_map(move |text| Some(parse(text))),
        1 => prop::sample::select(wrong).prop_map(move |text| Some(parse(text))),
        1 => Just(None),
    ]
}

prop_compose! {
    fn params()(
        how_many in value(&["0", "255"]),
        quoted in value(&["1", "-2147483648", "null"]),
        on in value(&["true"]),
        mode in value(&["\"left-to-right\"", "\"RTL\""]),
        kinds in value(&["[]", "[null]", "[\"é\"]", "[\"ab\"]"]),
        limits in value(&["{}", "{\"a\":-5}", "{\"a\":null}"]),
        ratio in value(&["0", "1.5"]),
        any in value(&["1"]),
        level in Just(Some(json!(3))),
        open in value(&["{}", "null", "{\"x\":1,\"mode\":\"RTL\"}", "{\"mode\":\"x\"}", "{\"words\":{\"a\":true}}"]),
        surplus in prop::option::weighted(0.1, prop::sample::select(&["hidden", "r#type", "how_many", "x"])),
    ) -> Value {
        let members = [
            ("howMany", how_many), ("a\"b\\c", quoted), ("on", on), ("mode", mode), ("type", kinds),
            ("limits", limits), ("ratio", ratio), ("any", any), ("level", level), ("open", open),
        ];
        let mut object: serde_json::Map<String, Value> =
            members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        object.extend(surplus.map(|name| (name.to_owned(), json!(1))));
        Value::Object(object)
    }
}

proptest! {
    #[test]
    fn serde_reads_what_the_schema_accepts_and_nothing_else(params in params()) {
        let read: Result<Settings, _> = serde_json::from_value(params.clone());
        prop_assert_eq!(accepts(&schema(&Settings::SCHEMA), &params), read.is_ok(), "{:?}", read);
    }
}

macro_rules! every_case {
    ($($case:literal)*) => {$({
        #[derive(Params, serde::Serialize)]
        #[serde(rename_all = $case)]
        struct Fields { one: u8, two_words: u8, three_3_words: u8, r#match: u8 }

        #[derive(Params, serde::Serialize)]
        #[serde(rename_all = $case)]
        enum Variants { One, TwoWords, ABCWord, Word3 }

        let written = serde_json::to_value(Fields { one: 1, two_words: 2, three_3_words: 3, r#match: 4 }).unwrap();
        let described = schema(&Fields::SCHEMA);
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&described["properties"]), names(&written), $case);
        let variants = [Variants::One, Variants::TwoWords, Variants::ABCWord, Variants::Word3];
        assert_eq!(schema(&Variants::SCHEMA)["enum"], serde_json::to_value(variants).unwrap(), $case);
    })*};
}

#[test]
fn names_change_case_as_serde_changes_it() {
    every_case!("lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE" "kebab-case"
        "SCREAMING-KEBAB-CASE");
}
