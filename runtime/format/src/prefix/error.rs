use std::ops::Range;

use standpipe_record::Kind;

use super::{KeySource, MAX_PREFIX_BYTES, MAX_PREFIX_TEXT_BYTES, Role};
use crate::quoted::quoted;

mod help;

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
    /// A partition key has no name.
    #[error("`{namespace}` names no partition key")]
    NoKeyName {
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
    /// Partition keys cannot stand in the prefix of a backup.
    #[error("`{namespace}` cannot stand in the prefix of a backup: a record is backed up before it has keys")]
    PartitionKeyInBackup {
        /// The namespace.
        namespace: String,
    },
    /// A prefix has partition keys, and the destination no partitioning.
    #[error("`{namespace}` needs partitioning, which the destination does not have")]
    KeyWithoutPartitioning {
        /// The namespace.
        namespace: String,
    },
    /// There is nothing that a partition key could come from.
    #[error("`{namespace}` has no keys: {}", lacks(*.wanted))]
    KeyWithoutSource {
        /// The namespace.
        namespace: String,
        /// What the key should come from.
        wanted: KeySource,
    },
    /// The destination has partitioning, and its prefix no partition key.
    #[error("the destination has partitioning, and its prefix no partition key")]
    NoKey,
    /// The destination has partitioning, and the error output no prefix.
    #[error("partitioning needs an error output prefix")]
    NoErrorOutputPrefixForKeys,
    /// A destination's objects have no error type, nor have a backup's.
    #[error("`firehose:error-output-type` has no value outside the error output")]
    ErrorTypeInDestination,
    /// The error output's prefix has expressions, but not this one.
    #[error("an error output prefix with expressions must have `!{{firehose:error-output-type}}` in it")]
    NoErrorType,
    /// The destination's prefix has expressions, and the error output has no prefix.
    #[error("a prefix with expressions needs an error output prefix beside it")]
    NoErrorOutputPrefix,
    /// Its text is too long.
    #[error("the text of the prefix has {bytes} bytes; the limit is {MAX_PREFIX_TEXT_BYTES}")]
    TextTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The error output's prefix, made from the destination's, can come out too long.
    #[error(
        "the prefix of the error output, made from this one, can come out as {bytes} bytes; the limit is {MAX_PREFIX_BYTES}"
    )]
    ErrorOutputTooLong {
        /// The most bytes that it can have.
        bytes: usize,
    },
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
    /// A date pattern has a letter that Java's versions do not print alike.
    #[error("`{run}` cannot be used in a date pattern: {reason}")]
    Differs {
        /// The letter, as often as it stands there.
        run: String,
        /// What it would print.
        reason: &'static str,
    },
    /// A letter of a date pattern is repeated too often, or too seldom.
    #[error("the letter `{letter}` stands {count} times in a row; a date pattern takes {takes}")]
    Count {
        /// The letter.
        letter: char,
        /// How often it stands there.
        count: usize,
        /// How often it may, in words.
        takes: &'static str,
    },
    /// A `p` is not followed by a letter to pad.
    #[error("the letter `p` pads the field behind it, and there is none")]
    NothingToPad,
    /// A field can come out longer than it is padded to, which Java takes for an error then.
    #[error("`{run}` pads to {width} {} what can have {longest}", if *.width == 1 { "character" } else { "characters" })]
    PadTooNarrow {
        /// The letters.
        run: String,
        /// How often the `p` stands there.
        width: usize,
        /// How many characters the field can have.
        longest: usize,
    },
    /// A date pattern ends an optional section that it did not begin.
    #[error("`]` ends an optional section, and there is no `[` before it")]
    NoSection,
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

/// What is missing that keys could come from.
fn lacks(source: KeySource) -> &'static str {
    match source {
        KeySource::Query => "the partitioning has no query",
        KeySource::Plugin => "the stream has no plugin",
    }
}
