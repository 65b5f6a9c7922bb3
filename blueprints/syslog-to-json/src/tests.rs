use serde_json::Value;
use standpipe_sdk::testing;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn every_line_of_a_real_log_has_its_program() {
    let log = include_bytes!("../cases/messages.log");
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    let out = testing::run::<crate::Plugin>("{}", &lines);
    assert_eq!((lines.len(), out.outputs.len(), out.failed.len()), (2_000, 2_000, 0));
    for text in out.texts() {
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(value["program"].is_string(), "{text}");
    }
}
