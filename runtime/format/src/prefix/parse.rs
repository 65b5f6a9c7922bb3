use std::ops::Range;

use super::error::{PrefixError, Problem};
use super::pattern::Pattern;
use super::{KeySource, MAX_PREFIX_BYTES, MAX_PREFIX_TEXT_BYTES, Part, PartitionKey, Prefix, Role};

/// What a text says, before anything is added to it.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    parts: Vec<Part>,
    keys: Vec<PartitionKey>,
    /// The number of the key in each expression of one, and where that stands.
    uses: Vec<(usize, Range<usize>)>,
    /// Where its first expression stands.
    pub(super) expression: Option<Range<usize>>,
}

impl Parsed {
    /// Each use of a partition key, and where it stands.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&PartitionKey, Range<usize>)> {
        self.uses.iter().filter_map(|(number, range)| Some((self.keys.get(*number)?, range.clone())))
    }

    /// The prefix that was read from `text`.
    pub(super) fn into_prefix(mut self, text: &str, role: Role) -> Prefix {
        if role != Role::ErrorOutput && self.expression.is_none() {
            self.parts.push(Part::Timestamp(Pattern::default()));
        }
        Prefix { text: text.to_owned(), parts: self.parts, keys: self.keys }
    }
}

/// Reads `text` by the rules of `role`.
pub(super) fn parse(text: &str, role: Role) -> Result<Parsed, PrefixError> {
    let refuse = |range: Range<usize>, problem| PrefixError::new(role, range, problem);
    if text.len() > MAX_PREFIX_TEXT_BYTES {
        return Err(refuse(0..text.len(), Problem::TextTooLong { bytes: text.len() }));
    }
    let (mut keys, mut uses) = (Vec::new(), Vec::new());
    let mut parts = Vec::new();
    let mut expression = None;
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once("!{") {
        let start = text.len() - rest.len() + literal.len();
        let (inside, behind) = after.split_once('}').unwrap_or((after, ""));
        let end = text.len() - behind.len();
        // The end of the text, or of another expression, is not the end of this one.
        if let Some((cut, _)) = inside.split_once("!{") {
            return Err(refuse(start..start + 2 + cut.len(), Problem::NotClosed));
        }
        if inside.len() == after.len() {
            return Err(refuse(start..end, Problem::NotClosed));
        }
        push_literal(&mut parts, literal);
        parts.push(match read(inside, start..end, role)? {
            Expression::Part(part) => part,
            Expression::Key(key) => {
                let number = keys.iter().position(|known| *known == key).unwrap_or(keys.len());
                if number == keys.len() {
                    keys.push(key);
                }
                uses.push((number, start..end));
                Part::Key(number)
            }
        });
        expression.get_or_insert(start..end);
        rest = behind;
    }
    push_literal(&mut parts, rest);

    if role == Role::ErrorOutput
        && let Some(range) = &expression
        && !parts.contains(&Part::ErrorOutputType)
    {
        return Err(refuse(range.clone(), Problem::NoErrorType));
    }
    let parsed = Parsed { parts, keys, uses, expression };
    let bytes = parsed.clone().into_prefix(text, role).longest();
    if bytes > MAX_PREFIX_BYTES {
        return Err(refuse(0..text.len(), Problem::TooLong { bytes }));
    }
    Ok(parsed)
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(text.to_owned()));
    }
}

/// What an expression says.
enum Expression {
    Part(Part),
    Key(PartitionKey),
}

/// Reads the expression that has `inside` between its braces and stands at `whole` in the prefix.
fn read(inside: &str, whole: Range<usize>, role: Role) -> Result<Expression, PrefixError> {
    let refuse = |range: Range<usize>, problem| Err(PrefixError::new(role, range, problem));
    let at = whole.start + 2;
    let Some((namespace, value)) = inside.split_once(':') else {
        return refuse(whole, Problem::NoValue { text: inside.to_owned() });
    };
    let value_at = at + namespace.len() + 1;
    if let Some(source) = KeySource::of(namespace) {
        let namespace = namespace.to_owned();
        return match role {
            Role::ErrorOutput => refuse(whole, Problem::PartitionKeyInErrorOutput { namespace }),
            Role::Backup => refuse(whole, Problem::PartitionKeyInBackup { namespace }),
            Role::Destination if value.is_empty() => refuse(whole, Problem::NoKeyName { namespace }),
            Role::Destination => Ok(Expression::Key(PartitionKey { source, name: value.to_owned() })),
        };
    }
    match (namespace, value) {
        ("timestamp", _) => match Pattern::parse(value) {
            Ok(pattern) => Ok(Expression::Part(Part::Timestamp(pattern))),
            // An empty pattern has no bytes to point at.
            Err((_, problem @ Problem::EmptyPattern)) => refuse(whole, problem),
            Err((range, problem)) => refuse(value_at + range.start..value_at + range.end, problem),
        },
        ("firehose", "random-string") => Ok(Expression::Part(Part::RandomString)),
        ("firehose", "error-output-type") => match role {
            Role::ErrorOutput => Ok(Expression::Part(Part::ErrorOutputType)),
            Role::Destination | Role::Backup => refuse(whole, Problem::ErrorTypeInDestination),
        },
        ("firehose", _) if value.is_empty() => refuse(whole, Problem::NoValue { text: inside.to_owned() }),
        ("firehose", _) => {
            refuse(value_at..value_at + value.len(), Problem::Value { value: value.to_owned() })
        }
        _ if namespace.is_empty() => refuse(whole, Problem::NoValue { text: inside.to_owned() }),
        _ => refuse(at..at + namespace.len(), Problem::Namespace { namespace: namespace.to_owned() }),
    }
}
