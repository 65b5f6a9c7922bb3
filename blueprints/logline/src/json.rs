//! JSON strings from bytes that may be anything.

use standpipe_sdk::Buffer;

/// Whether a byte can stand in a JSON string as it is.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\' && byte < 0x80
}

/// How many bytes at the beginning of `text` can stand as they are. Looks at 16 at once.
fn plain(text: &[u8]) -> usize {
    let (blocks, _) = text.as_chunks::<16>();
    let mut clean = 0;
    for block in blocks {
        let odd = block.iter().fold(0u8, |odd, &byte| {
            odd | u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\') | (byte >> 7)
        });
        if odd != 0 {
            break;
        }
        clean += 16;
    }
    let rest = text.get(clean..).unwrap_or_default();
    clean + rest.iter().position(|&byte| !is_plain(byte)).unwrap_or(rest.len())
}

/// Writes `text` as a JSON string with its quotes. Valid UTF-8 stays; any other byte is read as Latin-1;
/// control characters become `\u00XX`.
pub fn string(out: &mut Buffer, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let (clean, odd) = rest.split_at(plain(rest).min(rest.len()));
        out.extend(clean);
        let Some((&byte, after)) = odd.split_first() else { break };
        rest = after;
        match byte {
            b'"' => out.extend(b"\\\""),
            b'\\' => out.extend(b"\\\\"),
            b'\t' => out.extend(b"\\t"),
            0..0x20 => {
                let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
                out.extend(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => {
                let valid = valid_prefix(odd);
                if valid.is_empty() {
                    out.extend(&[0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)]);
                } else {
                    out.extend(valid);
                    rest = odd.get(valid.len()..).unwrap_or_default();
                }
            }
        }
    }
    out.push(b'"');
}

/// The character at the beginning of `text`, if it is one in UTF-8.
fn valid_prefix(text: &[u8]) -> &[u8] {
    for len in 2..=4 {
        if let Some(head) = text.get(..len)
            && std::str::from_utf8(head).is_ok()
        {
            return head;
        }
    }
    &[]
}

/// Writes `,"name":` or, for the first member, `{"name":`. The name needs no escaping.
pub fn name(out: &mut Buffer, first: bool, name: &str) {
    out.extend(if first { b"{\"" } else { b",\"" });
    out.extend(name.as_bytes());
    out.extend(b"\":");
}

/// Writes digits as a number, without leading zeros; `null` for nothing.
pub fn number(out: &mut Buffer, digits: &[u8]) {
    if digits.is_empty() {
        out.extend(b"null");
        return;
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count().min(digits.len() - 1);
    out.extend(digits.get(zeros..).unwrap_or_default());
}
