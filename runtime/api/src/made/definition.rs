use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use standpipe_stream::MAX_DEFINITION_BYTES;

use crate::destination::Said;
use crate::fault::{Cause, Fault};

/// The layout of a definition on disk.
const FORMAT: u32 = 1;

/// Bytes that the end of a stream adds, and some.
const LAST_WORD: usize = 64;

/// A tag may have no value.
pub(crate) type Tags = BTreeMap<String, Option<String>>;

/// What the API says of a stream, as it is kept on disk: JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    format: u32,
    /// When it was made, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// When its destination was changed, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) updated_ms: Option<u64>,
    /// From 1, and one more with each change of the destination.
    pub(crate) version: u64,
    /// Whether its destination has the members of `ExtendedS3DestinationConfiguration`.
    pub(crate) extended: bool,
    /// With every default filled in.
    pub(crate) destination: Said,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: Tags,
    /// Nothing of it is wanted any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) deleting: bool,
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Definition {
    /// Of a stream that is made now.
    pub(crate) fn new(now_ms: u64, destination: Said, extended: bool, tags: Tags) -> Self {
        Self {
            format: FORMAT,
            created_ms: now_ms,
            updated_ms: None,
            version: 1,
            extended,
            destination,
            tags,
            deleting: false,
        }
    }

    /// With another destination.
    pub(crate) fn changed(&self, now_ms: u64, destination: Said, extended: bool) -> Self {
        let version = self.version.saturating_add(1);
        Self { updated_ms: Some(now_ms), version, extended, destination, ..self.clone() }
    }

    /// The last of a stream.
    pub(crate) fn ended(&self) -> Self {
        Self { deleting: true, ..self.clone() }
    }

    /// As it is kept on disk.
    pub(crate) fn text(&self) -> Result<String, Fault> {
        let text = serde_json::to_string(self).map_err(|_| Fault::internal())?;
        // With room for the word that it is about to be gone.
        let most = if self.deleting { MAX_DEFINITION_BYTES } else { MAX_DEFINITION_BYTES - LAST_WORD };
        if text.len() > most {
            let bytes = text.len();
            let message = format!("the stream's description has {bytes} bytes; the most is {most}");
            return Err(Fault::new(Cause::InvalidArgument, message));
        }
        Ok(text)
    }

    /// What is on disk. A failure is half a sentence.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| format!("cannot be read: {error}");
        // Alone: another format has other members.
        match serde_json::from_str::<Format>(text).map_err(unreadable)?.format {
            FORMAT => serde_json::from_str(text).map_err(unreadable),
            other => Err(format!("has the format {other}, and this version of standpipe reads {FORMAT}")),
        }
    }
}
