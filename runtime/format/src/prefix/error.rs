use std::ops::Range;

use standpipe_record::Kind;

use super::pattern::LETTERS;
use super::{MAX_PREFIX_BYTES, Role};

/// A prefix that cannot be used: what is wrong, and with which bytes of its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {}", .problem.help())]
pub struct PrefixError {
    role: Role,
    range: Range<usize>,
    problem: Problem,
}

impl PrefixError {
    pub(super) fn new(role: Role, range: Range<usize>, problem: Problem) -> Self {
        Self { role, range, problem }
    }

    /// Which prefix of a destination it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The bytes of the prefix's text that are wrong.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is wrong. Its text is one sentence; this error's own has the help behind it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        self.problem.help()
    }

    /// A prefix has to be mended by who wrote it.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// What may be wrong with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// An expression has no end.
    #[error("the expression that begins with `!{{` is not closed")]
    NotClosed,
    /// An expression has no namespace or no value.
    #[error("{} is not of the form `namespace:value`", quoted(.text))]
    NoValue {
        /// What stands between the braces.
        text: String,
    },
    /// There is no such namespace.
    #[error("there is no namespace {}", quoted(.namespace))]
    Namespace {
        /// Its name.
        namespace: String,
    },
    /// The namespace `firehose` has no such value.
    #[error("`firehose` has no value {}", quoted(.value))]
    Value {
        /// The value.
        value: String,
    },
    /// Partition keys are for a later version.
    #[error("`{namespace}` is not in this version")]
    PartitionKey {
        /// The namespace.
        namespace: String,
    },
    /// Partition keys cannot stand in the error output's prefix.
    #[error(
        "`{namespace}` cannot stand in the prefix of the error output: a record may fail before it has keys"
    )]
    PartitionKeyInErrorOutput {
        /// The namespace.
        namespace: String,
    },
    /// A destination's objects have no error type.
    #[error("`firehose:error-output-type` has no value outside the error output")]
    ErrorTypeInDestination,
    /// The error output's prefix has expressions, but not this one.
    #[error("an error output prefix with expressions must have `!{{firehose:error-output-type}}` in it")]
    NoErrorType,
    /// The destination's prefix has expressions, and the error output has no prefix.
    #[error("a prefix with expressions needs an error output prefix beside it")]
    NoErrorOutputPrefix,
    /// It can come out too long.
    #[error("the prefix can come out as {bytes} bytes; the limit is {MAX_PREFIX_BYTES}")]
    TooLong {
        /// The most bytes that it can have.
        bytes: usize,
    },
    /// There is no date pattern.
    #[error("`timestamp` has an empty date pattern")]
    EmptyPattern,
    /// A date pattern has a letter that means nothing here.
    #[error("the letter `{letter}` cannot be used in a date pattern")]
    Letter {
        /// The letter.
        letter: char,
    },
    /// A letter of a date pattern is repeated too often, or too seldom.
    #[error("the letter `{letter}` stands {count} times in a row; a date pattern takes {}", counts(*.letter, *.most))]
    Count {
        /// The letter.
        letter: char,
        /// How often it stands there.
        count: usize,
        /// How often it may.
        most: usize,
    },
    /// A date pattern has a character that is reserved.
    #[error("`{character}` is reserved in date patterns")]
    Reserved {
        /// The character.
        character: char,
    },
    /// Quoted text in a date pattern has no end.
    #[error("the text that begins with a single quote has no quote at its end")]
    QuoteNotClosed,
}

impl Problem {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NotClosed => "close it with `}`; `!{` begins an expression and nothing else".to_owned(),
            Self::NoValue { .. } => "write `!{timestamp:yyyy/MM/dd}`, for example".to_owned(),
            Self::Namespace { namespace } => {
                match ["timestamp", "firehose"].into_iter().find(|known| same(known, namespace)) {
                    Some(known) => format!("write `{known}`"),
                    None => "write `timestamp` or `firehose`".to_owned(),
                }
            }
            Self::Value { value } => {
                let known = ["random-string", "error-output-type"];
                match known.into_iter().find(|known| same(known, value)) {
                    Some(known) => format!("write `{known}`"),
                    None => "write `random-string` or `error-output-type`".to_owned(),
                }
            }
            Self::PartitionKey { .. } => "remove it; objects are parted by time alone so far".to_owned(),
            Self::PartitionKeyInErrorOutput { .. } => "remove it".to_owned(),
            Self::ErrorTypeInDestination => "move it to the error output prefix".to_owned(),
            Self::NoErrorType => "add `!{firehose:error-output-type}/`".to_owned(),
            Self::NoErrorOutputPrefix => {
                "add `error_output_prefix = \"failed/!{firehose:error-output-type}/\"`".to_owned()
            }
            Self::TooLong { .. } => "shorten it".to_owned(),
            Self::EmptyPattern => "write `!{timestamp:yyyy/MM/dd}`, for example".to_owned(),
            Self::Letter { letter: 'Y' } => {
                "write `yyyy`: `Y` is the year that a week belongs to, another one around New Year".to_owned()
            }
            Self::Letter { .. } => {
                format!("use {LETTERS}, and put other text in single quotes, as in `'year='yyyy`")
            }
            Self::Count { .. } => "write it as often as that".to_owned(),
            Self::Reserved { .. } => "put it in single quotes".to_owned(),
            Self::QuoteNotClosed => "close it, or write two single quotes for one".to_owned(),
        }
    }
}

/// Whether somebody who wrote `text` meant `known`.
fn same(known: &str, text: &str) -> bool {
    text.trim().replace('_', "-").eq_ignore_ascii_case(known)
}

/// How often `letter` may stand in a row, in words.
fn counts(letter: char, most: usize) -> String {
    match (letter, most) {
        ('V', _) => "exactly 2".to_owned(),
        (_, 1) => "1".to_owned(),
        _ => format!("1 to {most}"),
    }
}

/// `text` for a message: in backticks, control characters escaped, cut short.
fn quoted(text: &str) -> String {
    const MOST: usize = 80;
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(MOST).flat_map(char::escape_debug).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("`{shown}{more}`")
}
