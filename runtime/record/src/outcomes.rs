use std::sync::Arc;

use crate::Batch;

/// Which plugin said something: its name in the config and the digest of its component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginId {
    /// The name by which the stream refers to it.
    pub name: String,
    /// `sha256:` and the hex digest of the component's bytes.
    pub digest: String,
}

/// Why a record failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The plugin returned a failure for it, or an error for it alone.
    Returned,
    /// The plugin put it in none of outputs, dropped and failed.
    Missing,
    /// The plugin put it in more than one of them.
    Contradiction,
    /// The plugin's answer for it broke the contract.
    InvalidAnswer,
    /// Its outputs were larger or more than the limits allow.
    OutputLimit,
    /// The plugin trapped.
    Trap,
    /// The plugin's time for it ran out.
    TimedOut,
    /// The record itself cannot be taken, for example because it is too large.
    Refused,
    /// It cannot be decompressed, or is not what its stream decompresses.
    Decompression,
    /// It cannot be taken apart into the records that it should hold.
    Deaggregation,
    /// Its partition keys cannot be found, or make no prefix.
    PartitionKeys,
    /// Its partition would be one too many.
    PartitionLimit,
}

/// A record that could not be transformed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Number of the record in the batch that was given.
    pub index: u32,
    /// Why.
    pub cause: Cause,
    /// A short code: the plugin's own, or the host's name for the cause (`trap`, `time-limit`, …).
    pub code: String,
    /// A sentence for a person. Control characters are escaped.
    pub message: String,
    /// The plugin that failed it, if it was one.
    pub plugin: Option<Arc<PluginId>>,
    /// What the plugin logged while it had this record alone. Control characters are escaped.
    pub captured: String,
    /// The plugin's stack at a trap, one frame a line.
    pub backtrace: String,
    /// How often the record was tried.
    pub attempts: u32,
}

/// What became of a batch. Every record of it is the origin of outputs, dropped or failed: exactly one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The outputs in the order of their origins, with arrival and columns of these where not overwritten.
    pub outputs: Batch,
    /// For each output, the number of the record it came from. Ascends; may repeat.
    pub origins: Vec<u32>,
    /// The records that a plugin dropped, ascending.
    pub dropped: Vec<u32>,
    /// The records that failed, ascending by index.
    pub failed: Vec<Failure>,
}

impl Outcomes {
    /// Empties it and keeps its buffers.
    pub fn clear(&mut self) {
        self.outputs.clear();
        self.origins.clear();
        self.dropped.clear();
        self.failed.clear();
    }
}
