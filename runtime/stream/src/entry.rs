//! What a lane's journal says: one entry a cut, notes of deliveries, checkpoints. The text of an entry is JSON,
//! so that a person can read it; the bytes of its carries follow it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which output of a stream a parcel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The destination.
    Destination,
    /// The error output.
    ErrorOutput,
    /// The backup of source records.
    Backup,
}

/// One line of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number. Ascends by one within an incarnation of the stream; a note (of deliveries, uploads, new keys) has that
    /// of the entry before it, and settles nothing.
    pub number: u64,
    /// Every record before this position is settled.
    pub position: u64,
    /// The id of the next parcel.
    pub next_parcel: u64,
    /// Whether it says everything that held before it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checkpoint: bool,
    /// Files that were sealed. In a checkpoint, all that are not delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<SealedFile>,
    /// What open parcels gained. Their bytes follow the text, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carries: Vec<Carry>,
    /// How far each source is settled, by its identity in hexadecimal.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, u64>,
    /// Requests whose records this entry settles. In a checkpoint, all that are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Answer>,
    /// Uploads that were begun for files. In a checkpoint, those of all that are not delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uploads: Vec<Upload>,
    /// Files whose keys were taken, with the new ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// Files that are delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<String>,
    /// What became of records so far.
    #[serde(default)]
    pub counts: Counts,
}

/// A sealed parcel: a file that waits for its delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedFile {
    /// Its name in the lane's folder of parcels, which no other has, also where its bytes are a part of a pack.
    pub file: String,
    /// The file of several small parcels in which its bytes are, if it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// Where in the pack they begin.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub at: u64,
    /// The parcel that it was. All its carries are void.
    pub parcel: u64,
    /// Where it goes.
    pub role: Role,
    /// The object's key.
    pub key: String,
    /// The object's id, for sinks.
    pub id: String,
    /// Records, or outputs, in it.
    pub records: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// When the oldest record in it arrived, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<u64>,
    /// Its `Content-Encoding`, such as `gzip`, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Digests of the plugins that were configured when it was sealed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<String>,
}

impl SealedFile {
    /// The file in which its bytes are.
    pub fn holder(&self) -> &str {
        self.pack.as_deref().unwrap_or(&self.file)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What an open parcel gained since the cut before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carry {
    /// The parcel.
    pub parcel: u64,
    /// Where it will go.
    pub role: Role,
    /// When it was opened, in milliseconds since 1970.
    pub opened_ms: u64,
    /// When its oldest record arrived.
    pub oldest_ms: u64,
    /// Records, or outputs, that it gained.
    pub records: u64,
    /// Bytes that it gained.
    pub bytes: u64,
    /// Of what in its role it is, in the parcel's first carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
}

/// What the records of a parcel have in common beside their role, and what its key needs of the config under which
/// it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The text of the prefix under which it was opened. Only of the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The values of that prefix's partition keys, in the order in which these first stand in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The error type, such as `processing-failed`. Only of the error output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
}

/// An upload that was begun for a file. The next try of the file aborts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The file.
    pub file: String,
    /// The bucket in which it was begun.
    pub bucket: String,
    /// For which key.
    pub key: String,
    /// What the sink calls it.
    pub id: String,
}

/// A file that goes elsewhere than its entry said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The file.
    pub file: String,
    /// The new key.
    pub key: String,
    /// The object's new id.
    pub id: String,
}

/// What was answered for an append with a request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The request's id, in hexadecimal.
    pub id: String,
    /// When it arrived, in milliseconds since 1970.
    pub at_ms: u64,
    /// The position of its first record.
    pub first: u64,
    /// Its records.
    pub records: u64,
}

/// What became of records, since the stream began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records read from the log.
    pub records: u64,
    /// Outputs gathered for the destination.
    pub outputs: u64,
    /// Records dropped by a plugin.
    pub dropped: u64,
    /// Records gone to the error output.
    pub failed: u64,
}
