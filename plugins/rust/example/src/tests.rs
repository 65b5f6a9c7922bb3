use standpipe_sdk::testing;

use super::Plugin;

#[test]
fn objects_get_the_member_and_the_rest_fails() {
    let params = r#"{"field": "team", "value": "web"}"#;
    let outcomes = testing::run::<Plugin>(params, &[r#"{"a":1}"#, "[1]", r#"{"team":"old"}"#]);
    assert_eq!(outcomes.texts(), [r#"{"a":1,"team":"web"}"#, r#"{"team":"web"}"#]);
    assert_eq!(outcomes.failed.len(), 1);
    assert_eq!(outcomes.failed[0].index, 1);
    assert_eq!(outcomes.failed[0].failure.code(), "not-json");
}

#[test]
fn params_that_are_wrong_are_refused() {
    let failure = testing::init::<Plugin>(r#"{"field": 5, "value": 1}"#).unwrap_err();
    assert_eq!(failure.code(), "bad-params");
    assert!(failure.message().starts_with("`params.field`: invalid type: integer `5`"), "{failure}");
}

#[test]
fn the_readme_shows_this_plugin() {
    let (source, _) = include_str!("lib.rs").split_once("#[cfg(test)]").unwrap();
    let (_, code) = source.split_once("\n\n").unwrap();
    assert_eq!(code.trim_end().lines().count(), 15, "plugins/README.md says how long it is");
    assert!(include_str!("../../README.md").contains(code.trim_end()), "copy it into plugins/rust/README.md");
}
