//! Colours on standard output, where that is a terminal.

use std::fmt::Display;
use std::io::IsTerminal;

/// Whether colours are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    /// As standard output takes them.
    pub(super) fn stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self(wanted && std::io::stdout().is_terminal())
    }

    pub(super) fn green(self, text: impl Display) -> String {
        self.with("32", text)
    }

    pub(super) fn red(self, text: impl Display) -> String {
        self.with("31", text)
    }

    pub(super) fn cyan(self, text: impl Display) -> String {
        self.with("36", text)
    }

    pub(super) fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
