//! The SDKs' own tests, by each language's tool.

use crate::languages::{Language, command, copy, done};

/// Runs a command line in a folder of a copy.
fn run(language: &str, folder: &str, line: &str) {
    if !Language::named(language).is_here() {
        return;
    }
    let (_kept, folder) = copy(folder);
    let ran = done(command("bash", &folder).args(["-c", line]));
    print!("{}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn javascript() {
    run(
        "javascript",
        "plugins/javascript",
        "standpipe plugin build example && standpipe plugin build example-ts && node --test",
    );
}

#[test]
fn python() {
    run(
        "python",
        "plugins/python",
        "python3 -m unittest discover -s tests -t . && cd example && PYTHONPATH=.. python3 -m unittest",
    );
}

#[test]
fn go() {
    run("go", "plugins/go", "go test ./... && cd example && go test ./...");
}

#[test]
fn c_and_cpp() {
    run("c", "plugins/c", "tests/run");
}
