use standpipe_record::Kind;

use super::{MAX_PREFIX_BYTES, Part, PartitionKey, Prefix};
use crate::quoted::quoted;

/// Why the values of partition keys make no prefix. It concerns the records that have these values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// There are not as many values as keys.
    #[error("the prefix has {keys} partition keys; {values} values were given")]
    Count {
        /// How many keys the prefix has.
        keys: usize,
        /// How many values there are.
        values: usize,
    },
    /// A value is empty.
    #[error("the partition key {} is empty", quoted(.key))]
    Empty {
        /// The key's name.
        key: String,
    },
    /// A value is not UTF-8.
    #[error("the partition key {} is {}, which is not UTF-8", quoted(.key), quoted(.value))]
    NotUtf8 {
        /// The key's name.
        key: String,
        /// Its value; what cannot be shown is replaced.
        value: String,
    },
    /// A value has a control character in it.
    #[error("the partition key {} is {}, which has control characters in it", quoted(.key), quoted(.value))]
    Control {
        /// The key's name.
        key: String,
        /// Its value.
        value: String,
    },
    /// A value makes a step of the path that leads nowhere, or out of it.
    #[error("the partition key {} is {}, with which the prefix has a segment `{segment}`", quoted(.key), quoted(.value))]
    Segment {
        /// The key's name: the first of those that are part of the segment.
        key: String,
        /// Its value.
        value: String,
        /// `.` or `..`
        segment: &'static str,
    },
    /// The prefix can come out too long.
    #[error("the partition key {} is {} long; with it the prefix can come out as {bytes} bytes; the limit is {MAX_PREFIX_BYTES}", quoted(.key), bytes_of(*.value_bytes))]
    TooLong {
        /// The name of the key that has the longest value.
        key: String,
        /// The length of that value, in bytes.
        value_bytes: usize,
        /// The most bytes that the prefix can have.
        bytes: usize,
    },
}

impl KeyProblem {
    /// The records fail; others go on.
    pub fn kind(&self) -> Kind {
        Kind::Reject
    }
}

fn bytes_of(count: usize) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{count} bytes") }
}

impl Prefix {
    /// Whether `values`, in the order of [`keys`](Self::keys), make a prefix at any time: text without control
    /// characters that is within [`MAX_PREFIX_BYTES`] and has no segment `.` or `..`. A value may hold `/`.
    ///
    /// An empty value is refused as one that is missing would be: it would part off the records that have
    /// none under a key with `//` in it, or one that begins with `/`, and those are what readers of folders
    /// and of Hive's layout make another path of.
    ///
    /// This is for each new partition, not for each record.
    pub fn check(&self, values: &[&[u8]]) -> Result<(), KeyProblem> {
        let keys = &self.keys;
        if keys.len() != values.len() {
            return Err(KeyProblem::Count { keys: keys.len(), values: values.len() });
        }
        let texts = keys.iter().zip(values).map(|(key, value)| text(key, value));
        let texts = texts.collect::<Result<Vec<&str>, KeyProblem>>()?;
        self.check_segments(&texts)?;
        self.check_length(&texts)
    }

    /// Goes through the prefix segment by segment. The last one is not whole: the object's name follows.
    fn check_segments(&self, texts: &[&str]) -> Result<(), KeyProblem> {
        let mut segment = String::new();
        let mut first_key = None;
        for part in &self.parts {
            let (text, key) = match part {
                Part::Literal(text) => (text.clone(), None),
                Part::Timestamp(pattern) => (pattern.shape(), None),
                // Letters and digits, never a dot.
                Part::RandomString | Part::ErrorOutputType => ("x".to_owned(), None),
                Part::Key(number) => {
                    (texts.get(*number).copied().unwrap_or_default().to_owned(), Some(*number))
                }
            };
            let mut pieces = text.split('/').peekable();
            while let Some(piece) = pieces.next() {
                segment.push_str(piece);
                first_key = first_key.or(key);
                if pieces.peek().is_none() {
                    break;
                }
                let special = [".", ".."].into_iter().find(|special| *special == segment);
                if let (Some(segment), Some(number)) = (special, first_key)
                    && let (Some(key), Some(value)) = (self.keys.get(number), texts.get(number))
                {
                    let (key, value) = (key.name.clone(), (*value).to_owned());
                    return Err(KeyProblem::Segment { key, value, segment });
                }
                segment.clear();
                first_key = None;
            }
        }
        Ok(())
    }

    fn check_length(&self, texts: &[&str]) -> Result<(), KeyProblem> {
        let of_key = |part: &Part| match part {
            Part::Key(number) => texts.get(*number).map_or(0, |text| text.len()),
            _ => 0,
        };
        let bytes = self.longest() + self.parts.iter().map(of_key).sum::<usize>();
        if bytes <= MAX_PREFIX_BYTES {
            return Ok(());
        }
        let longest = self.keys.iter().zip(texts).max_by_key(|(_, text)| text.len());
        let (key, value_bytes) =
            longest.map_or_else(Default::default, |(key, text)| (key.name.clone(), text.len()));
        Err(KeyProblem::TooLong { key, value_bytes, bytes })
    }
}

/// The value of `key` as text.
fn text<'a>(key: &PartitionKey, value: &'a [u8]) -> Result<&'a str, KeyProblem> {
    let key = || key.name.clone();
    match str::from_utf8(value) {
        Err(_) => Err(KeyProblem::NotUtf8 { key: key(), value: String::from_utf8_lossy(value).into_owned() }),
        Ok("") => Err(KeyProblem::Empty { key: key() }),
        Ok(text) if text.contains(char::is_control) => {
            Err(KeyProblem::Control { key: key(), value: text.to_owned() })
        }
        Ok(text) => Ok(text),
    }
}
