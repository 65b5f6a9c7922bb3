//! JSON into jq's values. jaq's own reader takes more than JSON: comments, `NaN`, byte strings, keys of any type.

use std::borrow::Cow;

use bytes::Bytes;
use hifijson::token::{Expect, Lex};
use hifijson::{Error, SliceLexer, num::LexWrite as _, str::LexAlloc as _};
use jaq_json::{Map, Num, Val};

/// How deep values may be nested: jq 1.6's limit.
const MAX_DEPTH: usize = 256;
/// What most objects have room for at once.
const MEMBERS: usize = 8;
/// Whole numbers up to here are the same as floating-point numbers.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Reads exactly one value, with white space around it. Fails with the place, counted from 0, and what is wrong there.
pub(crate) fn read(json: &[u8]) -> Result<Val, (usize, Error)> {
    let mut lexer = SliceLexer::new(json);
    let reader = Reader { shared: Bytes::copy_from_slice(json), start: json.as_ptr().addr() };
    let value = lexer.exactly_one(Lex::ws_peek, |next, lexer| reader.value(MAX_DEPTH, next, lexer));
    value.map_err(|error| (json.len() - lexer.as_slice().len(), error))
}

struct Reader {
    /// The text, which strings without escapes are parts of.
    shared: Bytes,
    /// Where the lexer's text lies.
    start: usize,
}

impl Reader {
    fn value(&self, depth: usize, next: u8, lexer: &mut SliceLexer<'_>) -> Result<Val, Error> {
        let depth = depth.checked_sub(1).ok_or(Error::Depth)?;
        Ok(match next {
            b'"' => Val::utf8_str(self.string(lexer.discarded())?),
            b'0'..=b'9' | b'-' => {
                let (text, parts) = lexer.num_string().validated()?;
                number(text, parts.is_int())
            }
            b'{' => {
                let mut members = Map::default();
                lexer.discarded().seq(b'}', Lex::ws_peek, |next, lexer| {
                    lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                    let key = Val::utf8_str(self.string(lexer)?);
                    lexer.expect(Lex::ws_peek, b':').ok_or(Expect::Colon)?;
                    let next = lexer.ws_peek().ok_or(Expect::Value)?;
                    if members.is_empty() {
                        members.reserve(MEMBERS);
                    }
                    members.insert(key, self.value(depth, next, lexer)?);
                    Ok::<_, Error>(())
                })?;
                Val::obj(members)
            }
            b'[' => {
                let mut items = Vec::new();
                lexer.discarded().seq(b']', Lex::ws_peek, |next, lexer| {
                    items.push(self.value(depth, next, lexer)?);
                    Ok::<_, Error>(())
                })?;
                Val::Arr(items.into())
            }
            b'a'..=b'z' => match lexer.null_or_bool().ok_or(Expect::Value)? {
                Some(truth) => Val::Bool(truth),
                None => Val::Null,
            },
            _ => Err(Expect::Value)?,
        })
    }

    /// What follows an opening quote.
    fn string(&self, lexer: &mut SliceLexer<'_>) -> Result<Bytes, Error> {
        Ok(match lexer.str_string()? {
            Cow::Borrowed("") => Bytes::new(),
            Cow::Borrowed(text) => {
                let start = text.as_ptr().addr() - self.start;
                self.shared.slice(start..start + text.len())
            }
            Cow::Owned(text) => text.into(),
        })
    }
}

/// Whole numbers keep all their digits. Of others stays what a floating-point number holds, as in jq.
fn number(text: &str, whole: bool) -> Val {
    if whole && let Some(number) = Num::from_str_radix(text, 10) {
        return Val::Num(number);
    }
    let value: f64 = text.parse().unwrap_or(f64::NAN).clamp(f64::MIN, f64::MAX);
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
    Val::Num(
        match value.fract() == 0.0 && value.abs() < MAX_WHOLE && (value != 0.0 || value.is_sign_positive()) {
            true => Num::from_integral(value as i64),
            false => Num::Float(value),
        },
    )
}
