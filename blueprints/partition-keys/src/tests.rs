use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use standpipe_sdk::testing::{self, Input};

use crate::read::read;
use crate::text::float;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

/// The value of the key `k` of a query `{k: (…)}`, or the failure.
fn key(expression: &str, record: &str) -> Result<String, String> {
    let params = json!({"query": format!("{{k: ({expression})}}")}).to_string();
    testing::init::<crate::Plugin>(&params).map_err(|failure| failure.to_string())?;
    let outcomes = testing::run::<crate::Plugin>(&params, &[record]);
    match outcomes.outputs.first() {
        Some(output) => Ok(String::from_utf8(output.columns["k"].clone()).unwrap()),
        None => Err(outcomes.failed[0].failure.to_string()),
    }
}

/// Each row is an expression, a record, what jq 1.6 makes of it, and, where that is another thing, what comes out here.
/// Failures are null.
#[test]
fn queries_give_what_jq_gives_but_where_the_table_says_otherwise() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/jq-1.6.json");
    let table: Vec<Vec<Option<String>>> = serde_json::from_slice(&std::fs::read(table).unwrap()).unwrap();
    assert!(table.len() > 250);
    for row in table {
        let [Some(expression), Some(record), ..] = row.as_slice() else { panic!("{row:?}") };
        let got = key(expression, record);
        assert_eq!(got.as_ref().ok(), row.last().unwrap().as_ref(), "{expression} of {record}: {got:?}");
    }
}

fn refused(params: &Value) -> String {
    let Err(failure) = testing::init::<crate::Plugin>(&params.to_string()) else {
        panic!("{params} is taken")
    };
    assert_eq!(failure.code(), "bad-params");
    failure.message().strip_prefix("`params`: ").unwrap_or(failure.message()).to_owned()
}

#[test]
fn queries_that_are_wrong_are_refused_with_their_place() {
    let fifty_one: Vec<String> = (0..51).map(|at| format!("k{at}: 1")).collect();
    for (query, message) in [
        ("", "`query` is wrong at character 1: term expected, its end found"),
        ("{a: .a", "`query` is wrong at character 7: closing brace expected, its end found"),
        ("{a: .a,, b: 1}", "`query` is wrong at character 8: key expected, `,` found"),
        ("{a: .a}\n}", "`query` is wrong at line 2, character 1: token expected, `}` found"),
        ("{\n a: für\n}", "`query` is wrong at line 2, character 6: closing brace expected, `ür\n}` found"),
        ("{a: .a|shout}", "`query` is wrong at character 8: there is no function `shout` here"),
        ("{a: .a|test}", "`query` is wrong at character 8: there is no function `test` here"),
        (
            "{a: nothing(1)}",
            "`query` is wrong at character 5: there is no function of one argument `nothing` here",
        ),
        (
            "{a: nothing(1;2)}",
            "`query` is wrong at character 5: there is no function of 2 arguments `nothing` here",
        ),
        ("{a: $x}", "`query` is wrong at character 5: there is no variable `$x` here"),
        ("import \"a\" as a; {a: 1}", "`query` loads `a`: there are no modules"),
        (".", "`query` is no object: write one such as `{customer_id: .customer_id}`"),
        ("{a: 1}, {b: 1}", "`query` is no object: write one such as `{customer_id: .customer_id}`"),
        ("{a: 1}|.", "`query` is no object: write one such as `{customer_id: .customer_id}`"),
        ("[{a: 1}]", "`query` is no object: write one such as `{customer_id: .customer_id}`"),
        ("{}", "`query` has no key: write one such as `{customer_id: .customer_id}`"),
        ("{a: 1, (.b): 2}", "key 2 of `query` is not a plain name: it is computed"),
        ("{\"a\\(.b)\": 2}", "key 1 of `query` is not a plain name: it is computed"),
        ("{@base64 \"a\": 2}", "key 1 of `query` is not a plain name: it is computed"),
        ("{\"\": 2}", "key 1 of `query` has 0 bytes: 1 to 128 printable ones are taken"),
        ("{\"a\\u0007\": 2}", "key 1 of `query` has 2 bytes: 1 to 128 printable ones are taken"),
        ("{a: 1, b: 2, \"a\": 3}", "`query` has the key `a` twice"),
        (&format!("{{{}}}", fifty_one.join(",")), "`query` has 51 keys, at most 50 are taken"),
        (
            &format!("{{a: {}1}}", " ".repeat(5115)),
            "`query` has 5121 bytes, at most 5120 are taken: make it shorter",
        ),
        (
            &format!("{{a: {}1{}}}", "(".repeat(100), ")".repeat(100)),
            "`query` has brackets more than 100 deep",
        ),
    ] {
        assert_eq!(refused(&json!({"query": query})), message, "{query}");
    }
}

#[test]
fn what_touches_the_world_is_not_there() {
    for name in [
        "env",
        "$ENV",
        "input",
        "inputs",
        "debug",
        "stderr",
        "input_filename",
        "input_line_number",
        "halt",
        "halt_error",
        "$__loc__",
        "$__prog_args",
        "get_search_list",
        "input_line_number",
        "repl",
        "tobytes",
        "debug_empty",
        "stderr_empty",
    ] {
        let kind = if name.starts_with('$') { "variable" } else { "function" };
        let message = format!("`query` is wrong at character 8: there is no {kind} `{name}` here");
        assert_eq!(refused(&json!({"query": format!("{{a: .a|{name}}}")})), message);
    }
    for call in ["halt(1)", "halt_error(1)", "debug(1)"] {
        let message = refused(&json!({"query": format!("{{a: {call}}}")}));
        assert!(message.contains("there is no function of one argument `"), "{message}");
    }
}

#[test]
fn keys_and_query_have_to_be_the_same() {
    let with = |keys: &[&str]| json!({"query": "{a: .a, b: .b}", "keys": keys});
    assert_eq!(refused(&with(&["a", "b", "c"])), "the key `c` is used and not extracted: add it to `query`");
    assert_eq!(
        refused(&with(&["a"])),
        "the key `b` is extracted and not used in the prefix: take it out of `query`"
    );
    testing::init::<crate::Plugin>(&with(&["b", "a"]).to_string()).unwrap();
    let message = refused(&json!({"query": "{a: 1}", "column_prefix": "x".repeat(129)}));
    assert_eq!(message, "`column_prefix` is too long or unprintable: at most 128 bytes are taken");
    assert!(refused(&json!({"query": "{a: 1}", "kees": []})).contains("unknown field `kees`"));
}

#[test]
fn now_is_the_arrival() {
    let params = r#"{"query":"{n: now, d: now|strftime(\"%F\")}"}"#;
    let outcomes =
        testing::run_inputs::<crate::Plugin>(params, &[Input::new("{}").arrived(1_700_000_000_123)]);
    assert_eq!(outcomes.outputs[0].columns["n"], b"1700000000.123");
    assert_eq!(outcomes.outputs[0].columns["d"], b"2023-11-14");
}

#[test]
fn a_query_without_end_is_left_after_its_second_result() {
    for expression in ["repeat(.)", "range(infinite)", "recurse"] {
        let failure = key(expression, r#"{"a":1}"#).unwrap_err();
        assert!(failure.starts_with("several-results: "), "{expression}: {failure}");
    }
}

#[test]
fn messages_are_cut_and_name_no_more_than_the_beginning_of_a_record() {
    let record = json!({"a": "x".repeat(10_000)}).to_string();
    let failure = key(".a.b", &record).unwrap_err();
    assert!(failure.starts_with("query-failed: cannot index \"xxx") && failure.ends_with("x…"), "{failure}");
    assert!(failure.len() < 250);
    assert_eq!(key("error(\"ü\" * 150)", "1").unwrap_err(), format!("query-failed: {}…", "ü".repeat(100)));
}

#[test]
fn values_nest_256_deep() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(key("\"deep\"", &nested(255)).unwrap(), "deep");
    let failure = key("1", &nested(256)).unwrap_err();
    assert_eq!(failure, "not-json: the record is not one JSON value: byte 257: maximal depth exceeded");
    assert!(key("1", &"[".repeat(1 << 20)).is_err());
}

/// JSON of any shape.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_read_is_json_and_all_json_is_read(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(br#"{}[]",:0123.eE+-\u "#.to_vec())], 0..24)) {
        let other: Result<Value, _> = serde_json::from_slice(&bytes);
        match (read(&bytes), other) {
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            // The other reader refuses numbers that are too large.
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{error}"),
            (Err(error), Ok(_)) => prop_assert!(false, "{error:?}"),
        }
    }

    #[test]
    fn values_survive_reading_and_printing(value in any_json()) {
        let text = value.to_string();
        let back = read(text.as_bytes()).unwrap().to_string();
        let back: Value = serde_json::from_str(&back).unwrap();
        prop_assert_eq!(back, value);
    }

    #[test]
    fn strings_and_whole_numbers_are_keys_as_they_are(text in any::<String>(), number in any::<i64>()) {
        prop_assert_eq!(key(".", &json!(text).to_string()), Ok(text));
        prop_assert_eq!(key(".", &number.to_string()), Ok(number.to_string()));
    }

    #[test]
    fn numbers_are_printed_so_that_they_can_be_read_again(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
        prop_assert_eq!(float(number).parse::<f64>().unwrap(), number);
        prop_assert_eq!(key(".", &format!("{number:e}")).unwrap().parse::<f64>().unwrap(), number);
    }

    #[test]
    fn queries_of_any_text_are_taken_or_refused(text in "[a-z{}\\[\\]()|.:, \"$@#;?/*+-]{0,40}") {
        let _ = testing::init::<crate::Plugin>(&json!({"query": format!("{{a: {text}}}")}).to_string());
    }

    #[test]
    fn a_record_has_the_payload_and_all_keys_or_fails(value in any_json()) {
        let params = r#"{"query":"{a: (if type == \"object\" then (keys|length) else . end), b: 1}","column_prefix":"p:"}"#;
        let text = value.to_string();
        let outcomes = testing::run::<crate::Plugin>(params, &[&text]);
        match outcomes.outputs.as_slice() {
            [output] => {
                prop_assert_eq!(&output.payload, text.as_bytes());
                let names: Vec<_> = output.columns.keys().map(String::as_str).collect();
                prop_assert_eq!(names, ["p:a", "p:b"]);
            }
            _ => prop_assert!(outcomes.failed[0].failure.code().starts_with("key-is-")),
        }
    }
}
