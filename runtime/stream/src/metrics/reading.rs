//! What is read of what was counted.

use std::collections::BTreeMap;
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{PutKind, Times};

/// Why deliveries of a stream fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// What was said last.
    pub message: String,
    /// Whether a person has to mend something; else it may pass.
    pub to_mend: bool,
}

/// A reading of what has gone through a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub read: u64,
    /// Outputs gathered for the destination.
    pub outputs: u64,
    /// Records that a plugin dropped.
    pub dropped: u64,
    /// Records gone to the error output.
    pub failed: u64,
    /// Objects delivered.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
}

/// A reading of a stream's deliveries, since its host started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Objects delivered.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
    /// Deliveries that were tried.
    pub tries: u64,
    /// Of these, refused or failed.
    pub refused: u64,
    /// Of those, because there were too many at a time.
    pub throttled: u64,
    /// Half of the deliveries that went well took less than this, in milliseconds.
    pub p50_ms: u64,
    /// 99 of 100 did.
    pub p99_ms: u64,
    /// When the oldest record arrived that is not delivered yet, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<u64>,
    /// Why deliveries fail now, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// A reading of all that is counted of a stream, since its host started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Requests that were accepted.
    pub puts: BTreeMap<PutKind, PutReading>,
    /// Records that were refused because there were too many at a time, or no room for them yet.
    pub throttled_records: u64,
    /// Answers that were forgotten before their time: who repeats such a request is answered as if it was new.
    pub forgotten_answers: u64,
    /// Records read from the log for the plugins, again after a lane went back to its last entry.
    pub read: Amount,
    /// Outputs gathered for the destination.
    pub outputs: Amount,
    /// Records that a plugin dropped.
    pub dropped: u64,
    /// Records gone to the error output.
    pub failed: u64,
    /// What plugins did.
    pub plugins: PluginReading,
    /// Of the destination and of the error output.
    pub deliveries: DeliveryReading,
    /// Of the backup.
    pub backup: BackupReading,
    /// Partitions that are open now, and how many may be, if the stream has any.
    pub partitions: Option<Level>,
    /// Records that failed because their partition would have been one too many.
    pub refused_partitions: u64,
    /// Open parcels now, and their bytes before compression.
    pub open: Amount,
    /// Sealed files that wait for their delivery now.
    pub sealed: Amount,
    /// When the oldest record arrived that is not delivered yet, in milliseconds since 1970.
    pub oldest_ms: Option<u64>,
    /// Why deliveries fail now, if they do.
    pub trouble: Option<Trouble>,
}

/// Requests of one kind that were accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PutReading {
    /// Their records.
    pub records: Amount,
    /// How long each of them took.
    pub times: Times,
}

/// What the plugins of a stream did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PluginReading {
    /// Calls.
    pub calls: u64,
    /// Of these, answered well.
    pub good_calls: u64,
    /// CPU time of all of them, and of the starts of their instances.
    pub cpu: Duration,
}

/// Deliveries of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryReading {
    /// Objects delivered.
    pub objects: Amount,
    /// Records, or outputs, in these.
    pub records: u64,
    /// Deliveries that were tried.
    pub tries: u64,
    /// Of these, refused or failed.
    pub refused: u64,
    /// Of those, because there were too many at a time.
    pub throttled: u64,
    /// How long those took that went well.
    pub times: Times,
}

/// Deliveries of a stream to its backup.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupReading {
    /// Objects delivered.
    pub objects: Amount,
    /// Records in these.
    pub records: u64,
}

/// So many things, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub count: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// A reading of what the streams of a host share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostReading {
    /// Bytes on disk.
    pub quota: Option<Level>,
    /// Bytes of memory for open parcels.
    pub memory: Option<Level>,
}

/// How many of a number of bytes are used. Some more may be for a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// All there are.
    pub total: u64,
    /// Those in use.
    pub used: u64,
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }
}
