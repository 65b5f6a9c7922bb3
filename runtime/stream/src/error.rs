use standpipe_plugin::StartError;
use standpipe_record::Kind;

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
    #[error("stream `{stream}`: {source}; {records} records are not delivered: mend it and run again")]
    Sink {
        /// The stream.
        stream: String,
        /// What happened.
        source: standpipe_sink::Error,
        /// Records in the object, and everything after it.
        records: u64,
    },
    /// A plugin cannot be started any more.
    #[error(
        "stream `{stream}`: {source}; {records} records are not delivered: mend the plugin and run again"
    )]
    Plugin {
        /// The stream.
        stream: String,
        /// What happened.
        source: StartError,
        /// Records of the batch that waits.
        records: u64,
    },
    /// The program is to end and the sink does not answer.
    #[error("stream `{stream}`: stopped while delivering; {records} records are not delivered: run again")]
    Stopped {
        /// The stream.
        stream: String,
        /// Records of the object.
        records: u64,
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

impl Error {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Source { source, .. } => source.kind(),
            Self::Sink { source, .. } => source.kind(),
            Self::Plugin { .. } => Kind::Invalid,
            Self::Stopped { .. } | Self::Thread { .. } => Kind::Retry,
        }
    }
}
