use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A bundled real log of 5,000 lines.
pub(crate) fn access_log() -> PathBuf {
    top().join("blueprints/apache-log-to-json/cases/access.log")
}

pub(crate) fn standpipe(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standpipe"));
    command.current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache")).env_remove("STANDPIPE_LOG");
    command
}

/// Runs it with `input` and gives its exit code, standard output and standard error.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> (i32, String, String) {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}
