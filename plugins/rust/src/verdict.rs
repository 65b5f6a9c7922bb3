use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// What became of a record that did not fail.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has outputs: what [`Outputs::emit`](crate::Outputs::emit) returns. It cannot be made by hand.
    Emitted(Emitted),
    /// It is left out on purpose. Outputs that it has already are withdrawn.
    Dropped,
}

impl Verdict {
    /// The same as `Verdict::Dropped`.
    pub fn dropped() -> Self {
        Self::Dropped
    }
}

/// Proof that something was emitted.
#[derive(Debug, PartialEq, Eq)]
pub struct Emitted(());

impl Emitted {
    pub(crate) fn verdict() -> Verdict {
        Verdict::Emitted(Self(()))
    }
}

/// Why a record failed. It goes to the error output with its source bytes; the other records go on.
///
/// Every error converts into a failure with the code `error`, so `?` works. [`OrFail::or_fail`] gives it a
/// better code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    code: Cow<'static, str>,
    message: String,
}

impl Failure {
    /// A failure with a short word for machines, such as `not-json`, and a sentence for people.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// The same failure under another code.
    #[must_use]
    pub fn with_code(self, code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), ..self }
    }

    /// The short word for machines.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    #[cfg(target_arch = "wasm32")]
    pub(crate) fn into_parts(self) -> (String, String) {
        (self.code.into_owned(), self.message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

// A failure is no `Error` itself, or this would collide with `From<T> for T`.
impl<E: Error> From<E> for Failure {
    #[cold]
    fn from(error: E) -> Self {
        Self::new("error", error.to_string())
    }
}

/// Turns an error into a [`Failure`] with a code: `serde_json::from_slice(bytes).or_fail("not-json")?`.
pub trait OrFail<T> {
    /// The value, or a failure with this code and the error's message.
    fn or_fail(self, code: &'static str) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> OrFail<T> for Result<T, E> {
    #[inline]
    fn or_fail(self, code: &'static str) -> Result<T, Failure> {
        self.map_err(|error| error.into().with_code(code))
    }
}
