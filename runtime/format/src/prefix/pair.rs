use super::error::{PrefixError, Problem};
use super::parse::{Parsed, parse};
use super::pattern::Pattern;
use super::{Part, Prefix, Role};

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
    pub fn parse(prefix: Option<&str>, error_output_prefix: Option<&str>) -> Result<Self, Vec<PrefixError>> {
        let given = error_output_prefix.filter(|text| !text.is_empty());
        let destination = parse(prefix.unwrap_or_default(), Role::Destination);
        let error_output = given.map(|text| parse(text, Role::ErrorOutput)).transpose();
        match (destination, error_output) {
            (Ok(Parsed { expression: Some(place), .. }), Ok(None)) => {
                Err(vec![PrefixError::new(Role::Destination, place, Problem::NoErrorOutputPrefix)])
            }
            (Ok(destination), Ok(error_output)) => {
                let error_output = match error_output {
                    Some(parsed) => parsed.into_prefix(Role::ErrorOutput),
                    None => default_error_output(&destination),
                };
                Ok(Self { destination: destination.into_prefix(Role::Destination), error_output })
            }
            (destination, error_output) => {
                Err(destination.err().into_iter().chain(error_output.err()).collect())
            }
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
}

fn default_error_output(destination: &Parsed) -> Prefix {
    let mut parts = destination.parts.clone();
    parts.extend([Part::ErrorOutputType, Part::Literal("/".to_owned()), Part::Timestamp(Pattern::default())]);
    Prefix { parts }
}
