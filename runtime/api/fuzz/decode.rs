//! Whatever a body is, the decoder takes it or refuses it as serde does. See Cargo.toml.
#![no_main]

// The model knows the decoder by the name of its crate.
extern crate self as standpipe_api;

#[path = "../src/decode.rs"]
pub mod decode;
#[path = "../src/json.rs"]
mod json;
#[path = "../tests/decode/model.rs"]
mod model;

use std::borrow::Cow;

pub use decode::Put;

/// What bytes from 128 on stand for in an input that begins with a zero: few changes lead from one body that is nearly
/// right to another.
#[rustfmt::skip]
const TOKENS: [&str; 85] = [
    r#""DeliveryStreamName":""#, r#" "Record":{"Data":""#, r#" "Records":["#, r#"{"Data":""#, r#""Data":"#,
    r#""Data":null"#, r#""DeliveryStreamName":null"#, r#""a":"#, r#""a":""#, r#""a":["#, r#""a":{"#, r#"{"a":"#,
    r#""a":0"#, r#""}"#, r#""}}"#, r#""]"#, "{}", "[]", r#""""#, r#"":"#, r#"",""#, "},{", "null", "true", "false",
    ",null", "nul", "-", "01", "-0", "1.5", "1e", "E+", "9", "YQ==", "YWI=", "YWJj", "YR==", "YQ", "=", "==", "+",
    "/", "-_", "A", "aaaaaaaaaaaaaaaa", r"\u0041", r"\u002f", r"\u0022", r"\u", r"\ud83d", r"\ude00", "00e9", r"\/",
    r"\\", r#"\""#, r"\n", r"\b", r"\f", r"\r", r"\t", r"\v", r"\0", r"\x41", r"\'", r"\a", r"\U", "é", "😀", "{{{{",
    "[[[[[[[[", "]]]]]]]]", "}}}}", "/*", "//", "#", "'", "NaN", "Infinity", r#""Data":null,"#, r#""Data":"YQ==","#,
    r#""Record":null,"#, r#""Records":[],"#, r#""DeliveryStreamName":null,"#, r#""a":"\ud800","#,
];

fn body(input: &[u8]) -> Cow<'_, [u8]> {
    let Some((0, rest)) = input.split_first() else { return Cow::Borrowed(input) };
    let mut body = Vec::with_capacity(rest.len() * 4);
    for byte in rest {
        match byte.checked_sub(128) {
            Some(number) => body.extend(TOKENS.get(usize::from(number)).unwrap_or(&" ").bytes()),
            None => body.push(*byte),
        }
    }
    Cow::Owned(body)
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| model::compare(&body(input)));
