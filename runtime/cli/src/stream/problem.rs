use std::fmt;
use std::process::ExitCode;

use crate::check::WRONG;

/// Why a command does not end well, and what to do, as it is shown.
#[derive(Debug)]
pub(super) struct Problem {
    text: String,
    code: u8,
}

impl Problem {
    /// A call that was refused, or could not be made.
    pub(super) fn failed(message: impl fmt::Display) -> Self {
        Self { text: format!("error: {message}"), code: 1 }
    }

    /// What was asked cannot be right.
    pub(super) fn wrong(message: impl fmt::Display) -> Self {
        Self { text: format!("error: {message}"), code: WRONG }
    }

    /// What is wrong with a file, with its places.
    pub(super) fn found(text: String) -> Self {
        Self { text, code: WRONG }
    }

    /// Adds what to do next.
    pub(super) fn help(mut self, help: impl fmt::Display) -> Self {
        self.text += &format!("\n  help: {help}");
        self
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        // Whoever reads has had enough, as `head` has.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { text: String::new(), code: 0 };
        }
        Self::failed(format!("write standard output: {error}"))
    }
}
