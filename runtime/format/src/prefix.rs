mod error;
mod pair;
mod parse;
mod pattern;

pub use error::{PrefixError, Problem};
pub use pair::Prefixes;

use crate::Moment;
use pattern::Pattern;

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
}

/// The beginning of a key, with expressions in it that are evaluated anew for each object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Timestamp(Pattern),
    RandomString,
    ErrorOutputType,
}

impl Prefix {
    /// Reads the text of a prefix. A destination's prefix without any expression gets `yyyy/MM/dd/HH/` at
    /// its end, without a slash between; an error output's without one is used as it stands.
    ///
    /// Whether two prefixes fit each other is for [`Prefixes::parse`] to say.
    pub fn parse(text: &str, role: Role) -> Result<Self, PrefixError> {
        Ok(parse::parse(text, role)?.into_prefix(role))
    }

    /// The prefix of an object whose oldest record arrived at `moment`. `error_type` is what an object of
    /// the error output holds. `random` is called for each character that is to be random.
    pub fn evaluate(
        &self,
        moment: &Moment,
        error_type: Option<&str>,
        random: &mut dyn FnMut() -> u64,
    ) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Timestamp(pattern) => pattern.write(moment, &mut out),
                Part::RandomString => push_random(&mut out, random),
                Part::ErrorOutputType => out.push_str(error_type.unwrap_or_default()),
            }
        }
        out
    }

    /// The most bytes that it can come out as.
    fn longest(&self) -> usize {
        let longest = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Timestamp(pattern) => pattern.longest(),
            Part::RandomString => RANDOM_CHARACTERS,
            Part::ErrorOutputType => MAX_ERROR_TYPE_BYTES,
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
