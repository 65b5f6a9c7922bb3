use proptest::prelude::*;
use standpipe_sdk::testing;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

fn one(params: &str, record: &str) -> String {
    let outcomes = testing::run::<crate::Plugin>(params, &[record]);
    match outcomes.failed.first() {
        Some(failed) => failed.failure.to_string(),
        None => outcomes.texts().concat(),
    }
}

#[test]
fn line_ends_are_escaped_or_kept() {
    let record = r#"{"a":"one\r\ntwo","b":{"c":"three\nfour"}}"#;
    let escaped = one(r#"{"columns":["a","b"]}"#, record);
    assert_eq!(escaped, r#"one\r\ntwo,"{""c"":""three\nfour""}""#);
    let kept = one(r#"{"columns":["a","b.c"],"newlines":"keep"}"#, record);
    assert_eq!(kept, "\"one\r\ntwo\",\"three\nfour\"");
}

#[test]
fn a_record_over_several_lines_becomes_one() {
    let record = "{\n \"a\" : {\n \"b c\" : [ 1 ,\t2 ]\r\n }\n}";
    assert_eq!(one(r#"{"columns":["a"]}"#, record), r#""{""b c"":[1,2]}""#);
}

#[test]
fn the_last_of_members_with_one_name_counts() {
    let record = r#"{"a":{"b":1},"a":{"c":2}}"#;
    assert_eq!(one(r#"{"columns":["a.b","a.c","a"]}"#, record), r#",2,"{""c"":2}""#);
}

#[test]
fn deep_values_need_no_stack() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(one(r#"{"columns":["a.0.0.0","b"]}"#, &deep).len(), 2 * (100_000 - 3) + 1);
}

#[test]
fn wrong_params_are_refused() {
    for (params, message) in [
        ("{}", "missing field `columns`"),
        (r#"{"columns":[]}"#, "`columns` is empty"),
        (r#"{"columns":["a..b"]}"#, "`columns` has the path `a..b`, in which a name is empty"),
        (r#"{"columns":["a"],"delimiter":"\""}"#, "`delimiter` is a quote or a line end"),
        (r#"{"columns":["a"],"delimiter":";;"}"#, "`params.delimiter`"),
        (r#"{"columns":["a"],"missing":"skip"}"#, "unknown variant `skip`"),
        (r#"{"columns":["a"],"header":true}"#, "unknown field `header`"),
    ] {
        let failure = testing::init::<crate::Plugin>(params).unwrap_err();
        assert_eq!(failure.code(), "bad-params");
        assert!(failure.message().contains(message), "{failure}");
    }
}

/// A line read back as RFC 4180 says.
fn read(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => field.extend(rest.next()),
            '"' => quoted = !quoted,
            ';' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

proptest! {
    #[test]
    fn strings_come_back(values in prop::collection::vec("[ -~\n\r\t;\"ü]{0,12}", 1..6)) {
        let members: serde_json::Map<_, _> =
            values.iter().enumerate().map(|(n, value)| (format!("m{n}"), value.as_str().into())).collect();
        let columns: Vec<_> = (0..values.len()).map(|n| format!("m{n}")).collect();
        let params = serde_json::json!({"columns": columns, "delimiter": ";", "newlines": "keep"});
        let record = serde_json::Value::Object(members).to_string();
        prop_assert_eq!(read(&one(&params.to_string(), &record)), values);
    }

    #[test]
    fn any_bytes_end_as_a_line_or_a_failure(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let outcomes = testing::run::<crate::Plugin>(r#"{"columns":["a"]}"#, &[bytes]);
        prop_assert_eq!(outcomes.outputs.len() + outcomes.failed.len(), 1);
    }
}
