use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The key that the clients have.
pub(crate) const ID: &str = "AKIATEST";
pub(crate) const SECRET: &str = "secretsecret";

/// How long a client may take. The slowest, Terraform on a busy machine, needs less than a minute for a command.
const LONG: Duration = Duration::from_secs(300);

/// A program, or a folder, that is here.
pub(crate) struct Installed(pub(crate) PathBuf);

/// What `tests/clients/install` put there. None, said by name, where it is missing; in CI that is an error.
pub(crate) fn installed(path: &str) -> Option<Installed> {
    let cache = std::env::var_os("STANDPIPE_CACHE").map(PathBuf::from);
    let home = || Path::new(&std::env::var_os("HOME").unwrap()).join(".cache/standpipe");
    there(path, Some(cache.unwrap_or_else(home).join("clients").join(path)))
}

/// A program of the machine. None, said by name, where it is missing; in CI that is an error.
pub(crate) fn program(name: &str) -> Option<Installed> {
    there(name, on_the_path(name))
}

fn there(name: &str, path: Option<PathBuf>) -> Option<Installed> {
    let found = path.filter(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is missing: run tests/clients/install");
        println!("skipped: {name} is missing; tests/clients/install installs the client that needs it");
    }
    found.map(Installed)
}

pub(crate) fn on_the_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.exists())
}

/// A file of this suite.
pub(crate) fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients").join(path)
}

impl Installed {
    /// It, with the key and without what else a user may have for AWS.
    pub(crate) fn command(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for unwanted in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL"] {
            command.env_remove(unwanted);
        }
        command
    }
}

/// Runs a command, which must end well before long, and gives what it said.
pub(crate) fn done(command: &mut Command) -> String {
    let (code, said) = ended(command);
    assert_eq!(code, Some(0), "{command:?}: {said}");
    said
}

/// Runs a command, which must end before long, and gives its exit code and what it said.
pub(crate) fn ended(command: &mut Command) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let file = File::create(&said).unwrap();
    let mut child = command.stdout(file.try_clone().unwrap()).stderr(file).spawn().unwrap();
    let said = || String::from_utf8_lossy(&std::fs::read(&said).unwrap()).into_owned();
    let until = Instant::now() + LONG;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), said());
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} took too long: {}", said());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
