use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use standpipe_record::Outcomes;

use super::Case;

/// The files of what became of a case, by extension. `sum` stands for all others.
const FILES: [&str; 5] = ["out", "failed", "dropped", "columns", "sum"];
/// A case of more records that nothing is expected of yet gets a `sum`.
const LONG: usize = 1_000;

/// What became of the records of a case, as its files say it. What would be empty is not there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::plugin) struct Results {
    out: Vec<u8>,
    failed: String,
    dropped: String,
    columns: String,
}

/// An expected file and what came in its place.
#[derive(Debug)]
pub(in crate::plugin) struct Difference {
    pub(in crate::plugin) file: PathBuf,
    pub(in crate::plugin) want: Vec<u8>,
    pub(in crate::plugin) got: Vec<u8>,
}

impl Results {
    pub(in crate::plugin) fn of(outcomes: &Outcomes) -> Self {
        let mut results = Self::default();
        let outputs = &outcomes.outputs;
        for output in outputs.iter() {
            results.out.extend_from_slice(output);
            results.out.push(b'\n');
        }
        for failure in &outcomes.failed {
            let line = u64::from(failure.index) + 1;
            let (code, message) = (Value::from(failure.code.as_str()), Value::from(failure.message.as_str()));
            let _ = writeln!(results.failed, "{{\"line\":{line},\"code\":{code},\"message\":{message}}}");
        }
        for record in &outcomes.dropped {
            let _ = writeln!(results.dropped, "{}", u64::from(*record) + 1);
        }
        let has_value = |output: usize| outputs.columns().iter().any(|column| column.get(output).is_some());
        if (0..outputs.len()).any(has_value) {
            for output in 0..outputs.len() {
                let values = outputs
                    .columns()
                    .iter()
                    .filter_map(|column| Some((column.name(), text(column.get(output)?))));
                let line = serde_json::to_string(&values.collect::<BTreeMap<_, _>>()).unwrap_or_default();
                let _ = writeln!(results.columns, "{line}");
            }
        }
        results
    }

    /// One line for all of it.
    fn sum(&self) -> String {
        let count = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
        let (out, failed) = (count(&self.out), count(self.failed.as_bytes()));
        let dropped = match count(self.dropped.as_bytes()) {
            0 => String::new(),
            dropped => format!("{dropped} dropped, "),
        };
        let mut digest = String::new();
        for byte in Sha256::digest(&self.out) {
            let _ = write!(digest, "{byte:02x}");
        }
        format!("{out} out, {failed} failed, {dropped}sha256:{digest}\n")
    }

    fn file(&self, extension: &str, is_summed: bool) -> Vec<u8> {
        match (extension, is_summed) {
            ("sum", true) => self.sum().into_bytes(),
            ("sum", false) | (_, true) => Vec::new(),
            ("out", false) => self.out.clone(),
            ("failed", false) => self.failed.clone().into_bytes(),
            ("dropped", false) => self.dropped.clone().into_bytes(),
            (_, false) => self.columns.clone().into_bytes(),
        }
    }
}

/// Bytes in JSON.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => serde_json::json!({ "base64": STANDARD.encode(bytes) }),
    }
}

impl Case {
    fn path(&self, extension: &str) -> PathBuf {
        self.expected.with_added_extension(extension)
    }

    /// The files that are not as expected.
    pub(in crate::plugin) fn compare(&self, results: &Results) -> anyhow::Result<Vec<Difference>> {
        let is_summed = self.path("sum").is_file();
        let mut differences = Vec::new();
        for extension in FILES.into_iter().filter(|extension| (*extension == "sum") == is_summed) {
            let file = self.path(extension);
            let (want, got) = (bytes(&file)?, results.file(extension, is_summed));
            if want != got {
                differences.push(Difference { file, want, got });
            }
        }
        Ok(differences)
    }

    /// Makes these results the expected ones, and says how many files changed.
    pub(in crate::plugin) fn bless(&self, results: &Results) -> anyhow::Result<u64> {
        let is_new = !FILES.iter().any(|extension| self.path(extension).exists());
        let is_summed = self.path("sum").is_file() || (is_new && self.records.len() > LONG);
        let mut changed = 0;
        for extension in FILES {
            let file = self.path(extension);
            let (before, after) = (bytes(&file)?, results.file(extension, is_summed));
            if after.is_empty() && file.exists() {
                fs::remove_file(&file).with_context(|| format!("remove `{}`", file.display()))?;
                changed += 1;
            } else if before != after {
                fs::write(&file, after).with_context(|| format!("write `{}`", file.display()))?;
                changed += 1;
            }
        }
        Ok(changed)
    }
}

/// What is in an expected file; nothing if it is not there.
fn bytes(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    match fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.with_context(|| format!("read `{}`", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use standpipe_record::{Batch, Cause, Column, Failure};

    use super::*;

    fn outcomes() -> Outcomes {
        let mut outputs = Batch::new();
        outputs.push(b"a", 1).unwrap();
        outputs.push(b"b\xff", 1).unwrap();
        let mut column = Column::new("zone", 0);
        column.push(Some(b"eu"));
        column.push(None);
        outputs.set_column(column).unwrap();
        let failure = Failure {
            index: 3,
            cause: Cause::Returned,
            code: "bad".into(),
            message: "it is \"bad\"".into(),
            plugin: None,
            captured: String::new(),
            backtrace: String::new(),
            attempts: 1,
        };
        Outcomes { outputs, origins: vec![0, 1], dropped: vec![2], failed: vec![failure] }
    }

    fn case(folder: &std::path::Path, records: usize) -> Case {
        let text = "x\n".repeat(records);
        fs::write(folder.join("a.in"), text).unwrap();
        Case::all(folder, None).unwrap().remove(0)
    }

    #[test]
    fn files_say_what_came() {
        let results = Results::of(&outcomes());
        assert_eq!(results.out, b"a\nb\xff\n");
        assert_eq!(results.failed, "{\"line\":4,\"code\":\"bad\",\"message\":\"it is \\\"bad\\\"\"}\n");
        assert_eq!((results.dropped.as_str(), results.columns.as_str()), ("3\n", "{\"zone\":\"eu\"}\n{}\n"));
        assert!(results.sum().starts_with("2 out, 1 failed, 1 dropped, sha256:"));
        assert!(Results::of(&Outcomes::default()).sum().starts_with("0 out, 0 failed, sha256:e3b0c442"));
    }

    #[test]
    fn what_is_blessed_is_expected() {
        let folder = tempfile::tempdir().unwrap();
        let case = case(folder.path(), 4);
        let results = Results::of(&outcomes());
        assert_eq!(case.compare(&results).unwrap().len(), 4);
        assert_eq!(case.bless(&results).unwrap(), 4);
        assert!(case.compare(&results).unwrap().is_empty());
        assert_eq!(case.bless(&results).unwrap(), 0);
        // What comes out no more goes.
        let nothing = Results::default();
        assert_eq!(case.bless(&nothing).unwrap(), 4);
        assert!(case.compare(&nothing).unwrap().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_long_case_has_a_sum_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let case = case(folder.path(), LONG + 1);
        let results = Results::of(&outcomes());
        case.bless(&results).unwrap();
        assert!(folder.path().join("a.sum").is_file() && !folder.path().join("a.out").exists());
        assert!(case.compare(&results).unwrap().is_empty());
        let differences = case.compare(&Results::default()).unwrap();
        assert!(differences.len() == 1 && differences[0].file.ends_with("a.sum"));
    }
}
