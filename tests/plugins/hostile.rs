//! Plugins that go wrong in every way: only the record that made them do so fails, and says why.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::languages::{Language, copy, done, standpipe};

/// A failure as the error record has it.
#[derive(Debug, Clone)]
struct Failed {
    code: String,
    message: String,
    captured: String,
    backtrace: String,
}

impl Failed {
    /// All that a person can read of it.
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.code, self.message, self.captured, self.backtrace)
    }
}

/// Runs the hostile plugin of a language over `harms`, each among good records, and gives what each failed with.
fn run(language: &str, harms: &[&str]) -> Option<BTreeMap<String, Failed>> {
    if !Language::named(language).is_here() {
        return None;
    }
    let (_kept, folder) = copy(&format!("tests/plugins/hostile/{language}"));
    done(standpipe(&folder).args(["plugin", "build"]));
    let mut lines: Vec<String> = (0..200).map(|number| format!("record {number}")).collect();
    for (number, harm) in harms.iter().enumerate() {
        lines.insert(20 * number + 7, (*harm).to_owned());
    }
    fs::write(folder.join("in"), lines.join("\n") + "\n").unwrap();
    let mut pipe = standpipe(&folder);
    pipe.args(["pipe", "--plugin", "./hostile.wasm", "--failed", "failed.jsonl", "in"]);
    let ran = done(&mut pipe);
    let good: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !harms.contains(line)).collect();
    let got = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(got.lines().collect::<Vec<_>>(), good, "{language}");

    let failed = fs::read_to_string(folder.join("failed.jsonl")).unwrap();
    let mut all = BTreeMap::new();
    for line in failed.lines() {
        let failed: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |member: &str| failed[member].as_str().unwrap_or_default().to_owned();
        let record = String::from_utf8(STANDARD.decode(text("rawData")).unwrap()).unwrap();
        let parts = Failed {
            code: text("code"),
            message: text("message"),
            captured: text("capturedOutput"),
            backtrace: text("backtrace"),
        };
        println!("{language} {record}: {parts:?}");
        assert!(all.insert(record, parts).is_none(), "it failed twice: {line}");
    }
    assert_eq!(all.keys().map(String::as_str).collect::<Vec<_>>(), sorted(harms), "{language}");
    Some(all)
}

fn sorted<'a>(harms: &[&'a str]) -> Vec<&'a str> {
    let mut harms = harms.to_vec();
    harms.sort_unstable();
    harms
}

/// What holds for every language: a loop is stopped, output is bounded, each failure has a code and a message.
fn expect(failed: &BTreeMap<String, Failed>) {
    assert_eq!(failed["loop"].code, "time-limit");
    assert!(
        ["output-limit", "time-limit", "out-of-memory", "uncaught", "trap"]
            .contains(&failed["huge"].code.as_str()),
        "{failed:?}"
    );
    for (record, failed) in failed {
        assert!(!failed.code.is_empty() && !failed.message.is_empty(), "{record}: {failed:?}");
    }
    let thrown = &failed["throw"];
    assert!(thrown.text().contains("boom at throw"), "{thrown:?}");
    assert!(
        thrown.backtrace.lines().count() > 0 || thrown.captured.lines().count() > 1,
        "no stack: {thrown:?}"
    );
}

#[test]
fn javascript() {
    let Some(failed) = run("javascript", &["loop", "hog", "deep", "throw", "reject", "exit", "huge"]) else {
        return;
    };
    expect(&failed);
    for harm in ["throw", "reject", "deep"] {
        let failed = &failed[harm];
        assert!(failed.code == "uncaught" && failed.backtrace.contains("plugin"), "{harm}: {failed:?}");
    }
    assert_eq!(failed["reject"].message, "Error: boom at reject");
    assert!(failed["deep"].message.contains("recursion"), "{failed:?}");
    assert!(failed["hog"].text().contains("memory"), "{failed:?}");
}

#[test]
fn python() {
    let Some(failed) = run("python", &["loop", "hog", "deep", "throw", "exit", "huge"]) else { return };
    expect(&failed);
    for harm in ["throw", "deep", "exit"] {
        let failed = &failed[harm];
        assert!(failed.code == "uncaught" && failed.backtrace.contains("plugin.py"), "{harm}: {failed:?}");
    }
    assert_eq!(failed["throw"].message, "ValueError: boom at throw");
    assert!(failed["exit"].message.starts_with("SystemExit: 3"), "{failed:?}");
    assert!(failed["deep"].message.starts_with("RecursionError"), "{failed:?}");
    assert!(failed["hog"].text().contains("emory"), "{failed:?}");
}

#[test]
fn go() {
    let Some(failed) = run("go", &["loop", "hog", "deep", "throw", "goroutine", "exit", "huge"]) else {
        return;
    };
    expect(&failed);
    let thrown = &failed["throw"];
    assert!(thrown.code == "uncaught" && thrown.backtrace.contains("plugin.go"), "{thrown:?}");
    assert!(failed["goroutine"].captured.contains("boom at goroutine"), "{failed:?}");
    assert!(failed["goroutine"].captured.contains("plugin.go"), "{failed:?}");
    assert_eq!(failed["exit"].message, "it ended itself with exit code 3");
    assert!(failed["hog"].text().contains("memory"), "{failed:?}");
}

#[test]
fn c() {
    let Some(failed) = run("c", &["loop", "hog", "deep", "throw", "exit", "huge"]) else { return };
    expect(&failed);
    assert_eq!(failed["exit"].message, "it ended itself with exit code 3");
    assert!(failed["throw"].captured.contains("boom at throw"), "{failed:?}");
    assert!(failed["throw"].backtrace.contains("sp_transform"), "{failed:?}");
    assert!(failed["hog"].captured.contains("no memory left"), "{failed:?}");
    assert_eq!(failed["deep"].code, "trap");
}
