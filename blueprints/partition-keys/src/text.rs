//! What a value is as a partition key.

use std::borrow::Cow;
use std::fmt::{self, Write};

use jaq_json::{Error, Num, Val};
use standpipe_sdk::Failure;

/// What of jq's messages is kept, in bytes.
const MAX_MESSAGE: usize = 200;

/// The text of the value of a key: strings as they are, numbers and booleans as JSON.
pub(crate) fn key<'a>(name: &str, value: &'a Val) -> Result<Cow<'a, [u8]>, Failure> {
    Ok(match value {
        Val::TStr(text) | Val::BStr(text) => match String::from_utf8_lossy(text) {
            Cow::Borrowed(_) => Cow::Borrowed(text.as_ref()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        Val::Bool(true) => Cow::Borrowed(b"true"),
        Val::Bool(false) => Cow::Borrowed(b"false"),
        Val::Num(Num::Int(number)) => Cow::Owned(number.to_string().into_bytes()),
        Val::Num(Num::BigInt(number)) => Cow::Owned(number.to_string().into_bytes()),
        Val::Num(Num::Float(number)) => Cow::Owned(finite(name, *number)?.into_bytes()),
        Val::Num(Num::Dec(text)) => Cow::Owned(finite(name, text.parse().unwrap_or(f64::NAN))?.into_bytes()),
        Val::Null => return Err(no(name, "null")),
        Val::Arr(_) => return Err(no(name, "array")),
        Val::Obj(_) => return Err(no(name, "object")),
    })
}

#[cold]
fn no(name: &str, kind: &'static str) -> Failure {
    let code = match kind {
        "null" => "key-is-null",
        "array" => "key-is-array",
        _ => "key-is-object",
    };
    let article = match kind {
        "null" => "",
        _ => "an ",
    };
    Failure::new(code, format!("`{name}` is {article}{kind}; a key is a string, a number or a boolean"))
}

/// What is no number is `null` in jq. Where jaq divides by zero, jq fails.
fn finite(name: &str, number: f64) -> Result<String, Failure> {
    if number.is_nan() {
        return Err(no(name, "null"));
    }
    if number.is_infinite() {
        return Err(Failure::new(
            "key-is-infinite",
            format!("`{name}` is infinite: something is divided by zero"),
        ));
    }
    Ok(float(number))
}

/// A finite number as jq 1.6 prints it.
pub(crate) fn float(number: f64) -> String {
    // The fewest digits that are this number, such as `-1.25e-7`.
    let shortest = format!("{:e}", number.abs());
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let mut text = String::from(if number.is_sign_negative() { "-" } else { "" });
    // Digits before the point.
    let point = exponent + 1;
    if point <= -4 || point > count + 15 {
        let (first, rest) = digits.split_at_checked(1).unwrap_or_default();
        text += first;
        if !rest.is_empty() {
            text += ".";
            text += rest;
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(text, "e{sign}{:02}", exponent.unsigned_abs());
    } else if point <= 0 {
        text += "0.";
        text += &"0".repeat(point.unsigned_abs() as usize);
        text += &digits;
    } else {
        let (whole, rest) = digits.split_at_checked(point.unsigned_abs() as usize).unwrap_or((&digits, ""));
        text += whole;
        text += &"0".repeat(usize::try_from(point - count).unwrap_or_default());
        if !rest.is_empty() {
            text += ".";
            text += rest;
        }
    }
    text
}

/// The beginning of what jq says of an error. It may hold a whole record, of which no more than that is written.
pub(crate) fn said(error: Error) -> String {
    let text = beginning(&error);
    // What is said in a string stands in quotes there.
    match text.starts_with('"') {
        true => match error.into_val() {
            Val::TStr(text) => beginning(&String::from_utf8_lossy(&text)),
            _ => text,
        },
        false => text,
    }
}

fn beginning(words: &impl fmt::Display) -> String {
    let mut text = Beginning(String::new());
    match write!(text, "{words}") {
        Ok(()) => text.0,
        Err(fmt::Error) => text.0 + "…",
    }
}

struct Beginning(String);

impl Write for Beginning {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = MAX_MESSAGE - self.0.len();
        let fits = part.get(..part.floor_char_boundary(room)).unwrap_or_default();
        self.0 += fits;
        if fits.len() == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
