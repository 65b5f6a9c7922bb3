//! The functions that a query has: jaq's, without those that look at the world or end the program.

use jaq_core::data::{DataT, HasLut};
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Error, Lut, Native, ValR, ValT as _};
use jaq_json::{Num, Val};
use jaq_std::ValT as _;

use crate::read::read;
use crate::text::float;

/// Functions of the libraries that are left out, and those that are written anew here.
const NATIVE: [&str; 9] = [
    "env",
    "now",
    "halt",
    "debug_empty",
    "stderr_empty",
    "tobytes",
    "fromjson",
    "localtime",
    "strflocaltime",
];
/// What they define in jq and is left out.
const DEFINED: [&str; 5] = ["debug", "stderr", "halt", "halt_error", "tostring"];
/// What jq 1.6 has, or has otherwise: the last of two functions of one name counts.
const OWN: &str = include_str!("builtins.jq");

/// What a query runs on.
#[derive(Debug)]
pub(crate) enum Kind {}

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = Data<'a>;
}

/// What functions of a query may look at.
#[derive(Clone, Copy)]
pub(crate) struct Data<'a> {
    pub(crate) lut: &'a Lut<Kind>,
    pub(crate) arrival_ms: u64,
}

impl<'a> HasLut<'a, Kind> for Data<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

/// Functions that are written in jq.
pub(crate) fn defined() -> impl Iterator<Item = Def<&'static str>> {
    let own = jaq_core::load::parse(OWN, |parser| parser.defs()).unwrap_or_default();
    let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    theirs.filter(|def| !DEFINED.contains(&def.name)).chain(own)
}

/// Functions that are written in Rust.
pub(crate) fn native() -> impl Iterator<Item = Fun<Kind>> {
    let now = Native::<Kind>::new(|cv| bome(Ok(Val::from(seconds(cv.0.data().arrival_ms)))));
    let from_json = Native::<Kind>::new(|cv| bome(from_json(&cv.1)));
    let tostring = Native::<Kind>::new(|cv| bome(Ok(tostring(cv.1))));
    let own: [Fun<Kind>; 3] =
        [("now", v(0), now), ("fromjson", v(0), from_json), ("tostring", v(0), tostring)];
    let theirs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    theirs.filter(|(name, ..)| !NATIVE.contains(name)).chain(own)
}

#[allow(clippy::cast_precision_loss, reason = "until the year 287396 it is exact")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn tostring(value: Val) -> Val {
    match value {
        Val::Num(Num::Float(number)) if number.is_finite() => Val::utf8_str(float(number)),
        other => other.into_string(),
    }
}

fn from_json(value: &Val) -> ValR<Val> {
    let text = value.as_utf8_bytes().ok_or_else(|| Error::typ(value.clone(), "string"))?;
    read(text).map_err(|(place, error)| {
        Error::str(format_args!("cannot parse {value} as JSON: byte {place}: {error}"))
    })
}
