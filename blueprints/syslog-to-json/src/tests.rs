use serde_json::Value;
use standpipe_sdk::testing;

fn json(line: &str) -> String {
    let out = testing::run::<crate::Plugin>("{}", &[line.as_bytes()]);
    assert!(out.failed.is_empty(), "{:?}", out.failed);
    out.texts().join("\n")
}

#[test]
fn every_format_comes_out() {
    for (line, want) in [
        (
            "Jun 14 15:16:01 combo sshd(pam_unix)[19939]: failure\r",
            r#"{"timestamp":"Jun 14 15:16:01","hostname":"combo","program":"sshd(pam_unix)","processid":"19939","message":"failure"}"#,
        ),
        (
            "Jul  3 04:08:03 combo syslogd 1.4.1: restart.",
            r#"{"timestamp":"Jul  3 04:08:03","hostname":"combo","program":"syslogd 1.4.1","message":"restart."}"#,
        ),
        (
            "Jul  7 08:06:15 combo  -- root[2421]: ROOT LOGIN ON tty2",
            r#"{"timestamp":"Jul  7 08:06:15","hostname":"combo","program":"-- root","processid":"2421","message":"ROOT LOGIN ON tty2"}"#,
        ),
        (
            "Jun 14 15:16:01 h disk failed on [sda]: retrying",
            r#"{"timestamp":"Jun 14 15:16:01","hostname":"h","message":"disk failed on [sda]: retrying"}"#,
        ),
        (
            "Jun 14 15:16:01 h prog[]: up",
            r#"{"timestamp":"Jun 14 15:16:01","hostname":"h","program":"prog[]","message":"up"}"#,
        ),
        (
            "Jun 14 15:16:01 <13.6> h last message repeated 2 times",
            r#"{"timestamp":"Jun 14 15:16:01","hostname":"h","message":"last message repeated 2 times"}"#,
        ),
        (
            "<30>2026-11-23T10:00:00.123456+00:00 h kernel: [ 12.3] up",
            r#"{"timestamp":"2026-11-23T10:00:00.123456+00:00","hostname":"h","program":"kernel","message":"[ 12.3] up","facility":3,"severity":6}"#,
        ),
        (
            "<165>1 2003-10-11T22:14:15.003Z host app - ID47 [a@1 k=\"x\\]\" l=\"]\"][b] \u{feff}hello",
            r#"{"timestamp":"2003-10-11T22:14:15.003Z","hostname":"host","program":"app","message":"hello","facility":20,"severity":5,"msgid":"ID47","structured_data":"[a@1 k=\"x\\]\" l=\"]\"][b]"}"#,
        ),
    ] {
        assert_eq!(json(line), want);
        assert!(serde_json::from_str::<Value>(want).is_ok());
    }
}

#[test]
fn what_is_no_line_fails_with_its_reason() {
    for (line, want) in [
        ("", "empty-line"),
        ("hello", "no-timestamp"),
        ("Jun 32 15:16:01 h p: m", "no-timestamp"),
        ("Jun 14 25:16:01 h p: m", "no-timestamp"),
        ("2026-11-23T10:00:00.Z h p: m", "no-timestamp"),
        ("2026-11-23T10:00:00+zz:zz h p: m", "no-timestamp"),
        ("Jun 14 15:16:01 h", "no-host"),
        ("<34>1 2003-10-11T22:14:15Z host", "bad-header"),
        ("<34>1 2003-10-11T22:14:15Z host app - - [cut", "bad-structured-data"),
    ] {
        let out = testing::run::<crate::Plugin>("{}", &[line.as_bytes()]);
        assert_eq!(out.failed.len(), 1, "{line}");
        assert_eq!(out.failed[0].failure.code(), want, "{line}");
    }
}

#[test]
fn all_lines_of_a_real_log_come_out() {
    let log = include_bytes!("../cases/messages.log");
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    let out = testing::run::<crate::Plugin>("{}", &lines);
    assert_eq!((lines.len(), out.outputs.len(), out.failed.len()), (2_000, 2_000, 0));
    assert!(out.texts().iter().all(|text| text.contains("\"program\":")));
}
