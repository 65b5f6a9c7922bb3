use standpipe_plugin::StartError;
use standpipe_record::Kind;

use crate::KeepError;

/// Why a stream ended before its source did. Each message says how many records are not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The source cannot be read on.
    #[error("stream `{stream}`: {source}; what was read before it is delivered")]
    Source {
        /// The stream.
        stream: String,
        /// What happened.
        source: standpipe_source::Error,
    },
    /// A sink refuses an object for good.
    #[error("stream `{stream}`: {source}; {} kept until it is mended: then run again", kept(*.records))]
    Sink {
        /// The stream.
        stream: String,
        /// What happened.
        source: standpipe_sink::Error,
        /// Records in it and in what waits behind it.
        records: u64,
    },
    /// A plugin cannot be started any more.
    #[error("stream `{stream}`: {source}; what was read is kept: mend the plugin and run again")]
    Plugin {
        /// The stream.
        stream: String,
        /// What happened.
        source: StartError,
    },
    /// What the stream holds cannot be kept or read back.
    #[error("stream `{stream}`: {source}")]
    Keep {
        /// The stream.
        stream: String,
        /// What happened.
        source: KeepError,
    },
    /// A thread of the stream has panicked.
    #[error("stream `{stream}`: ended by a defect of this program; what was read is kept: please report it")]
    Defect {
        /// The stream.
        stream: String,
    },
    /// A thread cannot be had.
    #[error("stream `{stream}`: cannot start a thread: {source}")]
    Thread {
        /// The stream.
        stream: String,
        /// Why.
        source: std::io::Error,
    },
}

/// `1 record is`, `2 records are`.
fn kept(records: u64) -> String {
    if records == 1 { "1 record is".to_owned() } else { format!("{records} records are") }
}

impl Error {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Source { source, .. } => source.kind(),
            Self::Sink { source, .. } => source.kind(),
            Self::Plugin { .. } => Kind::Invalid,
            Self::Keep { source, .. } => source.kind(),
            Self::Defect { .. } => Kind::Bug,
            Self::Thread { .. } => Kind::Retry,
        }
    }
}
