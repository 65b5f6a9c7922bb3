mod check;
mod error;
mod key;
mod pair;
mod parse;
mod pattern;

pub use check::KeyProblem;
pub use error::{PrefixError, Problem};
pub use key::{KeySource, PartitionKey};
pub use pair::{Partitioning, Prefixes};

use crate::{Moment, What};
use pattern::Pattern;

/// The most bytes that the text of a prefix may have, as in Firehose.
pub const MAX_PREFIX_TEXT_BYTES: usize = 1_024;

/// The most bytes that a prefix may come out as.
pub const MAX_PREFIX_BYTES: usize = 512;

/// How many characters `!{firehose:random-string}` comes out as.
const RANDOM_CHARACTERS: usize = 11;

/// The longest error type there is is `AmazonOpenSearchService-failed`.
const MAX_ERROR_TYPE_BYTES: usize = 30;

/// What a prefix is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Objects of the destination: `prefix`.
    Destination,
    /// Objects of the error output: `error_output_prefix`.
    ErrorOutput,
    /// Objects of a backup, which holds records as they came in.
    Backup,
}

/// The beginning of a key, with expressions in it that are evaluated anew for each object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    text: String,
    parts: Vec<Part>,
    /// Distinct, in the order of their first use.
    keys: Vec<PartitionKey>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Timestamp(Pattern),
    RandomString,
    ErrorOutputType,
    /// The value of the partition key of this number.
    Key(usize),
}

impl Prefix {
    /// Reads the text of a prefix. The prefix of a destination or a backup without any expression gets
    /// `yyyy/MM/dd/HH/` at its end, without a slash between; an error output's without one is used as it
    /// stands. A destination's may have any partition keys, the others none.
    ///
    /// Whether two prefixes fit each other, and the keys the stream, is for [`Prefixes::parse`] to say.
    pub fn parse(text: &str, role: Role) -> Result<Self, PrefixError> {
        Ok(parse::parse(text, role)?.into_prefix(text, role))
    }

    /// The text that it was read from. Read again for the same role, it is the same prefix.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The partition keys in it, each once, in the order of their first use.
    pub fn keys(&self) -> &[PartitionKey] {
        &self.keys
    }

    /// The prefix of an object whose oldest record arrived at `moment`. `what` has the values of
    /// [`keys`](Self::keys) in their order, or the error type; what it lacks comes out as nothing. `random`
    /// is called for each character that is to be random.
    ///
    /// It comes out within [`MAX_PREFIX_BYTES`] if [`check`](Self::check) took the values.
    pub fn evaluate(&self, moment: &Moment, what: What<'_>, random: &mut dyn FnMut() -> u64) -> String {
        let (values, error_type) = match what {
            What::Destination(values) => (values, ""),
            What::ErrorOutput(error_type) => (&[][..], error_type),
        };
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Timestamp(pattern) => pattern.write(moment, &mut out),
                Part::RandomString => push_random(&mut out, random),
                Part::ErrorOutputType => out.push_str(error_type),
                Part::Key(number) => out.push_str(values.get(*number).copied().unwrap_or_default()),
            }
        }
        out
    }

    /// The most bytes that it can come out as, without the values of its keys.
    fn longest(&self) -> usize {
        let longest = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Timestamp(pattern) => pattern.longest(),
            Part::RandomString => RANDOM_CHARACTERS,
            Part::ErrorOutputType => MAX_ERROR_TYPE_BYTES,
            Part::Key(_) => 0,
        };
        self.parts.iter().map(longest).sum()
    }
}

fn push_random(out: &mut String, random: &mut dyn FnMut() -> u64) {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for _ in 0..RANDOM_CHARACTERS {
        // The remainder favours no character by more than one in 2^58.
        let place = usize::try_from(random() % 62).unwrap_or_default();
        out.push(ALPHABET.get(place).copied().map_or('0', char::from));
    }
}
