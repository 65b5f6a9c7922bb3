//! The program with its ports open, and what it says.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long something that must happen may take.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A host that runs. Dropped, it is killed.
pub(crate) struct Host {
    child: Child,
    said: Receiver<String>,
    /// What it said so far.
    pub(crate) all: Vec<String>,
    /// Where the Firehose API is.
    pub(crate) api: SocketAddr,
    /// Where health and metrics are, if the config says so.
    pub(crate) admin: Option<SocketAddr>,
}

/// The program, to be run in a folder.
pub(crate) fn program(folder: &Path) -> Command {
    let program = std::env::var_os("STANDPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_standpipe").into());
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

impl Host {
    /// Runs `standpipe.toml` of a folder, which must have `listen` and `admin_listen`, and waits for both.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_as(program(folder).arg("run"))
    }

    /// The same, with a command of the caller's.
    pub(crate) fn start_as(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut host = Self { child, said, all: Vec::new(), api: unknown, admin: None };
        let address = |line: String| line.rsplit("//").next().and_then(|text| text.parse().ok());
        host.api = address(host.says("Firehose API on ")).unwrap();
        host.admin = address(host.says("health and metrics on "));
        host
    }

    /// Waits until it says something with `text` in it, and returns that.
    pub(crate) fn says(&mut self, text: &str) -> String {
        let until = Instant::now() + SOON;
        while let Ok(line) = self.said.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.all.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
        panic!("it never said `{text}`: {:#?}", self.all);
    }

    /// The URL of the API.
    pub(crate) fn url(&self) -> String {
        let secure = self.all.iter().any(|line| line.contains("Firehose API on https://"));
        format!("{}://{}", if secure { "https" } else { "http" }, self.api)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// The value of a line of its `/proc` status, in KiB: `VmRSS`, `VmHWM`.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop, and waits for its end. Returns its exit code and all that it said.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        let code = self.child.wait().unwrap().code();
        let mut all = std::mem::take(&mut self.all);
        all.extend(self.said.iter());
        (code, all.join("\n"))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The objects of a bucket that is a folder, by key, sorted.
pub(crate) fn objects(bucket: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = item.path();
            if path.is_dir() {
                walk(&path, found);
            } else if !item.file_name().to_string_lossy().starts_with('.') {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(bucket, &mut paths);
    paths.sort();
    let key = |path: &PathBuf| path.strip_prefix(bucket).unwrap().display().to_string();
    paths.iter().map(|path| (key(path), std::fs::read(path).unwrap())).collect()
}

/// Waits until `is` says so, looking again and again; not for ever.
pub(crate) fn wait_for(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + SOON;
    while !is() {
        assert!(Instant::now() < until, "it never happened: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Writes a config into a folder: ports that the system chooses, buckets that are folders, and `more`.
pub(crate) fn configure(folder: &Path, more: &str) {
    let config = format!(
        "listen = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\ns3 = {{ directory = \"./buckets\" }}\n{more}"
    );
    std::fs::write(folder.join("standpipe.toml"), config).unwrap();
}

/// A folder with such a config.
pub(crate) fn configured(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), more);
    folder
}

/// Has everything delivered that a host left behind.
pub(crate) fn drain(folder: &Path) {
    let drained = program(folder).args(["run", "--drain"]).output().unwrap();
    assert!(drained.status.success(), "{drained:?}");
}
