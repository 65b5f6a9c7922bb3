use crate::reader::Context;
use crate::text::quoted;
use crate::{Finding, Spanned};

/// The most characters of a name, as Firehose has it for streams.
const MOST: usize = 64;

/// Reports `name` if it cannot name a stream, a plugin or a key; `what` says which.
pub(crate) fn check(context: &Context, what: &str, name: &Spanned<String>) {
    if let Some(problem) = problem(&name.value) {
        let finding = Finding::error(format!("{} cannot name a {what}; {problem}", quoted(&name.value)));
        context.report(finding.at(name.span.clone()).with_help("rename it"));
    }
}

/// What is wrong with `name` as the name of a stream, a plugin or a key, if anything is.
pub(crate) fn problem(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if name.is_empty() {
        return Some("a name has at least 1 character");
    }
    if !name.bytes().all(allowed) {
        return Some("a name has letters, digits, `_`, `.` and `-` only");
    }
    if name.len() > MOST {
        return Some("a name has at most 64 characters");
    }
    // A name becomes a folder.
    matches!(name, "." | "..").then_some("`.` and `..` cannot be names")
}
