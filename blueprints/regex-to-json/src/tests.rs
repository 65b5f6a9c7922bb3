use proptest::prelude::*;
use standpipe_sdk::testing;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

fn refused(pattern: &str) -> String {
    let params = serde_json::json!({"pattern": pattern}).to_string();
    let failure = testing::init::<crate::Plugin>(&params).unwrap_err();
    assert_eq!(failure.code(), "bad-params");
    failure.message().to_owned()
}

#[test]
fn patterns_that_are_wrong_or_too_large_are_refused() {
    assert!(refused("(?<a>").contains("`pattern` is refused: regex parse error"));
    assert!(refused(r"(a)\1(?<b>c)").contains("backreferences are not supported"));
    assert!(refused("(?<a>x)(?=y)").contains("look-around"));
    assert!(refused("(?<a>x)(?<a>y)").contains("duplicate capture group name"));
    assert!(refused(r"(\S+) (\S+)").contains("`pattern` has no named group"));
    assert!(refused("").contains("`pattern` has no named group"));
    assert!(refused("(?<a>(x{100}){100}){100}").contains("exceeds size limit"));
    assert!(refused("(?<a>((((x{9}){9}){9}){9}){9}){9}").contains("exceeds size limit"));
    assert!(refused(&format!("{}(?<a>x){}", "(".repeat(60), ")".repeat(60))).contains("nest"));
    assert!(refused(&format!("(?<a>{})", "x|".repeat(1_000_000))).contains("size limit"));
}

#[test]
fn params_that_are_wrong_are_refused() {
    for (params, message) in [
        ("{}", "missing field `pattern`"),
        (
            r#"{"pattern":"(?<a>x)","types":{"b":"integer"}}"#,
            "`types` names `b`, which is no group of the pattern",
        ),
        (r#"{"pattern":"(?<a>x)","types":{"a":"int"}}"#, "unknown variant `int`"),
        (r#"{"pattern":"(?<a>x)","unmatched":"keep"}"#, "unknown variant `keep`"),
        (r#"{"pattern":"(?<a>x)","flags":"i"}"#, "unknown field `flags`"),
    ] {
        let failure = testing::init::<crate::Plugin>(params).unwrap_err();
        assert!(failure.message().contains(message), "{failure}");
    }
}

/// What takes an engine that tries one way after the other longer than anybody waits.
#[test]
fn patterns_that_are_hard_elsewhere_take_linear_time() {
    let params = r#"{"pattern":"^(?<a>(x+x+)+)y$"}"#;
    let outcomes = testing::run::<crate::Plugin>(params, &["x".repeat(20_000)]);
    assert_eq!(outcomes.failed[0].failure.code(), "no-match");
}

#[test]
fn long_lines_are_cut_in_messages() {
    let outcomes = testing::run::<crate::Plugin>(r#"{"pattern":"(?<a>x)"}"#, &["y".repeat(50)]);
    let want = format!("the pattern does not match `{}…`", "y".repeat(40));
    assert_eq!(outcomes.failed[0].failure.message(), want);
}

proptest! {
    #[test]
    fn outputs_are_json_whatever_the_bytes(line in prop::collection::vec(any::<u8>(), 0..64)) {
        let params = r#"{"pattern":"(?s-u)^(?<a>.)(?<b>.*)(?<c>[a-z])?$","unmatched":"drop"}"#;
        let outcomes = testing::run::<crate::Plugin>(params, &[&line]);
        prop_assert_eq!(outcomes.outputs.len() + outcomes.dropped.len(), 1);
        for text in outcomes.texts() {
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert!(value["b"].is_string());
        }
    }
}
