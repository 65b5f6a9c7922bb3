//! The cases of a blueprint as files: lines, and what becomes of them. `blueprints/README.md` says which files.

#![allow(clippy::unwrap_used, reason = "it serves tests, which may end with a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use standpipe_sdk::Transform;
use standpipe_sdk::testing::{self, TestOutcomes};

/// What the file with the lines may be called.
const INPUTS: [&str; 5] = ["in", "log", "jsonl", "csv", "txt"];

/// Some lines, and where it is written what becomes of them.
#[derive(Debug)]
pub struct Case {
    /// The file with the lines.
    pub input: PathBuf,
    /// The files beside which the expected ones lie, without an extension.
    expected: PathBuf,
}

/// What became of the lines of a case.
#[derive(Debug)]
pub struct Results {
    /// The outputs, a newline behind each.
    out: Vec<u8>,
    /// The failures in their reduced form, a newline behind each.
    failed: String,
    /// The numbers of the lines that were dropped, and the columns of each output, a newline behind each. `None` where
    /// nobody can tell.
    dropped: Option<String>,
    columns: Option<String>,
}

impl Results {
    /// These outputs, with a newline behind each, and no failures yet. Drops and columns are not known.
    pub fn of(out: Vec<u8>) -> Self {
        Self { out, failed: String::new(), dropped: None, columns: None }
    }

    /// All that became of the records.
    fn full(outcomes: &TestOutcomes) -> Self {
        let outputs = outcomes.outputs.iter().flat_map(|output| output.payload.iter().chain(b"\n"));
        let mut results = Self::of(outputs.copied().collect());
        for failed in &outcomes.failed {
            results.fail(failed.index as usize + 1, failed.failure.code(), failed.failure.message());
        }
        results.dropped = Some(outcomes.dropped.iter().map(|record| format!("{}\n", record + 1)).collect());
        let columns = outcomes.outputs.iter().map(|output| {
            let columns = output.columns.iter();
            columns.map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into())).collect()
        });
        let columns: Vec<Map<String, Value>> = columns.collect();
        results.columns = Some(match columns.iter().all(Map::is_empty) {
            true => String::new(),
            false => columns.into_iter().map(|columns| format!("{}\n", Value::Object(columns))).collect(),
        });
        results
    }

    /// Adds the failure of a line; the first line is 1. Lines of the message after its first one are a stack.
    pub fn fail(&mut self, line: usize, code: &str, message: &str) {
        let message = message.lines().next().unwrap_or_default();
        let (code, message) = (Value::from(code), Value::from(message));
        self.failed += &format!("{{\"line\":{line},\"code\":{code},\"message\":{message}}}\n");
    }
}

impl Case {
    /// The cases of the blueprint in `folder`. Without lines of its own, `X-to-csv` has those of `X-to-json`.
    pub fn all(folder: &Path) -> Vec<Self> {
        let mut cases = Self::within(&folder.join("cases"));
        if cases.is_empty() {
            let name = folder.file_name().unwrap().to_str().unwrap().replace("-to-csv", "-to-json");
            cases = Self::within(&folder.with_file_name(name).join("cases"));
            for case in &mut cases {
                case.expected = folder.join("cases").join(case.input.file_stem().unwrap());
            }
        }
        assert!(!cases.is_empty(), "{} has no cases", folder.display());
        cases
    }

    /// The cases whose lines lie in the folder `cases`, and beside them what becomes of these.
    pub fn within(cases: &Path) -> Vec<Self> {
        let is_input = |path: &PathBuf| INPUTS.iter().any(|&input| path.extension() == Some(input.as_ref()));
        let files = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(is_input);
        let mut cases: Vec<Self> =
            files.map(|input| Self { expected: input.with_extension(""), input }).collect();
        cases.sort_by(|a, b| a.input.cmp(&b.input));
        cases
    }

    /// The params, JSON: those of the case, those of all cases beside it, or none.
    pub fn params(&self) -> String {
        let own = self.expected.with_extension("params.json");
        let shared = self.expected.with_file_name("params.json");
        let files = [own, shared];
        let file = files.iter().find(|file| file.exists());
        file.map_or_else(|| "{}".to_owned(), |file| fs::read_to_string(file).unwrap())
    }

    /// The lines, as the program takes them: without the newline.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        let log = fs::read(&self.input).unwrap();
        let lines = log.split_inclusive(|&byte| byte == b'\n');
        lines.map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec()).collect()
    }

    /// The expected files and what would be in them. One that would be empty is not there.
    fn files(&self, results: &Results) -> Vec<(PathBuf, Vec<u8>)> {
        let sum = self.expected.with_extension("sum");
        if sum.exists() {
            let count = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count();
            let (out, failed) = (count(&results.out), count(results.failed.as_bytes()));
            let digest = Sha256::digest(&results.out);
            return vec![(sum, format!("{out} out, {failed} failed, sha256:{digest:x}\n").into_bytes())];
        }
        let mut files = vec![("out", results.out.clone()), ("failed", results.failed.clone().into_bytes())];
        for (extension, text) in [("dropped", &results.dropped), ("columns", &results.columns)] {
            files.extend(text.iter().map(|text| (extension, text.clone().into_bytes())));
        }
        files.into_iter().map(|(extension, text)| (self.expected.with_extension(extension), text)).collect()
    }

    /// Panics unless these results are the expected ones; names the first line that is not.
    pub fn check(&self, results: &Results) {
        for (path, got) in self.files(results) {
            let want = if path.exists() { fs::read(&path).unwrap() } else { Vec::new() };
            let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
            let (want_lines, got_lines): (Vec<String>, Vec<String>) = (lines(&want), lines(&got));
            for (number, (want, got)) in want_lines.iter().zip(&got_lines).enumerate() {
                assert_eq!(got, want, "line {} of {}", number + 1, path.display());
            }
            assert_eq!(got_lines.len(), want_lines.len(), "lines of {}", path.display());
            assert!(got == want, "other bytes than in {}", path.display());
        }
    }

    /// Makes these results the expected ones.
    fn bless(&self, results: &Results) {
        for (path, got) in self.files(results) {
            if !got.is_empty() {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, got).unwrap();
            } else if path.exists() {
                fs::remove_file(&path).unwrap();
            }
        }
    }
}

/// Runs the cases of the blueprint in `folder` natively; with `BLESS` in the environment, writes what they give.
pub fn run<P: Transform>(folder: &str) {
    run_cases::<P>(&Case::all(Path::new(folder)));
}

/// Runs these cases natively; with `BLESS` in the environment, writes what they give.
pub fn run_cases<P: Transform>(cases: &[Case]) {
    for case in cases {
        let results = Results::full(&testing::run::<P>(&case.params(), &case.lines()));
        if std::env::var_os("BLESS").is_some() { case.bless(&results) } else { case.check(&results) }
    }
}
