use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `tests/readback/install` puts what it installs.
fn installed() -> PathBuf {
    let cache = std::env::var_os("STANDPIPE_CACHE").map(PathBuf::from);
    let home = || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache/standpipe");
    cache.unwrap_or_else(home).join("readback")
}

/// `path`, or none, said by name, where there is nothing; in CI that is an error.
fn there(name: &str, path: Option<PathBuf>) -> Option<PathBuf> {
    let found = path.filter(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is missing: run tests/readback/install");
        println!("skipped: {name} is missing; tests/readback/install installs it");
    }
    found
}

/// A program of the machine.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    there(name, on_the_path(name))
}

fn on_the_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.exists())
}

/// A file of this suite.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/readback").join(path)
}

/// The reader in Python, with the packages that it needs.
pub(crate) fn python() -> Option<Command> {
    let python = there("Python with its packages", Some(installed().join("python/bin/python")))?;
    let mut command = Command::new(python);
    command.arg(ours("python/readback.py"));
    Some(command)
}

/// The reader in Java, with the archives that it needs.
pub(crate) fn java() -> Option<Command> {
    let java = program("java")?;
    let jars = there("Hadoop", Some(installed().join("java/jars")))?;
    let mut command = Command::new(java);
    command.arg("-cp").arg(jars.join("*")).arg(ours("java/Readback.java"));
    Some(command)
}

/// What a command prints, which must succeed.
pub(crate) fn printed(command: &mut Command) -> Vec<u8> {
    let ran = command.output().unwrap();
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}
