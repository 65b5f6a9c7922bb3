use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written.
const EVERY: Duration = Duration::from_millis(200);

/// A line that says how far it is, on a terminal only. Gone once this is dropped.
pub(super) struct Progress {
    is_terminal: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), shown: None }
    }

    /// Shows what `line` says, unless that was done a moment ago.
    pub(super) fn show(&mut self, line: impl FnOnce() -> String) {
        if self.is_terminal && self.shown.is_none_or(|shown| shown.elapsed() >= EVERY) {
            self.shown = Some(Instant::now());
            self.write(&line());
        }
    }

    /// Takes the line away, so that another may be written there.
    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            self.write("");
        }
    }

    /// There is nobody to tell when that fails.
    fn write(&self, line: &str) {
        let mut out = std::io::stderr();
        let _ = write!(out, "\r{line}\x1b[K").and_then(|()| out.flush());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
