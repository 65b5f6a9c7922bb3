//! Cases: files of records, and beside them files of what becomes of them.

mod records;
mod results;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;
use standpipe_record::{Batch, MAX_RECORD_BYTES};

use super::Wrong;
use super::folder::text_of;

pub(super) use results::{Difference, Results};

/// What files of lines are called.
const LINES: [&str; 5] = ["in", "log", "jsonl", "csv", "txt"];
/// What files of records with more than lines can hold are called.
const RECORDS: &str = "records";
/// When the records of a case arrive: line `n` so many milliseconds later. 2026 begins.
const EPOCH_MS: u64 = 1_767_225_600_000;
/// The largest file that is read.
const MAX_BYTES: u64 = 256 << 20;
/// What to write as params.
const PARAMS: &str = "write an object such as `{\"name\": \"value\"}`";

/// Some records, and where it is written what becomes of them.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) records: Batch,
    /// JSON.
    pub(super) params: String,
    /// The files beside which the expected ones lie, without an extension.
    expected: PathBuf,
}

impl Case {
    /// The cases in `folder`, by name; `params` in place of the ones that lie there.
    pub(super) fn all(folder: &Path, params: Option<&str>) -> anyhow::Result<Vec<Self>> {
        let params = params.map(|text| checked(text, "`--params`")).transpose()?;
        let mut inputs = BTreeMap::new();
        let entries = fs::read_dir(folder).map_err(|error| {
            Wrong::error(format!("cannot read cases in `{}`: {}", folder.display(), reason(&error)))
        })?;
        for entry in entries {
            let path = entry.context("read the folder of cases")?.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
            if !extension.is_some_and(|extension| extension == RECORDS || LINES.contains(&extension)) {
                continue;
            }
            if let Some(other) = inputs.insert(name.to_owned(), path.clone()) {
                let (one, other) = (path.display(), other.display());
                return Err(Wrong::error(format!("`{one}` and `{other}` are one case: rename one of them")));
            }
        }
        if inputs.is_empty() {
            return Err(Wrong::error(format!(
                "there are no cases in `{}`: put records into `{}`, one a line",
                folder.display(),
                folder.join("NAME.in").display()
            )));
        }
        let read = |(name, input): (String, PathBuf)| Self::read(folder, name, &input, params.as_deref());
        inputs.into_iter().map(read).collect()
    }

    fn read(folder: &Path, name: String, input: &Path, params: Option<&str>) -> anyhow::Result<Self> {
        let records = match input.extension() {
            Some(extension) if extension == RECORDS => records::read(&read(input)?, input)?,
            _ => lines(&read(input)?, input)?,
        };
        let params = match params {
            Some(params) => params.to_owned(),
            None => params_of(folder, &name)?,
        };
        Ok(Self { expected: folder.join(&name), name, records, params })
    }
}

/// The params in the files of a case, or of all cases.
fn params_of(folder: &Path, name: &str) -> anyhow::Result<String> {
    for file in [format!("{name}.params.json"), "params.json".to_owned()] {
        let path = folder.join(file);
        if let Some(text) = text_of(&path)? {
            return checked(&text, &format!("`{}`", path.display()));
        }
    }
    Ok("{}".to_owned())
}

/// Params without the spaces around and in them, if they are an object.
pub(super) fn checked(text: &str, place: &str) -> anyhow::Result<String> {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ Value::Object(_)) => Ok(value.to_string()),
        Ok(_) => Err(Wrong::error(format!("{place} is no JSON object: {PARAMS}"))),
        Err(error) => Err(Wrong::error(format!("{place} is no JSON ({error}): {PARAMS}"))),
    }
}

/// The bytes of a file of records.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = |error| Wrong::error(format!("cannot read `{}`: {}", path.display(), reason(&error)));
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > MAX_BYTES {
        let path = path.display();
        return Err(Wrong::error(format!("`{path}` has {bytes} bytes; at most {MAX_BYTES} are read")));
    }
    fs::read(path).map_err(failed)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there; check the path".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder; name a file".into(),
        std::io::ErrorKind::NotADirectory => "it is no folder".into(),
        _ => error.to_string(),
    }
}

/// The lines of a file as records, cut as a source cuts them.
pub(super) fn lines(text: &[u8], path: &Path) -> anyhow::Result<Batch> {
    let mut batch = Batch::new();
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        push(&mut batch, line, EPOCH_MS + number, path, number)?;
    }
    Ok(batch)
}

fn push(batch: &mut Batch, record: &[u8], arrival_ms: u64, path: &Path, line: u64) -> anyhow::Result<()> {
    let (path, bytes) = (path.display(), record.len());
    if bytes > MAX_RECORD_BYTES {
        return Err(Wrong::error(format!(
            "`{path}`, line {line}: the record has {bytes} bytes; one has at most {MAX_RECORD_BYTES}"
        )));
    }
    batch.push(record, arrival_ms).with_context(|| format!("read `{path}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn lines_are_records_with_their_own_time() {
        let folder = folder(&[
            ("b.log", "one\r\n\ntwo"),
            ("a.in", ""),
            ("b.out", "x"),
            ("notes.md", ""),
            ("c.csv", "1\n"),
        ]);
        let cases = Case::all(folder.path(), None).unwrap();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(cases[1].records.iter().collect::<Vec<_>>(), [&b"one\r"[..], b"", b"two"]);
        assert_eq!(cases[1].records.arrival_ms(), [EPOCH_MS + 1, EPOCH_MS + 2, EPOCH_MS + 3]);
        assert_eq!(cases[1].params, "{}");
    }

    #[test]
    fn params_are_the_case_s_own_or_everybody_s_or_the_flag_s() {
        let folder = folder(&[
            ("a.in", ""),
            ("b.in", ""),
            ("b.params.json", "{ \"x\": 2 }\n"),
            ("params.json", "{\"x\":1}"),
        ]);
        let params = |flag: Option<&str>| -> Vec<String> {
            Case::all(folder.path(), flag).unwrap().into_iter().map(|case| case.params).collect()
        };
        assert_eq!(params(None), ["{\"x\":1}", "{\"x\":2}"]);
        assert_eq!(params(Some("{}")), ["{}", "{}"]);
        assert!(Case::all(folder.path(), Some("[]")).is_err());
    }

    #[test]
    fn what_is_no_case_says_why() {
        let error = |files: &[(&str, &str)]| {
            Case::all(folder(files).path(), None).map(|_| ()).unwrap_err().to_string()
        };
        assert!(error(&[("a.out", "")]).starts_with("there are no cases in "));
        assert!(error(&[("a.in", ""), ("a.log", "")]).ends_with("are one case: rename one of them"));
        assert!(error(&[("a.in", ""), ("params.json", "1")]).contains("params.json` is no JSON object"));
        let long = "x".repeat(MAX_RECORD_BYTES + 1);
        assert!(error(&[("a.in", &long)]).contains("line 1: the record has 1024001 bytes"));
        assert!(Case::all(Path::new("/gone"), None).unwrap_err().to_string().contains("is not there"));
    }
}
