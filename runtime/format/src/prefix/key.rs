use std::fmt;

/// What gives a partition key its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// The query of the destination's partitioning.
    Query,
    /// A plugin, in a column of its outputs. Firehose calls it Lambda.
    Plugin,
}

impl KeySource {
    /// The namespace of an expression that takes a key from it: Firehose's name, or ours where that one is
    /// about Lambda.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Query => "partitionKeyFromQuery",
            Self::Plugin => "partitionKeyFromPlugin",
        }
    }

    /// The source that `namespace` names, if it is one of partition keys.
    pub(super) fn of(namespace: &str) -> Option<Self> {
        match namespace {
            "partitionKeyFromQuery" => Some(Self::Query),
            "partitionKeyFromPlugin" | "partitionKeyFromLambda" => Some(Self::Plugin),
            _ => None,
        }
    }
}

/// A value of each record by which outputs are parted, as a prefix names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitionKey {
    /// What gives it its value.
    pub source: KeySource,
    /// Its name: not empty, and without `}`.
    pub name: String,
}

impl PartitionKey {
    /// The column that holds its values: a plugin's has the bare name, a query's one that no plugin's is
    /// likely to have.
    pub fn column(&self) -> String {
        match self.source {
            KeySource::Plugin => self.name.clone(),
            KeySource::Query => format!("{}:{}", self.source.namespace(), self.name),
        }
    }
}

/// The expression, `!{partitionKeyFromQuery:customer}`.
impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "!{{{}:{}}}", self.source.namespace(), self.name)
    }
}
