use serde_json::Value;
use standpipe_sdk::testing;

#[test]
fn every_case_comes_out_as_its_files_say() {
    standpipe_logline::testing::run::<crate::Plugin>(env!("CARGO_MANIFEST_DIR"));
}

#[test]
fn every_byte_comes_out_as_json() {
    let mut line = b"h - - [17/May/2015:10:05:03 +0000] \"GET /".to_vec();
    line.extend((1u8..=255).filter(|byte| !matches!(byte, b'"' | b'\\' | b'\n')));
    line.extend("é€😀".as_bytes());
    line.extend(b" HTTP/1.1\" 200 12");
    let out = testing::run::<crate::Plugin>("{}", &[line]);
    let value: Value = serde_json::from_str(&out.texts()[0]).unwrap();
    let request = value["request"].as_str().unwrap();
    assert!(request.contains("\u{1}\u{2}") && request.contains("é€😀") && request.contains('\u{fe}'));
}

#[test]
fn every_line_of_a_real_log_has_its_time() {
    let log = include_bytes!("../cases/access.log");
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    let out = testing::run::<crate::Plugin>("{}", &lines);
    assert_eq!((lines.len(), out.outputs.len(), out.failed.len()), (5_000, 5_000, 0));
    for text in out.texts() {
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(value["@timestamp_utc"].is_string(), "{text}");
    }
}
