//! The way from nothing to a running plugin, as each README shows it, is what happens.

use std::fs;
use std::path::Path;

use crate::languages::{Language, command, top};

/// The session under the README's heading `heading`: what stands in its first console block.
fn session(readme: &Path, heading: &str) -> String {
    let text = fs::read_to_string(readme).unwrap();
    let section = text.split(&format!("\n## {heading}\n")).nth(1);
    let section = section.unwrap_or_else(|| panic!("{} has no `{heading}`", readme.display()));
    let block = section.split("```console\n").nth(1).unwrap();
    block.split("```").next().unwrap().to_owned()
}

/// Lines with their figures left out: times, sizes and fuel differ from machine to machine, and packages are installed
/// once.
fn without_figures(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let is_of_once = |line: &&str| {
        line.starts_with("install") || line.starts_with("waiting for another build that installs")
    };
    for line in text.lines().filter(|line| !is_of_once(line)) {
        let mut plain = String::new();
        for character in line.trim_end().chars() {
            let figure = character.is_ascii_digit()
                || ((character == '.' || character == ',') && plain.ends_with('#'));
            match figure {
                true if plain.ends_with('#') => {}
                true => plain.push('#'),
                false => plain.push(character),
            }
        }
        for unit in ["KiB", "MiB", "GiB"] {
            plain = plain.replace(&format!("#{unit}"), "#B").replace(&format!("# {unit}"), "# B");
        }
        lines.push(plain.replace("millions", "thousands").split_whitespace().collect::<Vec<_>>().join(" "));
    }
    lines
}

/// Runs the commands of a session in an empty folder, which has the log that the session pipes.
fn replay(session: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(top().join("blueprints/apache-log-to-json/cases/access.log"), folder.path().join("access.log"))
        .unwrap();
    let mut shown = String::new();
    for line in session.lines().filter_map(|line| line.strip_prefix("$ ")) {
        shown += &format!("$ {line}\n");
        let ran =
            command("bash", folder.path()).args(["-o", "pipefail", "-c", &format!("{line} 2>&1")]).output();
        let ran = ran.unwrap();
        shown += &String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{shown}");
    }
    assert_eq!(without_figures(&shown), without_figures(session), "it shows:\n{shown}");
    let commands = session.lines().filter(|line| line.starts_with("$ ")).count();
    assert!(commands <= 4, "a new user types {commands} commands");
}

fn check(language: &str, heading: &str) {
    let language = Language::named(language);
    if language.is_here() {
        replay(&session(&top().join("plugins").join(language.folder).join("README.md"), heading));
    }
}

#[test]
fn rust() {
    check("rust", "From nothing");
}

#[test]
fn javascript() {
    check("javascript", "From nothing");
}

#[test]
fn typescript() {
    check("typescript", "From nothing, in TypeScript");
}

#[test]
fn python() {
    check("python", "From nothing");
}

#[test]
fn go() {
    check("go", "From nothing");
}

#[test]
fn c() {
    check("c", "From nothing");
}

#[test]
fn cpp() {
    check("c++", "From nothing, in C++");
}

#[test]
fn zig() {
    check("zig", "From nothing");
}

#[test]
fn assemblyscript() {
    check("assemblyscript", "From nothing");
}
