use proptest::prelude::*;
use standpipe_logline::apache::Line;

use crate::{fields, nearly, object, shown};

type Json = apache_log_to_json::Plugin;
type Csv = apache_log_to_csv::Plugin;

const PIECES: &[&str] = &[
    "h",
    "-",
    " ",
    " ",
    "[",
    "]",
    "[17/May/2015:10:05:03 +0000]",
    "[29/Feb/2015:24:60:61 -9999]",
    "\"",
    "\"",
    "\"GET / HTTP/1.1\"",
    "\\",
    "\\\"",
    "200",
    "5",
    "é",
    "\r",
    "\n",
    "h - - [17/May/2015:10:05:03 +0000] \"",
    "h - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 5",
];

/// A word that can stand at the beginning of a line.
fn word() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>().prop_filter("ends it", |byte| !b" \r\n".contains(byte)), 1..12)
}

/// A user: anything but what opens the time.
fn user() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof!["-", "[a-z]{1,8}( [a-z.@]{1,8}){0,2}", "[\"\\]\\\\é,]{1,4}"].prop_map(String::into_bytes)
}

/// A text in quotes as Apache writes it: quotes and backslashes have a backslash before them.
fn quoted() -> impl Strategy<Value = Vec<u8>> {
    let plain =
        any::<u8>().prop_filter("is escaped", |byte| !b"\"\\\n".contains(byte)).prop_map(|byte| vec![byte]);
    let escaped =
        prop::sample::select(vec!["\\\"", "\\\\", "\\x16", "\\t"]).prop_map(|text| text.as_bytes().to_vec());
    prop::collection::vec(prop_oneof![8 => plain, 1 => escaped], 0..40).prop_map(|parts| parts.concat())
}

/// A number that may be missing, as it stands in a line and as the parser gives it.
fn number(pattern: &'static str) -> impl Strategy<Value = (String, String)> {
    prop_oneof![4 => pattern.prop_map(|text| (text.clone(), text)), 1 => Just(("-".to_owned(), String::new()))]
}

proptest! {
    #[test]
    fn any_bytes_fail_or_come_out_readable(line in nearly(PIECES)) {
        let value = object::<Json>(&line);
        let record = fields::<Csv>(&line);
        // The CSV blueprint does not look into the time, so it may take more.
        prop_assert!(value.is_none() || record.is_some());
        if let Some(record) = record {
            prop_assert!(matches!(record.len(), 7 | 9));
        }
    }

    #[test]
    fn the_fields_of_a_line_come_back(
        host in word(), ident in word(), authuser in user(), request in quoted(),
        (status, response) in number("[1-5][0-9]{2}"), (size, bytes) in number("[0-9]{1,12}"),
        referrer in quoted(), agent in quoted(), combined: bool, ending in prop::sample::select(vec!["", "\r"]),
    ) {
        let datetime = b"17/May/2015:10:05:03 +0000";
        let mut line = [&host[..], &ident, &authuser].join(&b' ');
        line.extend([b" [", &datetime[..], b"] \"", &request, b"\" "].concat());
        line.extend(format!("{status} {size}").as_bytes());
        if combined {
            line.extend([b" \"", &referrer[..], b"\" \"", &agent, b"\""].concat());
        }
        line.extend(ending.as_bytes());

        let referrer = combined.then_some(&referrer[..]);
        let agent = combined.then_some(&agent[..]);
        let (response, bytes) = (response.as_bytes(), bytes.as_bytes());
        prop_assert_eq!(
            Line::parse(&line).unwrap(),
            Line {
                host: &host, ident: &ident, authuser: &authuser, datetime, request: &request, response, bytes,
                referrer, agent,
            }
        );

        let value = object::<Json>(&line).unwrap();
        for (name, want) in [("host", &host), ("ident", &ident), ("authuser", &authuser), ("request", &request)] {
            prop_assert_eq!(value[name].as_str().unwrap(), shown(want));
        }
        for (name, want) in [("referrer", referrer), ("agent", agent)] {
            prop_assert_eq!(value[name].as_str().map(str::to_owned), want.map(shown));
        }
        prop_assert_eq!(value["bytes"].as_u64(), size.parse().ok());

        let record = fields::<Csv>(&line).unwrap();
        let all = [&host[..], &ident, &authuser, datetime, &request, response, bytes];
        let all: Vec<&[u8]> = all.into_iter().chain(referrer).chain(agent).collect();
        prop_assert_eq!(record, all);
    }
}
