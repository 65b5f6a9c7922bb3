use standpipe_sdk::{Level, testing};

use super::Plugin;

const PARAMS: &str = r#"{"zones":["eu","us"]}"#;

#[test]
fn every_kind_has_its_outcome() {
    let records = [r#"{"kind":"click"}"#, r#"{"kind":"debug"}"#, r#"{"kind":"global","zone":"old"}"#, "[1]"];
    let outcomes = testing::run::<Plugin>(PARAMS, &records);
    let global = [r#"{"kind":"global","zone":"eu"}"#, r#"{"kind":"global","zone":"us"}"#];
    assert_eq!(outcomes.texts(), [r#"{"kind":"click","zone":"eu"}"#, global[0], global[1]]);
    assert_eq!(outcomes.outputs[2].columns["zone"], b"us");
    assert_eq!(outcomes.dropped, [1]);
    assert_eq!(outcomes.failed[0].failure.code(), "not-json");
    assert_eq!(outcomes.counts, [("dropped", 1), ("emitted", 3)].into());
    assert_eq!(outcomes.logs, [(Level::Debug, "global record".to_owned())]);
}

#[test]
fn params_that_are_wrong_are_refused() {
    for (params, message) in [
        (r#"{"zones":"eu"}"#, "`params.zones`: invalid type: string \"eu\""),
        (r#"{"zones":[]}"#, "`params.zones`: at least one zone is needed"),
        (r#"{"zones":["eu"],"zone":1}"#, "`params.zone`: unknown field"),
    ] {
        let failure = testing::init::<Plugin>(params).unwrap_err();
        assert_eq!(failure.code(), "bad-params");
        assert!(failure.message().starts_with(message), "{failure}");
    }
}
