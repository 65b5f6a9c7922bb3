use super::error::{PrefixError, Problem};
use super::parse::{Parsed, parse};
use super::{KeySource, PartitionKey, Prefix, Role};

/// What parts the outputs of a stream by keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitioning {
    /// Whether the partitioning has a query.
    pub query: bool,
    /// Whether the stream has a plugin.
    pub plugin: bool,
}

impl Partitioning {
    /// Whether keys can come from `source`.
    fn has(self, source: KeySource) -> bool {
        match source {
            KeySource::Query => self.query,
            KeySource::Plugin => self.plugin,
        }
    }
}

/// The two prefixes of a destination, which fit each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefixes {
    destination: Prefix,
    error_output: Prefix,
}

impl Prefixes {
    /// Reads both, or says everything that is wrong. An empty one counts as none.
    ///
    /// Without an error output prefix, keys of the error output begin with the destination's prefix, the
    /// error type, `/` and `yyyy/MM/dd/HH/`; if the destination's has expressions, one must be given.
    ///
    /// With `partitioning`, the destination's prefix must hold a partition key, and each that it holds must
    /// have a source; without, it must hold none.
    pub fn parse(
        prefix: Option<&str>,
        error_output_prefix: Option<&str>,
        partitioning: Option<Partitioning>,
    ) -> Result<Self, Vec<PrefixError>> {
        let prefix = prefix.unwrap_or_default();
        let given = error_output_prefix.filter(|text| !text.is_empty());
        let mut errors = Vec::new();
        let mut kept = |result: Result<Parsed, PrefixError>| result.map_err(|error| errors.push(error)).ok();
        let destination = kept(parse(prefix, Role::Destination));
        let error_output = given.and_then(|text| kept(parse(text, Role::ErrorOutput)));
        if let Some(destination) = &destination {
            let refuse = |range, problem| PrefixError::new(Role::Destination, range, problem);
            errors.extend(destination.keys().filter_map(|(key, range)| {
                let expression = prefix.get(range.clone()).unwrap_or_default();
                Some(refuse(range, key_problem(key, expression, partitioning)?))
            }));
            if partitioning.is_some() && destination.keys().next().is_none() {
                errors.push(refuse(0..prefix.len(), Problem::NoKey));
            }
            match &destination.expression {
                _ if given.is_some() => {}
                Some(place) => errors.push(refuse(place.clone(), Problem::NoErrorOutputPrefix)),
                None if partitioning.is_some() => {
                    errors.push(refuse(0..prefix.len(), Problem::NoErrorOutputPrefixForKeys));
                }
                None => {}
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let destination = destination.map(|parsed| parsed.into_prefix(prefix, Role::Destination));
        let error_output = match (given, error_output) {
            (Some(text), Some(parsed)) => Ok(parsed.into_prefix(text, Role::ErrorOutput)),
            _ => default_error_output(prefix),
        };
        match (destination, error_output) {
            (Some(destination), Ok(error_output)) => Ok(Self { destination, error_output }),
            (_, error_output) => Err(error_output.err().into_iter().collect()),
        }
    }

    /// What keys of the destination begin with.
    pub fn destination(&self) -> &Prefix {
        &self.destination
    }

    /// What keys of the error output begin with.
    pub fn error_output(&self) -> &Prefix {
        &self.error_output
    }

    /// The partition keys in the destination's prefix, each once, in the order of their first use.
    pub fn keys(&self) -> &[PartitionKey] {
        self.destination.keys()
    }
}

/// What is wrong with `key`, written as `expression`, in the prefix of a stream that is parted like that.
fn key_problem(key: &PartitionKey, expression: &str, partitioning: Option<Partitioning>) -> Option<Problem> {
    let written = expression.trim_start_matches("!{").split(':').next().unwrap_or_default();
    let namespace = written.to_owned();
    match partitioning {
        None => Some(Problem::KeyWithoutPartitioning { namespace }),
        Some(partitioning) if partitioning.has(key.source) => None,
        Some(_) => Some(Problem::KeyWithoutSource { namespace, wanted: key.source }),
    }
}

/// The prefix of the error output where none is given: the destination's `prefix` has no expression.
fn default_error_output(prefix: &str) -> Result<Prefix, PrefixError> {
    let text = format!("{prefix}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd/HH/}}");
    Prefix::parse(&text, Role::ErrorOutput).map_err(|error| {
        // It is the destination's that is too long for it: there is no other text to point at.
        let problem = match error.problem() {
            Problem::TooLong { bytes } => Problem::ErrorOutputTooLong { bytes: *bytes },
            other => other.clone(),
        };
        PrefixError::new(Role::Destination, 0..prefix.len(), problem)
    })
}
