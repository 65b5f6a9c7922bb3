//! Bodies that are drawn: nearly right ones, written in odd ways, and what becomes of them when they are damaged.

use super::*;

/// What stands between the quotes of a string.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-zA-Z0-9+/=_. -]{1,6}",
        1 => "\\PC{1,3}".prop_map(|text| text.replace(['"', '\\'], "")),
        2 => prop::sample::select(vec![r"\/", r"\u002f", r"\u0041", r"\n", r"\t", r"\b", r"\f", r"\r", r"\\", r#"\""#, r"\u00e9"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec![r"\ud83d\ude00", r"\ud83d", r"\ude00", r"\ude00\ud83d", r"\ud83d\u0041", r"\u0000"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec![r"\x", r"\u12", r"\", r"\u{61}", "\u{1}", "\n", "\u{7f}", "\"", r"\U0041"])
            .prop_map(str::to_owned),
    ];
    vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just(""),
        2 => Just(" "),
        2 => Just("\n\t\r "),
        1 => prop::sample::select(vec!["\u{b}", "\u{c}", "\u{a0}", "\u{feff}", "\u{0}", "//", ",", "x"]),
    ]
}

/// What nobody asked for.
fn more() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "[]", "{}", "nul", "tru", "NaN", "None"])
            .prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?",
        "[-+0-9.eE]{1,5}",
        text().prop_map(|text| format!("\"{text}\"")),
    ];
    plain.prop_recursive(6, 20, 4, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..4), space())
                .prop_map(|(all, space)| format!("[{space}{}{space}]", all.join(","))),
            (vec((text(), inner.clone()), 0..4), space()).prop_map(|(all, space)| {
                let all: Vec<_> =
                    all.iter().map(|(name, value)| format!("\"{name}\"{space}:{value}")).collect();
                format!("{{{}}}", all.join(","))
            }),
            // Deeper than may be, at times.
            (inner, 1..70_usize).prop_map(|(inner, depth)| format!(
                "{}{inner}{}",
                "[".repeat(depth),
                "]".repeat(depth)
            )),
        ]
    })
}

/// The text of a record's data, in base64 or nearly.
fn coded() -> impl Strategy<Value = String> {
    let bytes = || vec(any::<u8>(), 0..50).prop_map(|bytes| STANDARD.encode(bytes));
    prop_oneof![
        6 => bytes(),
        2 => (bytes(), any::<bool>()).prop_map(|(text, upper)| {
            text.replace('/', if upper { "\\u002F" } else { "\\/" }).replace('A', "\\u0041")
        }),
        2 => bytes().prop_map(|text| text.trim_end_matches('=').to_owned()),
        1 => bytes().prop_map(|text| text + "="),
        1 => bytes().prop_map(|text| text.replace('+', "-").replace('/', "_")),
        2 => (bytes(), any::<prop::sample::Index>(), "[A-Za-z0-9+/=]").prop_map(|(mut text, at, put)| {
            let at = at.index(text.len() + 1);
            text.replace_range(at..(at + 1).min(text.len()), &put);
            text
        }),
        1 => "[A-Za-z+/=]{0,9}",
        1 => text(),
    ]
}

fn record() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        12 => coded().prop_map(|text| format!("\"{text}\"")),
        1 => Just("null".to_owned()),
        1 => more(),
    ];
    let name = prop_oneof![8 => Just("Data"), 1 => Just("D\\u0061ta"), 1 => Just("data")];
    let member = prop_oneof![
        8 => (name, space(), value).prop_map(|(name, space, value)| format!("\"{name}\"{space}:{space}{value}")),
        1 => (text(), more()).prop_map(|(name, value)| format!("\"{name}\":{value}")),
    ];
    prop_oneof![
        10 => (vec(member, 0..3), space()).prop_map(|(all, space)| format!("{{{space}{}}}", all.join(","))),
        1 => Just("null".to_owned()),
        1 => more(),
    ]
}

fn bodies() -> impl Strategy<Value = String> {
    let name = prop_oneof![6 => Just("DeliveryStreamName"), 1 => Just("D\\u0065liveryStreamName"), 1 => Just("deliveryStreamName")];
    let records =
        (vec(record(), 0..5), space()).prop_map(|(all, space)| format!("[{space}{}{space}]", all.join(",")));
    let member = prop_oneof![
        4 => (name, text()).prop_map(|(name, text)| format!("\"{name}\":\"{text}\"")),
        4 => (records, space()).prop_map(|(records, space)| format!("\"Records\"{space}:{space}{records}")),
        4 => record().prop_map(|record| format!("\"Record\" :{record}")),
        1 => more().prop_map(|value| format!("\"Records\":{value}")),
        1 => more().prop_map(|value| format!("\"DeliveryStreamName\":{value}")),
        2 => (text(), more()).prop_map(|(name, value)| format!("\"{name}\":{value}")),
    ];
    let end =
        prop_oneof![12 => Just(""), 1 => Just("x"), 1 => Just("{}"), 1 => Just("\u{0}"), 1 => Just(",")];
    (vec(member, 0..4), space(), end)
        .prop_map(|(all, space, end)| format!("{space}{{{}}}{space}{end}", all.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nearly_right_bodies_are_read_as_serde_reads_them(body in bodies()) {
        compare(body.as_bytes());
    }

    /// Bytes that go in, go out, or become others, so that some are no text; each change is one more case.
    #[test]
    fn damaged_bodies_are_read_as_serde_reads_them(body in bodies(), changes in vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut body = body.into_bytes();
        for (at, byte) in changes {
            let at = usize::from(at) % (body.len() + 1);
            match byte % 4 {
                0 if at < body.len() => drop(body.remove(at)),
                1 if at < body.len() => body[at] = byte,
                2 => body.truncate(at.max(body.len().saturating_sub(8))),
                _ => body.insert(at, byte),
            }
            compare(&body);
        }
    }

    #[test]
    fn any_data_comes_back(all in vec(vec(any::<u8>(), 0..300), 0..6)) {
        let items: Vec<_> = all.iter().map(|data| format!("{{\"Data\":\"{}\"}}", STANDARD.encode(data))).collect();
        let body = format!("{{\"Records\":[{}]}}", items.join(","));
        let want: Vec<_> = all.into_iter().map(Some).collect();
        prop_assert_eq!(read(body.as_bytes(), true), Some((None, Some(want))));
    }
}
