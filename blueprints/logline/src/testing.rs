//! The cases of a blueprint as files: lines, and what becomes of them. `blueprints/README.md` says which files.

#![allow(clippy::unwrap_used, reason = "it serves tests, which may end with a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use standpipe_sdk::{Transform, testing};

/// Some lines, and where it is written what becomes of them.
#[derive(Debug)]
pub struct Case {
    /// The file with the lines.
    pub log: PathBuf,
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
}

impl Results {
    /// These outputs, with a newline behind each, and no failures yet.
    pub fn of(out: Vec<u8>) -> Self {
        Self { out, failed: String::new() }
    }

    /// Adds the failure of a line; the first line is 1.
    pub fn fail(&mut self, line: usize, code: &str, message: &str) {
        let (code, message) = (Value::from(code), Value::from(message));
        self.failed += &format!("{{\"line\":{line},\"code\":{code},\"message\":{message}}}\n");
    }
}

impl Case {
    /// The cases of the blueprint in `folder`. The lines of `X-to-csv` are those of `X-to-json`.
    pub fn all(folder: &Path) -> Vec<Self> {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let lines = folder.with_file_name(name.replace("-to-csv", "-to-json")).join("cases");
        let mut cases: Vec<Self> = fs::read_dir(lines)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .map(|log| Self { expected: folder.join("cases").join(log.file_stem().unwrap()), log })
            .collect();
        cases.sort_by(|a, b| a.log.cmp(&b.log));
        assert!(!cases.is_empty(), "{} has no cases", folder.display());
        cases
    }

    /// The lines, as the program takes them: without the newline.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        let log = fs::read(&self.log).unwrap();
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
        vec![
            (self.expected.with_extension("out"), results.out.clone()),
            (self.expected.with_extension("failed"), results.failed.clone().into_bytes()),
        ]
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
    for case in Case::all(Path::new(folder)) {
        let outcomes = testing::run::<P>("{}", &case.lines());
        let outputs = outcomes.outputs.iter().flat_map(|output| output.payload.iter().chain(b"\n"));
        let mut results = Results::of(outputs.copied().collect());
        for failed in &outcomes.failed {
            results.fail(failed.index as usize + 1, failed.failure.code(), failed.failure.message());
        }
        if std::env::var_os("BLESS").is_some() { case.bless(&results) } else { case.check(&results) }
    }
}
