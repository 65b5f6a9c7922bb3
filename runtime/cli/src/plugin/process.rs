//! The programs of others that a build runs.

use std::ffi::OsStr;
use std::io::{PipeReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, anyhow};

use crate::show;

/// Lines of a compiler that are shown when it fails: the first ones say what is wrong.
const SHOWN: usize = 100;

/// The first of `names` that is a program in `PATH`.
pub(super) fn find<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    let mut places = names.into_iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| is_program(place))
}

/// Whether it is a file that can be run.
pub(super) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// What a program prints, if it ends well.
pub(super) fn ask(program: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    let asked = command.args(args).stdin(Stdio::null()).output().ok()?;
    asked.status.success().then(|| String::from_utf8_lossy(&asked.stdout).trim().to_owned())
}

/// The version that a program says it has: major and minor.
pub(super) fn version(program: &Path, args: &[&str]) -> Option<(u32, u32)> {
    read_version(&ask(program, args)?)
}

/// The first version in a text.
pub(super) fn read_version(text: &str) -> Option<(u32, u32)> {
    let words = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let mut numbers = words.filter_map(|word| {
        let mut parts = word.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    });
    numbers.next()
}

/// Runs a step of a build. What it says is shown if it fails, or all the time.
pub(super) fn run(command: &mut Command, verbose: bool) -> anyhow::Result<()> {
    run_for(command.stdout(Stdio::null()), verbose, true).map(drop)
}

/// The same, and gives what it prints to standard output.
pub(super) fn run_for_output(command: &mut Command, verbose: bool) -> anyhow::Result<String> {
    run_for(command.stdout(Stdio::piped()), verbose, false)
}

fn run_for(command: &mut Command, verbose: bool, both: bool) -> anyhow::Result<String> {
    let program = command.get_program().to_owned();
    let said = Said::of(command, verbose, both)?;
    let begun = command.stdin(Stdio::null()).spawn();
    // Its own ends of the pipe would keep it open.
    command.stderr(Stdio::null());
    if both {
        command.stdout(Stdio::null());
    }
    let child = begun.with_context(|| format!("start `{}`", program.display()))?;
    let done = child.wait_with_output().with_context(|| format!("run `{}`", program.display()))?;
    let said = said.all();
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    show_said(&said);
    Err(failed(command, &program, done.status))
}

/// What a program says, read while it runs.
struct Said(Option<JoinHandle<Vec<u8>>>);

impl Said {
    fn of(command: &mut Command, verbose: bool, both: bool) -> anyhow::Result<Self> {
        if verbose {
            command.stderr(Stdio::inherit());
            if both {
                command.stdout(std::io::stderr());
            }
            return Ok(Self(None));
        }
        let (mut read, write): (PipeReader, _) = std::io::pipe().context("make a pipe")?;
        if both {
            command.stdout(write.try_clone().context("make a pipe")?);
        }
        command.stderr(write);
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            // What was read before an error is still worth showing.
            let _ = read.read_to_end(&mut said);
            said
        });
        Ok(Self(Some(reader)))
    }

    fn all(self) -> String {
        let said = self.0.and_then(|reader| reader.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }
}

fn show_said(said: &str) {
    let lines: Vec<&str> = said.trim_end().lines().collect();
    for line in lines.iter().take(SHOWN) {
        show::line(line);
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let more = show::count(more as u64, "more line");
        show::line(&format!("… {more}: `--verbose` shows all"));
    }
}

fn failed(command: &Command, program: &OsStr, status: ExitStatus) -> anyhow::Error {
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    // The first argument tells what a tool of many commands was asked for.
    let what = command.get_args().next().and_then(OsStr::to_str);
    let what = what.filter(|what| what.chars().all(|letter| letter.is_ascii_lowercase()));
    let what = what.map(|what| format!(" {what}")).unwrap_or_default();
    anyhow!("`{name}{what}` failed ({status})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_print_them() {
        for (text, want) in [
            ("v20.20.2", Some((20, 20))),
            ("go version go1.26.8 linux/amd64", Some((1, 26))),
            ("Python 3.11.7", Some((3, 11))),
            ("Debian clang version 22.1.8 (++2026)", Some((22, 1))),
            ("0.17.1", Some((0, 17))),
            ("none", None),
        ] {
            assert_eq!(read_version(text), want, "{text}");
        }
    }

    #[test]
    fn a_step_that_fails_is_named() {
        let error = run(Command::new("sh").args(["-c", "echo bad; exit 3"]), false).unwrap_err();
        assert_eq!(error.to_string(), "`sh` failed (exit status: 3)");
        let printed = run_for_output(Command::new("sh").args(["-c", "echo good; echo said >&2"]), false);
        assert_eq!(printed.unwrap(), "good\n");
    }
}
