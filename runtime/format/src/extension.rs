use standpipe_record::Kind;

use crate::quoted::quoted;

/// The most bytes that an extension may have, as in Firehose.
pub const MAX_EXTENSION_BYTES: usize = 128;

/// What keys end in instead of the compression's extension: a dot, then small letters, digits and
/// ``! - _ . * ' ( )``. The bytes of objects are the same with any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Extension(String);

impl Extension {
    /// Reads an extension. An empty one counts as none.
    pub fn parse(text: &str) -> Result<Option<Self>, ExtensionError> {
        if text.is_empty() {
            return Ok(None);
        }
        let problem = |problem: fn(String) -> ExtensionError| Err(problem(text.to_owned()));
        if text.len() > MAX_EXTENSION_BYTES {
            return Err(ExtensionError::TooLong { bytes: text.len() });
        }
        let Some(rest) = text.strip_prefix('.') else { return problem(ExtensionError::NoDot) };
        if rest.is_empty() {
            return problem(ExtensionError::OnlyDot);
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "!-_.*'()".contains(c);
        match rest.chars().find(|c| !fits(*c)) {
            Some(character) => Err(ExtensionError::Character { text: text.to_owned(), character }),
            None => Ok(Some(Self(text.to_owned()))),
        }
    }

    /// Its text, dot included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An extension that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtensionError {
    /// It is too long.
    #[error("the extension has {bytes} bytes; the limit is {MAX_EXTENSION_BYTES}; shorten it")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It does not begin with a dot.
    #[error("the extension {} does not begin with a dot; write {}", quoted(.0), quoted(&format!(".{}", .0)))]
    NoDot(String),
    /// It is a dot alone.
    #[error("the extension {} is a dot alone; write what follows it, or remove it", quoted(.0))]
    OnlyDot(String),
    /// It has a character that Firehose does not take.
    #[error("the extension {} has {} in it; use a to z, 0 to 9 and ! - _ . * ' ( )", quoted(.text), quoted(&.character.to_string()))]
    Character {
        /// The extension.
        text: String,
        /// The first such character.
        character: char,
    },
}

impl ExtensionError {
    /// An extension has to be mended by who wrote it.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}
