use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use standpipe_record::{Batch, Column};

use super::{EPOCH_MS, push};
use crate::plugin::Wrong;

/// A record as a line of JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    payload: Option<String>,
    base64: Option<String>,
    arrival_ms: Option<u64>,
    #[serde(default)]
    columns: BTreeMap<String, Bytes>,
}

/// Text, or bytes that are none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Binary { base64: String },
}

/// Records of which more is told than their text.
pub(super) fn read(text: &[u8], path: &Path) -> anyhow::Result<Batch> {
    let mut batch = Batch::new();
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    for (number, line) in (1..).zip(lines) {
        let wrong = |what: String| Wrong::error(format!("`{}`, line {number}: {what}", path.display()));
        let line: Line = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
        let payload = match (line.payload, line.base64) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => binary(&text).map_err(wrong)?,
            _ => return Err(wrong("a record has either `payload` or `base64`".to_owned())),
        };
        let record = batch.len();
        push(&mut batch, &payload, line.arrival_ms.unwrap_or(EPOCH_MS + number), path, number)?;
        for (name, value) in line.columns {
            let value = match value {
                Bytes::Text(text) => text.into_bytes(),
                Bytes::Binary { base64 } => binary(&base64).map_err(wrong)?,
            };
            let column = columns.entry(name.clone()).or_insert_with(|| Column::new(name, 0));
            pad(column, record);
            column.push(Some(&value));
        }
    }
    for mut column in columns.into_values() {
        pad(&mut column, batch.len());
        batch.set_column(column).with_context(|| format!("read `{}`", path.display()))?;
    }
    Ok(batch)
}

/// Brings a column to a length: the records until there have no value.
fn pad(column: &mut Column, records: usize) {
    while column.index().len() < records {
        column.push(None);
    }
}

fn binary(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("`base64` is not base64: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_times_and_columns_come_as_they_are_written() {
        let text = "{\"base64\":\"AP8K\"}\n{\"payload\":\"b\",\"arrival_ms\":7,\"columns\":{\"key\":\"k\",\
                    \"raw\":{\"base64\":\"/w==\"}}}\n{\"payload\":\"c\"}\n";
        let batch = read(text.as_bytes(), Path::new("x")).unwrap();
        assert_eq!(batch.iter().collect::<Vec<_>>(), [&b"\0\xff\n"[..], b"b", b"c"]);
        assert_eq!(batch.arrival_ms(), [EPOCH_MS + 1, 7, EPOCH_MS + 3]);
        let column =
            |name: &str| (0..3).map(|record| batch.column(name).unwrap().get(record)).collect::<Vec<_>>();
        assert_eq!(column("key"), [None, Some(&b"k"[..]), None]);
        assert_eq!(column("raw"), [None, Some(&b"\xff"[..]), None]);
    }

    #[test]
    fn a_line_that_is_wrong_is_named() {
        for (text, want) in [
            ("{\"payload\":\"a\"}\nx", "`x`, line 2: expected value"),
            ("{}", "`x`, line 1: a record has either `payload` or `base64`"),
            ("{\"payload\":\"a\",\"base64\":\"\"}", "either"),
            ("{\"base64\":\"?\"}", "`base64` is not base64"),
            ("{\"payload\":\"a\",\"colums\":{}}", "unknown field `colums`"),
        ] {
            let error = read(text.as_bytes(), Path::new("x")).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
