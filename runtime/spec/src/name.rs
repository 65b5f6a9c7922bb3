/// The most characters of a stream's or plugin's name, as Firehose has it for streams.
const MOST: usize = 64;

/// What is wrong with `name` as the name of a stream or a plugin, if anything is.
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
