//! Each `findings/NAME.toml` has the findings that `findings/NAME.txt` lists, and no others.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use snapbox::Data;
use standpipe_spec::{Finding, Severity, parse};

fn shown(text: &str, findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let place = match &finding.span {
            Some(span) => {
                assert!(text.get(span.clone()).is_some(), "{finding:?} is not in the text");
                let before = text.get(..span.start).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                format!(
                    "{line}:{}",
                    before.chars().rev().take_while(|&character| character != '\n').count() + 1
                )
            }
            None => "-".to_owned(),
        };
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let help = finding.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        let _ = writeln!(out, "{place} {severity}: {}{help}", finding.message);
    }
    out
}

#[test]
fn every_file_has_its_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).unwrap();
            let (_, findings) = parse(&text, Path::new(""));
            let golden = Data::read_from(&path.with_extension("txt"), None).raw();
            snapbox::assert_data_eq!(shown(&text, &findings), golden);
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} files");
}
