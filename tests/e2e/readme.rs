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

/// The second command of the README is there, can be run and has steps. The tests do not run themselves.
#[test]
fn the_second_command_is_the_tests() {
    let readme = std::fs::read_to_string(top().join("README.md")).unwrap();
    let block = readme.split("```\n").find(|block| block.starts_with("tests/run ")).unwrap();
    let named: Vec<&str> = block.lines().map(|line| line.split('#').next().unwrap().trim()).collect();
    assert_eq!(named, ["tests/run quick", "tests/run all"]);

    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(top().join("tests/run"));
    command.arg("--list").env("STANDPIPE_CACHE", folder.path()).env("CARGO_TARGET_DIR", folder.path());
    let (code, out, err) = run(&mut command, b"");
    assert_eq!((code, err.as_str()), (0, ""));
    let (quick, all) = out.strip_prefix("quick\n").unwrap().split_once("all\n").unwrap();
    assert_eq!(
        quick,
        "  servers and clients\n  format\n  clippy\n  servers and clients are there\n  tests\n  built blueprints\n"
    );
    assert!(all.starts_with(quick), "{all}");
    for entry in std::fs::read_dir(top().join("tests/all")).unwrap() {
        let step = format!("  tests/all/{}\n", entry.unwrap().file_name().to_str().unwrap());
        assert!(all.contains(&step), "{step}: {all}");
    }
}
