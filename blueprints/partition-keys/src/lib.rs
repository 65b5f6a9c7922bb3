//! Partition keys of JSON records by a jq query, as Firehose's dynamic partitioning has them.

mod builtins;
mod query;
mod read;
mod text;

use jaq_json::Val;
use standpipe_sdk::{Failure, Outputs, Params, Record, Verdict};

use crate::query::Query;

/// How long the beginning of the columns' names may be, in bytes.
const MAX_PREFIX: usize = 128;

#[derive(Params, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// One jq object whose keys are plain names: `{customer_id: .customer_id, year: .ts|strftime("%Y")}`.
    query: String,
    /// The keys that are used. The query must have exactly these.
    #[serde(default)]
    keys: Option<Vec<String>>,
    /// What stands before a key in the name of its column.
    #[serde(default)]
    column_prefix: String,
}

#[derive(Params, serde::Deserialize)]
#[serde(try_from = "Raw")]
struct Settings {
    query: Query,
    columns: Vec<Column>,
}

/// A key and where it goes.
struct Column {
    key: Val,
    name: String,
    column: String,
}

impl TryFrom<Raw> for Settings {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        if raw.column_prefix.len() > MAX_PREFIX || raw.column_prefix.contains(char::is_control) {
            return Err(format!(
                "`column_prefix` is too long or unprintable: at most {MAX_PREFIX} bytes are taken"
            ));
        }
        let query = Query::new(&raw.query)?;
        if let Some(used) = &raw.keys {
            if let Some(key) = used.iter().find(|&key| !query.keys.contains(key)) {
                return Err(format!("the key `{key}` is used and not extracted: add it to `query`"));
            }
            if let Some(key) = query.keys.iter().find(|&key| !used.contains(key)) {
                return Err(format!(
                    "the key `{key}` is extracted and not used in the prefix: take it out of `query`"
                ));
            }
        }
        let columns = query.keys.iter().map(|key| Column {
            key: Val::utf8_str(key.clone()),
            name: key.clone(),
            column: format!("{}{key}", raw.column_prefix),
        });
        Ok(Self { columns: columns.collect(), query })
    }
}

#[standpipe_sdk::plugin]
fn partition_keys(record: Record<'_>, settings: &Settings, out: &mut Outputs) -> Result<Verdict, Failure> {
    let value = read::read(record.payload()).map_err(not_json)?;
    let members = settings.query.run(value, record.arrival_ms())?;
    let verdict = out.emit(record.payload());
    for column in &settings.columns {
        let value = members.get(&column.key).unwrap_or(&Val::Null);
        out.set(&column.column, text::key(&column.name, value)?)?;
    }
    Ok(verdict)
}

#[cold]
fn not_json((place, error): (usize, hifijson::Error)) -> Failure {
    Failure::new("not-json", format!("the record is not one JSON value: byte {}: {error}", place + 1))
}

#[cfg(test)]
mod tests;
