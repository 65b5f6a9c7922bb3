use proptest::prelude::*;
use standpipe_logline::syslog::Line;

use crate::{fields, nearly, object, shown};

type Json = syslog_to_json::Plugin;
type Csv = syslog_to_csv::Plugin;

const PIECES: &[&str] = &[
    "<34>",
    "<34>1 ",
    "<192>",
    "<",
    ">",
    " ",
    " ",
    "-",
    "Jun 14 15:16:01 ",
    "2026-11-23T10:00:00Z ",
    "h ",
    "app",
    "[1]",
    "[",
    "]",
    ":",
    ": ",
    "\"",
    "\\",
    "[a@1 k=\"v\"]",
    "é",
    "\u{feff}",
    "\r",
    "\n",
    "<34>1 - - - - - ",
    "Jun 14 15:16:01 h ",
];

/// What a pattern matches.
fn text(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).unwrap()
}

const CLOCK: &str = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)";

fn rfc3164() -> impl Strategy<Value = String> {
    let months = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
    text(&format!("{months} ( [1-9]|0[1-9]|[12][0-9]|3[01]) {CLOCK}"))
}

fn rfc3339() -> impl Strategy<Value = String> {
    let date = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
    text(&format!("{date}T{CLOCK}(\\.[0-9]{{1,6}})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"))
}

/// What a daemon may say: anything on one line.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("ends the line", |byte| !b"\r\n".contains(byte));
    prop::collection::vec(byte, 0..60)
        .prop_filter("the mark is no part of it", |text| !text.starts_with(b"\xef\xbb\xbf"))
}

fn priority() -> impl Strategy<Value = Option<(u8, u8)>> {
    prop::option::of((0u8..24, 0u8..8))
}

fn pri(priority: Option<(u8, u8)>) -> String {
    priority.map(|(facility, severity)| format!("<{}>", facility * 8 + severity)).unwrap_or_default()
}

/// The one line, cut by the parser and by both blueprints.
fn check(line: &[u8], want: Line<'_>) -> Result<(), TestCaseError> {
    prop_assert_eq!(Line::parse(line).unwrap(), want);

    let value = object::<Json>(line).unwrap();
    for (name, want) in [
        ("timestamp", Some(want.timestamp)),
        ("hostname", Some(want.hostname)),
        ("program", want.program),
        ("processid", want.processid),
        ("message", Some(want.message)),
        ("msgid", want.msgid),
        ("structured_data", want.structured_data),
    ] {
        prop_assert_eq!(value[name].as_str().map(str::to_owned), want.map(shown), "{}", name);
    }
    let (facility, severity) = (value["facility"].as_u64(), value["severity"].as_u64());
    prop_assert_eq!(facility, want.priority.map(|(facility, _)| facility.into()));
    prop_assert_eq!(severity, want.priority.map(|(_, severity)| severity.into()));

    let program = want.program.unwrap_or_default();
    let process = want.processid.unwrap_or_default();
    prop_assert_eq!(
        fields::<Csv>(line).unwrap(),
        [want.timestamp, want.hostname, program, process, want.message]
    );
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_fail_or_come_out_readable(line in nearly(PIECES)) {
        let value = object::<Json>(&line);
        let record = fields::<Csv>(&line);
        prop_assert_eq!(value.is_some(), record.is_some());
        prop_assert!(record.is_none_or(|record| record.len() == 5));
    }

    #[test]
    fn the_fields_of_rfc_3164_come_back(
        priority in priority(), stamp in prop_oneof![rfc3164(), rfc3339()], host in "[a-zA-Z0-9.:_-]{1,20}",
        program in "[a-zA-Z][a-zA-Z0-9_./()-]{0,30}", process in prop::option::of("[0-9]{1,9}"),
        message in message(), ending in prop::sample::select(vec!["", "\r"]),
    ) {
        let tag = process.as_ref().map_or(program.clone(), |process| format!("{program}[{process}]"));
        let mut line = format!("{}{stamp} {host} {tag}: ", pri(priority)).into_bytes();
        line.extend(&message);
        line.extend(ending.as_bytes());
        check(&line, Line {
            timestamp: stamp.as_bytes(),
            hostname: host.as_bytes(),
            program: Some(program.as_bytes()),
            processid: process.as_ref().map(String::as_bytes),
            message: &message,
            priority,
            ..Line::default()
        })?;
    }

    #[test]
    fn the_fields_of_rfc_5424_come_back(
        facility in 0u8..24, severity in 0u8..8, stamp in prop_oneof![rfc3339(), Just("-".to_owned())],
        host in "[!-~]{1,20}", program in "[!-~]{1,20}", process in "[!-~]{1,20}", msgid in "[!-~]{1,20}",
        data in prop_oneof![
            Just("-".to_owned()),
            r#"(\[[a-z]{1,8}(@[0-9]{1,5})?( [a-z]{1,8}="([^"\\\]\r\n]|\\"|\\\\|\\\]){0,12}"){0,3}\]){1,3}"#,
        ],
        message in prop::option::of(message()), mark: bool,
    ) {
        let priority = Some((facility, severity));
        let mut line =
            format!("{}1 {stamp} {host} {program} {process} {msgid} {data}", pri(priority)).into_bytes();
        if let Some(message) = &message {
            line.extend(if mark { &b" \xef\xbb\xbf"[..] } else { b" " });
            line.extend(message);
        }
        let known = |field| if field == "-" { None } else { Some(str::as_bytes(field)) };
        check(&line, Line {
            timestamp: stamp.as_bytes(),
            hostname: host.as_bytes(),
            program: known(&program),
            processid: known(&process),
            message: message.as_deref().unwrap_or_default(),
            priority,
            msgid: known(&msgid),
            structured_data: known(&data),
        })?;
    }
}
