//! Records with a separator between them.

use memchr::memmem::Finder;
use standpipe_record::Kind;

use super::{MAX_SUB_RECORDS, Parts};

/// The longest separator, in bytes. Firehose says none; the bound is ours.
pub const MAX_SEPARATOR_BYTES: usize = 1_024;

/// A separator that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a separator has 1 to {MAX_SEPARATOR_BYTES} bytes, this one has {bytes}; give one of them, such as `\\n`"
)]
pub struct SeparatorError {
    /// How many bytes it has.
    pub bytes: usize,
}

impl SeparatorError {
    /// Always [`Kind::Invalid`].
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// The bytes between two records, 1 to [`MAX_SEPARATOR_BYTES`] of them.
#[derive(Debug, Clone)]
pub struct Separator(Box<Finder<'static>>);

impl Separator {
    /// A separator of these bytes, if there may be one.
    pub fn new(bytes: &[u8]) -> Result<Self, SeparatorError> {
        if bytes.is_empty() || bytes.len() > MAX_SEPARATOR_BYTES {
            return Err(SeparatorError { bytes: bytes.len() });
        }
        Ok(Self(Box::new(Finder::new(bytes).into_owned())))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.needle()
    }
}

impl PartialEq for Separator {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Separator {}

/// Adds what is between the separators of `bytes` to `parts`, unless it is nothing.
pub(super) fn split(bytes: &[u8], separator: &Separator, parts: &mut Parts) {
    let mark = parts.mark();
    let mut rest = bytes;
    loop {
        let (part, behind) = match separator.0.find(rest) {
            Some(at) => rest.split_at(at),
            None => (rest, &[][..]),
        };
        if !part.is_empty() {
            if parts.since(mark) == MAX_SUB_RECORDS {
                parts.back_to(mark);
                break;
            }
            parts.push(part);
        }
        match behind.get(separator.as_bytes().len()..) {
            Some(behind) => rest = behind,
            None => break,
        }
    }
    if parts.since(mark) == 0 {
        parts.push(bytes);
    }
}
