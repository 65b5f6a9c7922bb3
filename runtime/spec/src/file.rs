use std::io::{self, Read};
use std::path::{Path, PathBuf};

use standpipe_record::Kind;

use crate::config::{Config, parse};
use crate::{Finding, Severity, Size};

/// The largest config file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// A config file with all that was found in it.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Where it lies.
    pub path: PathBuf,
    /// Its text, which the spans of the findings refer to.
    pub text: String,
    /// What could be read of it, for further checks.
    pub draft: Config,
    /// What is wrong with it, in the order of the text.
    pub findings: Vec<Finding>,
}

impl File {
    /// The config, if no finding is an error.
    pub fn config(&self) -> Option<&Config> {
        let good = self.findings.iter().all(|finding| finding.severity != Severity::Error);
        good.then_some(&self.draft)
    }
}

/// A config file whose text cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read the config file `{}`: {}", path.display(), reason(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why. The message says it, so it is no `source`.
        error: io::Error,
    },
    /// It is too large to be one.
    #[error("the config file `{}` is larger than {MAX_FILE_BYTES} bytes ({}); name another file", path.display(), Size(MAX_FILE_BYTES))]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("the config file `{}` is not UTF-8 at byte {offset}; save it as UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that is not.
        offset: usize,
    },
}

impl LoadError {
    /// What the caller should do: have the file mended.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; name another, or make one".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder; name the file in it".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; make it readable".to_owned(),
        _ => format!("{error}; name another file"),
    }
}

/// Reads the config file at `path` and everything that is wrong with it.
pub fn load(path: &Path) -> Result<File, LoadError> {
    let failed = |error| LoadError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge { path: path.to_owned() });
    }
    let text = String::from_utf8(bytes).map_err(|error| LoadError::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    let (draft, findings) = parse(&text, path.parent().unwrap_or(Path::new("")));
    Ok(File { path: path.to_owned(), text, draft, findings })
}
