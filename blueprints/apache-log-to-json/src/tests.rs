use serde_json::Value;
use standpipe_sdk::testing;

fn json(line: &[u8]) -> String {
    let out = testing::run::<crate::Plugin>("{}", &[line]);
    assert!(out.failed.is_empty(), "{:?}", out.failed);
    out.texts().join("\n")
}

fn code(line: &[u8]) -> String {
    let out = testing::run::<crate::Plugin>("{}", &[line]);
    assert_eq!(out.failed.len(), 1, "{:?}", out.texts());
    out.failed[0].failure.code().to_owned()
}

#[test]
fn a_common_line_has_the_fields_of_firehose() {
    let line = br#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"#;
    assert_eq!(
        json(line),
        r#"{"host":"127.0.0.1","ident":"-","authuser":"frank","request":"GET /apache_pb.gif HTTP/1.0","response":200,"bytes":2326,"verb":"GET","@timestamp":"2000-10-10T13:55:36.000-07:00","timezone":"-0700","@timestamp_utc":"2000-10-10T20:55:36.000Z"}"#
    );
}

#[test]
fn a_combined_line_adds_referrer_and_agent() {
    let line =
        b"::1 - - [31/Dec/1999:23:30:00 -0100] \"GET / HTTP/1.1\" 304 - \"http://a/\\\"b\" \"x \\\\\"\r";
    let value: Value = serde_json::from_str(&json(line)).unwrap();
    assert_eq!(value["host"], "::1");
    assert_eq!(value["bytes"], Value::Null);
    assert_eq!(value["@timestamp_utc"], "2000-01-01T00:30:00.000Z");
    assert_eq!(value["referrer"], r#"http://a/\"b"#);
    assert_eq!(value["agent"], r"x \\");
}

#[test]
fn a_field_that_is_not_there_is_left_out() {
    let line = b"h - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 1 \"http://a/\"";
    let value: Value = serde_json::from_str(&json(line)).unwrap();
    assert_eq!(value["referrer"], "http://a/");
    assert!(value.get("agent").is_none());
}

#[test]
fn what_clients_send_as_requests_is_kept() {
    for (request, verb) in [("-", None), ("", None), (r"\x16\x03\x01", None), ("GET  /", Some("GET"))] {
        let line = format!("h - a b [17/May/2015:10:05:03 +0000] \"{request}\" 408 - \"-\" \"-\"");
        let value: Value = serde_json::from_str(&json(line.as_bytes())).unwrap();
        assert_eq!(value["request"], request);
        assert_eq!(value["verb"].as_str(), verb);
        assert_eq!(value["authuser"], "a b");
        assert_eq!(value["@timestamp"], "2015-05-17T10:05:03.000Z");
    }
}

#[test]
fn any_bytes_come_out_as_json() {
    let mut line = b"h - - [17/May/2015:10:05:03 +0000] \"GET /".to_vec();
    line.extend((1u8..=255).filter(|byte| !matches!(byte, b'"' | b'\\' | b'\n')));
    line.extend("é€😀".as_bytes());
    line.extend(b" HTTP/1.1\" 200 00012");
    let value: Value = serde_json::from_str(&json(&line)).unwrap();
    let request = value["request"].as_str().unwrap();
    assert!(request.contains("\u{1}\u{2}") && request.contains("é€😀") && request.contains('\u{fe}'));
    assert_eq!(value["bytes"], 12);
}

#[test]
fn every_utc_day_follows_the_one_before() {
    // A year with a leap day and one without, an hour before midnight, east and west of Greenwich.
    for (stamp, utc) in [
        ("28/Feb/2016:23:30:00 -0100", "2016-02-29T00:30:00.000Z"),
        ("28/Feb/2015:23:30:00 -0100", "2015-03-01T00:30:00.000Z"),
        ("01/Mar/2016:00:30:00 +0100", "2016-02-29T23:30:00.000Z"),
        ("01/Jan/2000:00:30:00 +0530", "1999-12-31T19:00:00.000Z"),
    ] {
        let line = format!("h - - [{stamp}] \"GET /\" 200 1");
        let value: Value = serde_json::from_str(&json(line.as_bytes())).unwrap();
        assert_eq!(value["@timestamp_utc"], utc, "{stamp}");
    }
}

#[test]
fn a_leap_second_is_the_first_of_the_next_day() {
    let line = b"h - - [31/Dec/2016:23:59:60 +0000] \"GET /\" 200 1";
    let value: Value = serde_json::from_str(&json(line)).unwrap();
    assert_eq!(value["@timestamp"], "2017-01-01T00:00:00.000Z");
    assert_eq!(value["@timestamp_utc"], value["@timestamp"]);
}

#[test]
fn what_is_no_line_fails_with_its_reason() {
    for (line, want) in [
        ("", "empty-line"),
        ("\r", "empty-line"),
        ("nonsense", "not-apache"),
        ("h - - no time", "no-timestamp"),
        ("h - - [32/May/2015:10:05:03 +0000] \"GET /\" 200 1", "bad-timestamp"),
        ("h - - [17/May/2015:10:05:03 +2400] \"GET /\" 200 1", "bad-timestamp"),
        ("h - - [17/May/2015:10:05:03 +0060] \"GET /\" 200 1", "bad-timestamp"),
        ("h - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 -5", "bad-bytes"),
        ("h - - [17/May/2015:10:05:03 +0000] GET / 200 1", "no-quote"),
        ("h - - [17/May/2015:10:05:03 +0000] \"GET / 200 1", "unclosed-quote"),
        ("h - - [17/May/2015:10:05:03 +0000] \"GET /\" 20 1", "bad-status"),
        ("h - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 many", "bad-bytes"),
        ("h - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 1 \"-\" \"cut", "unclosed-quote"),
    ] {
        assert_eq!(code(line.as_bytes()), want, "{line}");
    }
}

#[test]
fn all_lines_of_a_real_log_come_out() {
    let log = include_bytes!("../cases/access.log");
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    let out = testing::run::<crate::Plugin>("{}", &lines);
    assert_eq!((lines.len(), out.outputs.len(), out.failed.len()), (1_000, 1_000, 0));
    assert!(out.texts().iter().all(|text| serde_json::from_str::<Value>(text).is_ok()));
}
