use std::io;
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// Why what a lane holds cannot be kept or read back. What is on disk is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The disk refused.
    #[error("`{path}`: cannot {what}: {source}; {}", standpipe_log::advice(source).1)]
    Io {
        /// The file or folder, below the state folder.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What is on disk contradicts itself.
    #[error(
        "`{path}` is corrupt: {what}; restore the state folder from a copy, or give the stream up by `--abandon`"
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The log.
    #[error(transparent)]
    Log(#[from] standpipe_log::Error),
}

impl KeepError {
    pub(crate) fn io(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self::Io { path: path.to_path_buf(), what, source }
    }

    pub(crate) fn corrupt(path: &Path, what: &'static str) -> Self {
        Self::Corrupt { path: path.to_path_buf(), what }
    }

    /// What to do about it.
    pub fn kind(&self) -> standpipe_record::Kind {
        use standpipe_record::Kind;
        match self {
            Self::Io { source, .. } | Self::Journal(JournalError::Io { source, .. }) => {
                standpipe_log::advice(source).0
            }
            Self::Corrupt { .. } | Self::Journal(JournalError::Corrupt { .. }) => Kind::Corrupt,
            Self::Log(error) => error.kind(),
        }
    }
}
