//! What is written to the terminal: the log, errors, progress. Data goes to standard output, all else here.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Whether standard error takes colours.
pub(crate) fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// `usual` is what is logged unless `STANDPIPE_LOG` says.
pub(crate) fn start_log(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_env("STANDPIPE_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

/// Writes to standard error. There is nobody to tell when that fails.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes a line to standard output.
pub(crate) fn data(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

pub(crate) fn error(error: &anyhow::Error) {
    line(&format!("error: {}", told(error)));
}

/// The error and its causes, but no cause that is already told in what is around it.
fn told(error: &anyhow::Error) -> String {
    let mut out = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !out.contains(&cause) {
            out = format!("{out}: {cause}");
        }
    }
    out
}

/// A number with separators.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `2 records`.
pub(crate) fn count(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(value), if value == 1 { "" } else { "s" })
}

/// Where this user's programs keep what they can make again: our own folder there.
pub(crate) fn cache_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("standpipe"))
}

/// Where compiled plugins are kept when no config names a state folder.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    cache_home().map(|home| home.join("compiled"))
}

/// The characters of the longest text in a column of a table.
pub(crate) fn width<const COLUMNS: usize>(rows: &[[String; COLUMNS]], column: usize) -> usize {
    let texts = rows.iter().filter_map(|row| row.get(column));
    texts.map(|text| text.chars().count()).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::{count, number, told};

    #[test]
    fn each_cause_is_told_once() {
        assert_eq!(
            told(&anyhow!("disk full").context("write `a`").context("pipe")),
            "pipe: write `a`: disk full"
        );
        assert_eq!(
            told(&anyhow!("disk full").context("write `a`: disk full; make room")),
            "write `a`: disk full; make room"
        );
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(12_345_678), "12,345,678");
        assert_eq!(count(1, "record"), "1 record");
    }
}
