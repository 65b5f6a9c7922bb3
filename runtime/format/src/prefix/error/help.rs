use super::Problem;
use crate::prefix::KeySource;
use crate::prefix::pattern::LETTERS;

const NAMESPACES: [&str; 4] = ["timestamp", "firehose", "partitionKeyFromQuery", "partitionKeyFromPlugin"];

impl Problem {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NotClosed => "close it with `}`; `!{` begins an expression and nothing else".to_owned(),
            Self::NoValue { .. } => "write `!{timestamp:yyyy/MM/dd}`, for example".to_owned(),
            Self::Namespace { namespace } => {
                match NAMESPACES.into_iter().find(|known| same(known, namespace)) {
                    Some(known) => format!("write `{known}`"),
                    None => format!("write `{}`", NAMESPACES.join("`, `")),
                }
            }
            Self::Value { value } => {
                let known = ["random-string", "error-output-type"];
                match known.into_iter().find(|known| same(known, value)) {
                    Some(known) => format!("write `{known}`"),
                    None => "write `random-string` or `error-output-type`".to_owned(),
                }
            }
            Self::NoKeyName { namespace } => format!("write `!{{{namespace}:customer}}`, for example"),
            Self::PartitionKeyInErrorOutput { .. } | Self::PartitionKeyInBackup { .. } => "remove it".to_owned(),
            Self::KeyWithoutPartitioning { namespace } if namespace == KeySource::Query.namespace() => {
                "add `partitioning = { query = \"{customer: .customer}\" }` to the destination".to_owned()
            }
            Self::KeyWithoutPartitioning { .. } => "add `partitioning = {}` to the destination".to_owned(),
            Self::KeyWithoutSource { wanted: KeySource::Query, .. } => {
                "add a query to it, or take the key from a plugin with `partitionKeyFromPlugin`".to_owned()
            }
            Self::KeyWithoutSource { wanted: KeySource::Plugin, .. } => {
                "add one to the stream's `transform`, or take the key from a query with `partitionKeyFromQuery`".to_owned()
            }
            Self::NoKey => {
                "add one, as in `!{partitionKeyFromQuery:customer}/`, or remove `partitioning`".to_owned()
            }
            Self::ErrorTypeInDestination => "remove it, or move it to an error output prefix".to_owned(),
            Self::NoErrorType => "add `!{firehose:error-output-type}/`".to_owned(),
            Self::NoErrorOutputPrefix | Self::NoErrorOutputPrefixForKeys => {
                "add `error_output_prefix = \"failed/!{firehose:error-output-type}/\"`".to_owned()
            }
            Self::TextTooLong { .. } | Self::TooLong { .. } => "shorten it".to_owned(),
            Self::ErrorOutputTooLong { .. } => {
                "shorten it, or add `error_output_prefix = \"failed/\"`".to_owned()
            }
            Self::EmptyPattern => "write `!{timestamp:yyyy/MM/dd}`, for example".to_owned(),
            Self::Letter { .. } => {
                format!("use {LETTERS}, and put other text in single quotes, as in `'year='yyyy`")
            }
            Self::Differs { .. } => format!("use {LETTERS}"),
            Self::Count { .. } => "write it as often as that".to_owned(),
            Self::NothingToPad => "write a letter behind it, as in `ppH`, or put it in single quotes".to_owned(),
            Self::PadTooNarrow { longest, .. } => format!("write `p` {longest} times"),
            Self::NoSection => "remove it, or put it in single quotes".to_owned(),
            Self::Reserved { .. } => "put it in single quotes".to_owned(),
            Self::QuoteNotClosed => "close it, or write two single quotes for one".to_owned(),
        }
    }
}

/// Whether somebody who wrote `text` meant `known`.
fn same(known: &str, text: &str) -> bool {
    text.trim().replace('_', "-").eq_ignore_ascii_case(known)
}
