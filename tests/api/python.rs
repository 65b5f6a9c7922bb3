//! Clients that people have: boto3 and the AWS CLI, as `tests/clients/install` has them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::Host;

/// The interpreter that has them. None, said by name, where it is missing; in CI that is an error.
pub(crate) fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("STANDPIPE_CACHE").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/standpipe"));
    let path = cache.or_else(home)?.join("clients/python/bin/python");
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "boto3 is missing: run tests/clients/install");
    println!("skipped: boto3 is missing; tests/clients/install installs it");
    None
}

/// A script of `tests/clients/python` that calls a host, with the keys that the tests use.
pub(crate) fn script(python: &Path, name: &str, host: &Host) -> Command {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/python");
    let mut command = Command::new(python);
    command.arg(scripts.join(name)).arg(host.url());
    keys(&mut command);
    command
}

/// The AWS CLI, calling a host.
pub(crate) fn aws(python: &Path, host: &Host) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "awscli", "--endpoint-url", &host.url(), "firehose"]);
    keys(&mut command);
    command
}

/// Has a shell find the AWS CLI by its name. `folder` is where the command is kept.
pub(crate) fn aws_on_path(shell: &mut Command, python: &Path, folder: &Path) {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let aws = format!("#!/bin/sh\nexec '{}' -m awscli \"$@\"\n", python.display());
    std::fs::write(bin.join("aws"), aws).unwrap();
    std::fs::set_permissions(bin.join("aws"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    keys(shell.env("PATH", format!("{}:{path}", bin.display())).env("AWS_PAGER", ""));
}

fn keys(command: &mut Command) {
    command
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "secretsecret")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .env("PYTHONDONTWRITEBYTECODE", "1");
}

/// Runs it, which must go well, and gives what it printed.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
