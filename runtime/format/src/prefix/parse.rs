use std::ops::Range;

use super::error::{PrefixError, Problem};
use super::pattern::Pattern;
use super::{MAX_PREFIX_BYTES, Part, Prefix, Role};

/// What a text says, before anything is added to it.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) parts: Vec<Part>,
    /// Where its first expression stands.
    pub(super) expression: Option<Range<usize>>,
}

impl Parsed {
    pub(super) fn into_prefix(mut self, role: Role) -> Prefix {
        if role == Role::Destination && self.expression.is_none() {
            self.parts.push(Part::Timestamp(Pattern::default()));
        }
        Prefix { parts: self.parts }
    }
}

/// Reads `text` by the rules of `role`.
pub(super) fn parse(text: &str, role: Role) -> Result<Parsed, PrefixError> {
    let refuse = |range: Range<usize>, problem| PrefixError::new(role, range, problem);
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
        parts.push(read(inside, start..end, role)?);
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
    let parsed = Parsed { parts, expression };
    let bytes = parsed.clone().into_prefix(role).longest();
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

/// Reads the expression that has `inside` between its braces and stands at `whole` in the prefix.
fn read(inside: &str, whole: Range<usize>, role: Role) -> Result<Part, PrefixError> {
    let refuse = |range: Range<usize>, problem| Err(PrefixError::new(role, range, problem));
    let at = whole.start + 2;
    let Some((namespace, value)) = inside.split_once(':') else {
        return refuse(whole, Problem::NoValue { text: inside.to_owned() });
    };
    let value_at = at + namespace.len() + 1;
    match (namespace, value) {
        ("timestamp", _) => match Pattern::parse(value) {
            Ok(pattern) => Ok(Part::Timestamp(pattern)),
            // An empty pattern has no bytes to point at.
            Err((_, problem @ Problem::EmptyPattern)) => refuse(whole, problem),
            Err((range, problem)) => refuse(value_at + range.start..value_at + range.end, problem),
        },
        ("firehose", "random-string") => Ok(Part::RandomString),
        ("firehose", "error-output-type") => match role {
            Role::ErrorOutput => Ok(Part::ErrorOutputType),
            Role::Destination => refuse(whole, Problem::ErrorTypeInDestination),
        },
        ("firehose", _) if value.is_empty() => refuse(whole, Problem::NoValue { text: inside.to_owned() }),
        ("firehose", _) => {
            refuse(value_at..value_at + value.len(), Problem::Value { value: value.to_owned() })
        }
        ("partitionKeyFromQuery" | "partitionKeyFromLambda", _) => refuse(
            whole,
            match role {
                Role::Destination => Problem::PartitionKey { namespace: namespace.to_owned() },
                Role::ErrorOutput => Problem::PartitionKeyInErrorOutput { namespace: namespace.to_owned() },
            },
        ),
        _ if namespace.is_empty() => refuse(whole, Problem::NoValue { text: inside.to_owned() }),
        _ => refuse(at..at + namespace.len(), Problem::Namespace { namespace: namespace.to_owned() }),
    }
}
