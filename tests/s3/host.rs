//! The program while it runs: what it says, and how much it takes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long something that must happen may take.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Host {
    child: Child,
    said: Receiver<String>,
    all: Vec<String>,
}

pub(crate) fn program(folder: &Path) -> Command {
    let program = std::env::var_os("STANDPIPE").unwrap_or_else(|| env!("CARGO_BIN_EXE_standpipe").into());
    let mut command = Command::new(program);
    command.current_dir(folder).env("S3_KEY", "AKIATEST").env("S3_SECRET", "secretsecret");
    command
}

impl Host {
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Self {
        let mut child = program(folder)
            .arg("run")
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, said) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, said, all: Vec::new() }
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

    /// The value of a line of its `/proc` status, in KiB.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Asks it to stop and waits for its end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }

    /// Waits for its end by itself.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        self.all.extend(self.said.iter());
        (code, self.all.join("\n"))
    }
}

/// Waits until `done`.
pub(crate) fn wait_for(what: &str, within: Duration, mut done: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < within, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    began.elapsed()
}

/// The files below a folder that are objects.
pub(crate) fn objects(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = item.path();
        let hidden = item.file_name().to_str().is_some_and(|name| name.starts_with(".sgwtmp"));
        match path.is_dir() {
            true if hidden => {}
            true => found.extend(objects(&path)),
            false => found.push(path),
        }
    }
    found
}
