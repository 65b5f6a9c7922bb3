use std::process::Command;

use crate::program::{run, top};

/// The first command of the README, with its output, is what the program does.
#[test]
fn the_first_command_shows_its_real_output() {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let block = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let (command, output) = block.split_once('\n').unwrap();
    let command = command.strip_prefix("$ cargo run --release -- ").unwrap();
    let program = env!("CARGO_BIN_EXE_standpipe");
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("{program} {command}")])
        .current_dir(top())
        .env("XDG_CACHE_HOME", folder.path());
    let (code, out, err) = run(&mut shell, b"");
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, output);
}
