//! JSON objects to CSV, one line each.

mod field;
mod paths;

use standpipe_sdk::{Failure, OrFail, Outputs, Params, Record, Verdict};

use crate::field::Writer;
use crate::paths::Paths;

#[derive(Params, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The members that become fields, in order: `id`, `user.name`, `items.0.price`, or a JSON pointer such as
    /// `/a.b/c` where a name has a dot.
    columns: Vec<String>,
    /// What stands between fields.
    #[serde(default = "comma")]
    delimiter: char,
    /// What a member that is not there becomes: an empty field, or a failure of the record.
    #[serde(default)]
    missing: Missing,
    /// What becomes of line ends within a value: `\n` and `\r` as two characters each, or kept in a quoted field.
    #[serde(default)]
    newlines: Newlines,
}

fn comma() -> char {
    ','
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Params, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Missing {
    #[default]
    Empty,
    Fail,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, Params, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Newlines {
    #[default]
    Escape,
    Keep,
}

#[derive(Params, serde::Deserialize)]
#[serde(try_from = "Raw")]
struct Settings {
    paths: Paths,
    columns: Vec<String>,
    writer: Writer,
    missing: Missing,
}

impl TryFrom<Raw> for Settings {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        if raw.columns.is_empty() {
            return Err("`columns` is empty; at least one is needed".to_owned());
        }
        if matches!(raw.delimiter, '"' | '\r' | '\n') {
            return Err("`delimiter` is a quote or a line end; take another character".to_owned());
        }
        Ok(Self {
            paths: Paths::new(&raw.columns)?,
            columns: raw.columns,
            writer: Writer::new(raw.delimiter, raw.newlines == Newlines::Escape),
            missing: raw.missing,
        })
    }
}

#[standpipe_sdk::plugin]
fn json_to_csv(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let text = std::str::from_utf8(record.payload()).or_fail("not-json")?;
    let values = settings.paths.find(text)?;
    if settings.missing == Missing::Fail
        && let Some((name, _)) = settings.columns.iter().zip(&values).find(|(_, value)| value.is_none())
    {
        return Err(Failure::new("missing-column", format!("the record has no `{name}`")));
    }
    out.emit_with(|csv| {
        csv.reserve(record.payload().len());
        settings.writer.line(csv, &values)
    })
}

#[cfg(test)]
mod tests;
