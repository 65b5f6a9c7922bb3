use std::path::Path;
use std::process::Command;

use snapbox::{Assert, Data};

use crate::program::{run, top};

/// Plays every session of `snapshots/`: its commands print what stands below them. A session has a folder of its own,
/// with the configs of `snapshots/` in it. `SNAPSHOTS=overwrite` writes down what the commands print.
#[test]
fn the_program_says_what_the_sessions_show() {
    let snapshots = top().join("tests/e2e/snapshots");
    let files = |extension: &str| {
        let all = std::fs::read_dir(&snapshots).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.extension().is_some_and(|found| found == extension)).collect::<Vec<_>>()
    };
    // A backslash in a message is no path of another system.
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false);
    let cache = tempfile::tempdir().unwrap();
    let sessions = files("txt");
    assert!(!sessions.is_empty());
    for session in sessions {
        let folder = tempfile::tempdir().unwrap();
        for config in files("toml") {
            std::fs::copy(&config, folder.path().join(config.file_name().unwrap())).unwrap();
        }
        let script = std::fs::read_to_string(&session).unwrap();
        assert.eq(played(&script, folder.path(), cache.path()), Data::read_from(&session, None));
    }
}

/// The commands of a session, the lines that begin with `$ `, with what they print now. Lines that begin with `# `
/// stay as they are.
fn played(session: &str, folder: &Path, cache: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_standpipe")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut out = String::new();
    for line in session.lines().filter(|line| line.starts_with("# ") || line.starts_with("$ ")) {
        out.push_str(line);
        out.push('\n');
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(folder);
        shell.env_clear().env("PATH", &path).env("XDG_CACHE_HOME", cache);
        let (code, printed, said) = run(&mut shell, b"");
        assert!(code != 2 || printed.is_empty(), "{command}: a refusal belongs on standard error");
        // The program's version and no other: the contract has one of its own.
        out.push_str(
            &printed.replace(concat!("standpipe ", env!("CARGO_PKG_VERSION")), "standpipe [VERSION]"),
        );
        out.push_str(&said);
        if code != 0 {
            out.push_str(&format!("[exit {code}]\n"));
        }
        out.push('\n');
    }
    out
}

/// Help lists the blueprints in words of its own.
#[test]
fn help_names_every_blueprint() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpipe"));
    let (_, help, _) = run(command.args(["pipe", "--help"]), b"");
    for entry in std::fs::read_dir(top().join("blueprints")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        assert!(
            !folder.path().join(format!("{name}.wasm")).exists() || help.contains(&name),
            "{name}: {help}"
        );
    }
}
