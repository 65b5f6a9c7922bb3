//! Which outputs go into which object, by the values of partition keys.

use std::path::Path;
use std::sync::Arc;

use standpipe_format::{KeySource, Prefixes};
use standpipe_plugin::{Host, Plugin, Settings};
use standpipe_record::{Failure, PluginId};
use standpipe_spec::{self as spec, Finding};

use super::load::load_plugin;
use crate::active::Active;

/// What the plugin that runs the query is called. No plugin of the config can have this name.
const QUERY: &str = "partitioning.query";
/// Which one it is.
const REFERENCE: &str = "blueprint:partition-keys";

/// What becomes of an output whose partition would be one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    Error,
    CloseOldest,
}

impl From<spec::Overflow> for Overflow {
    fn from(said: spec::Overflow) -> Self {
        match said {
            spec::Overflow::Error => Self::Error,
            spec::Overflow::CloseOldest => Self::CloseOldest,
        }
    }
}

/// How a stream is partitioned.
#[derive(Debug, Clone)]
pub(crate) struct Partitions {
    /// The keys as the prefix names them, for messages.
    pub(crate) keys: Vec<String>,
    /// The columns in which their values are, in the same order.
    pub(crate) columns: Vec<String>,
    pub(crate) max_active: u32,
    pub(crate) overflow: Overflow,
    pub(crate) active: Arc<Active>,
    /// What runs the query.
    query: Option<Arc<PluginId>>,
}

impl Partitions {
    pub(crate) fn new(
        prefixes: &Prefixes,
        max_active: u32,
        overflow: Overflow,
        query: Option<&Plugin>,
    ) -> Self {
        Self {
            keys: prefixes.keys().iter().map(ToString::to_string).collect(),
            columns: prefixes.keys().iter().map(|key| key.column()).collect(),
            max_active,
            overflow,
            active: Arc::new(Active::new(max_active)),
            query: query.map(|query| Arc::clone(query.id())),
        }
    }

    /// Whether a record failed because the query did not find its keys.
    pub(crate) fn is_of_query(&self, failure: &Failure) -> bool {
        self.query.is_some() && self.query == failure.plugin
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.columns, self.max_active, self.overflow) == (&other.columns, other.max_active, other.overflow)
    }
}

/// Makes the query into the last plugin of a stream. To load it runs its `init`, so that a query that cannot be used is
/// found out before any record comes.
pub(super) fn query(
    base: &Path,
    host: &Host,
    query: &spec::Spanned<String>,
    prefixes: &Prefixes,
    context: &Arc<str>,
    findings: &mut Vec<Finding>,
) -> Option<Plugin> {
    let keys = prefixes.keys().iter().filter(|key| key.source == KeySource::Query);
    let keys: Vec<&str> = keys.map(|key| key.name.as_str()).collect();
    let column_prefix = format!("{}:", KeySource::Query.namespace());
    let params = serde_json::json!({ "query": query.value, "keys": keys, "column_prefix": column_prefix });
    let settings = Settings { params: params.to_string(), ..Settings::new(QUERY) };
    match load_plugin(host, REFERENCE, base, None, settings) {
        Ok(plugin) => Some(plugin.in_context(Arc::clone(context))),
        Err(failure) => {
            // Its `init` says what is wrong with the query; that it runs as a plugin is ours to know.
            let why = failure.message.split_once("`params`: ").map_or(&*failure.message, |(_, why)| why);
            findings.push(Finding::error(format!("`query` cannot be used: {why}")).at(query.span.clone()));
            None
        }
    }
}
