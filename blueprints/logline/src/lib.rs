//! What the log blueprints share: parsers that cut a line into fields without copying it, and writers of JSON
//! strings and CSV fields.
//!
//! Parsers work on bytes. They decode nothing: a field is what stands in the line.

pub mod apache;
pub mod csv;
pub mod json;
mod scan;
pub mod syslog;
#[cfg(feature = "testing")]
pub mod testing;

use standpipe_sdk::Failure;

/// The line without the line ending that some sources leave on it.
pub fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A failure that shows the beginning of what was found.
pub(crate) fn unexpected(code: &'static str, expected: &str, found: &[u8]) -> Failure {
    let shown = String::from_utf8_lossy(found.get(..40).unwrap_or(found));
    let more = if found.len() > 40 { "…" } else { "" };
    Failure::new(code, format!("expected {expected}, found `{shown}{more}`"))
}
