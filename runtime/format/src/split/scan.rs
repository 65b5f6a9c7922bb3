//! JSON, read only for where a value ends and whether it is one (RFC 8259). Nothing is decoded, nothing is
//! kept but one bit for each level, so neither depth nor length costs memory.

use std::fmt;

/// How many levels of objects and arrays a document may have: the bits of the stack. Of the parsers that come
/// later, serde_json stops at 127 levels, Jackson (Firehose's own) at 1,000.
pub(super) const MAX_DEPTH: u32 = u128::BITS;

/// Why the bytes are no JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// They end in it.
    End,
    /// Byte `found` is where something else should be.
    Unexpected { found: u8, wanted: &'static str },
    /// It has more levels than [`MAX_DEPTH`].
    Deep,
    /// They are no UTF-8.
    Utf8,
}

/// A fault, and the offset at which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: usize,
    pub(super) fault: Fault,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.fault {
            Fault::End => write!(f, "it ends at byte {at} in the middle of a value"),
            Fault::Unexpected { found, wanted } => {
                write!(f, "byte {at} is `{}` where {wanted} should be", found.escape_ascii())
            }
            Fault::Deep => {
                write!(f, "byte {at} opens level {} of a document, which may have {MAX_DEPTH}", MAX_DEPTH + 1)
            }
            Fault::Utf8 => write!(f, "byte {at} is not UTF-8"),
        }
    }
}

/// The offset behind the value that begins at `start`, white space before it allowed.
pub(super) fn value(bytes: &[u8], start: usize) -> Result<usize, Problem> {
    let mut at = start;
    let mut depth = 0;
    // The lowest bit is the innermost level: set for an object, clear for an array.
    let mut objects: u128 = 0;
    loop {
        at = blank(bytes, at);
        match bytes.get(at) {
            Some(b'"') => at = string(bytes, at + 1)?,
            Some(&open @ (b'{' | b'[')) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(Problem { at, fault: Fault::Deep });
                }
                let object = open == b'{';
                objects = objects << 1 | u128::from(object);
                at = blank(bytes, at + 1);
                match (object, bytes.get(at)) {
                    // Empty: the bracket is met again below.
                    (true, Some(b'}')) | (false, Some(b']')) => {}
                    (true, _) => {
                        at = key(bytes, at)?;
                        continue;
                    }
                    (false, _) => continue,
                }
            }
            Some(b'-' | b'0'..=b'9') => at = number(bytes, at)?,
            Some(b't') => at = word(bytes, at, b"true")?,
            Some(b'f') => at = word(bytes, at, b"false")?,
            Some(b'n') => at = word(bytes, at, b"null")?,
            _ => return Err(unexpected(bytes, at, "a value")),
        }
        loop {
            if depth == 0 {
                return Ok(at);
            }
            at = blank(bytes, at);
            let object = objects & 1 == 1;
            match (bytes.get(at), object) {
                (Some(b','), true) => {
                    at = key(bytes, blank(bytes, at + 1))?;
                    break;
                }
                (Some(b','), false) => {
                    at += 1;
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    depth -= 1;
                    objects >>= 1;
                }
                (_, true) => return Err(unexpected(bytes, at, "`,` or `}`")),
                (_, false) => return Err(unexpected(bytes, at, "`,` or `]`")),
            }
        }
    }
}

/// The first offset from `at` on that is not white space.
#[inline]
pub(super) fn blank(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

#[cold]
fn unexpected(bytes: &[u8], at: usize, wanted: &'static str) -> Problem {
    let fault = match bytes.get(at) {
        Some(&found) => Fault::Unexpected { found, wanted },
        None => Fault::End,
    };
    Problem { at, fault }
}

/// A name and the colon behind it.
#[inline]
fn key(bytes: &[u8], at: usize) -> Result<usize, Problem> {
    let Some(b'"') = bytes.get(at) else { return Err(unexpected(bytes, at, "a name in quotes")) };
    let at = blank(bytes, string(bytes, at + 1)?);
    let Some(b':') = bytes.get(at) else { return Err(unexpected(bytes, at, "`:`")) };
    Ok(at + 1)
}

/// The rest of a string whose opening quote is before `at`.
#[inline]
fn string(bytes: &[u8], mut at: usize) -> Result<usize, Problem> {
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at + 1)?,
            _ => return Err(unexpected(bytes, at, "an escaped control character")),
        }
    }
}

/// The first offset from `at` on with a quote, a backslash or a control character.
#[inline]
fn plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // Eight bytes at once. A borrow can only mark bytes behind one that is marked rightly, so the first is.
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let eight = u64::from_le_bytes(*eight);
        let quote = eight ^ (ONES * b'"' as u64);
        let backslash = eight ^ (ONES * b'\\' as u64);
        let control = eight.wrapping_sub(ONES * 0x20) & !eight;
        let quote = quote.wrapping_sub(ONES) & !quote;
        let backslash = backslash.wrapping_sub(ONES) & !backslash;
        let marks = (control | quote | backslash) & HIGH;
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(0x20..=0x21 | 0x23..=0x5b | 0x5d..) = bytes.get(at) {
        at += 1;
    }
    at
}

/// What follows a backslash.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Problem> {
    match bytes.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for digit in at + 1..at + 5 {
                if !bytes.get(digit).is_some_and(u8::is_ascii_hexdigit) {
                    return Err(unexpected(bytes, digit, "a hexadecimal digit"));
                }
            }
            Ok(at + 5)
        }
        _ => Err(unexpected(bytes, at, "an escape")),
    }
}

fn number(bytes: &[u8], mut at: usize) -> Result<usize, Problem> {
    if let Some(b'-') = bytes.get(at) {
        at += 1;
    }
    at = match bytes.get(at) {
        Some(b'0') => at + 1,
        _ => digits(bytes, at)?,
    };
    if let Some(b'.') = bytes.get(at) {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        at = digits(bytes, at + 1 + usize::from(signed))?;
    }
    Ok(at)
}

/// One digit or more.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Problem> {
    let mut at = start;
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    if at == start { Err(unexpected(bytes, at, "a digit")) } else { Ok(at) }
}

fn word(bytes: &[u8], start: usize, word: &[u8]) -> Result<usize, Problem> {
    for (at, letter) in (start..).zip(word) {
        if bytes.get(at) != Some(letter) {
            return Err(unexpected(bytes, at, "`true`, `false` or `null`"));
        }
    }
    Ok(start + word.len())
}
