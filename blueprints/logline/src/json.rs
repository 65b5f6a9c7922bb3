//! JSON strings from bytes that may be anything.

use standpipe_sdk::Buffer;

use crate::scan::{below, equal, find, high};

/// Marks the bytes that cannot stand in a JSON string as they are, or that begin a character that may not.
#[inline]
fn odd(word: u64) -> u64 {
    below(word, 0x20) | equal(word, b'"') | equal(word, b'\\') | high(word)
}

/// Writes a member that is a string: `head`, such as `,"name":"`, then `text` and the quote that ends it. Valid
/// UTF-8 stays; any other byte is read as Latin-1; control characters become `\u00XX`.
#[inline]
pub fn string<const N: usize>(out: &mut Buffer, head: &[u8; N], text: &[u8]) {
    out.literal(head);
    match find(text, odd) {
        None => out.extend(text),
        Some(place) => escaped(out, text, place),
    }
    out.push(b'"');
}

/// Writes `text`, whose first such byte is at `place`.
fn escaped(out: &mut Buffer, text: &[u8], place: usize) {
    let (mut rest, mut place) = (text, Some(place));
    loop {
        let (clean, strange) = rest.split_at(place.unwrap_or(rest.len()).min(rest.len()));
        out.extend(clean);
        let Some((&byte, after)) = strange.split_first() else { break };
        rest = after;
        match byte {
            b'"' => out.literal(b"\\\""),
            b'\\' => out.literal(b"\\\\"),
            b'\t' => out.literal(b"\\t"),
            0..0x20 => {
                let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
                out.literal(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => {
                let valid = valid_prefix(strange);
                if valid.is_empty() {
                    out.literal(&[0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)]);
                } else {
                    out.extend(valid);
                    rest = strange.get(valid.len()..).unwrap_or_default();
                }
            }
        }
        place = find(rest, odd);
    }
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

/// Writes a member that is a number: `head`, such as `,"name":`, then `digits` without leading zeros, or `null`
/// if there are none.
#[inline]
pub fn number<const N: usize>(out: &mut Buffer, head: &[u8; N], digits: &[u8]) {
    out.literal(head);
    if digits.is_empty() {
        out.extend(b"null");
        return;
    }
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count().min(digits.len() - 1);
    out.extend(digits.get(zeros..).unwrap_or_default());
}
