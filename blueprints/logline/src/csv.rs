//! CSV as RFC 4180 writes it.

use standpipe_sdk::Buffer;

/// Writes a field, in quotes where it needs them: around commas, quotes, line ends and spaces at an end.
pub fn field(out: &mut Buffer, text: &[u8]) {
    let special = text.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n'));
    if !special && text.first() != Some(&b' ') && text.last() != Some(&b' ') {
        out.extend(text);
        return;
    }
    out.push(b'"');
    for (number, part) in text.split(|&byte| byte == b'"').enumerate() {
        if number > 0 {
            out.extend(b"\"\"");
        }
        out.extend(part);
    }
    out.push(b'"');
}
