use std::io;

use standpipe_record::{Kind, Malformed};

use crate::file::Shrunk;

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be opened.
    #[error("cannot read `{name}`: {}; {}", text(.cause), advice(.cause).1)]
    Open {
        /// Its path.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// It cannot be read on.
    #[error("cannot read `{name}` at byte {offset}: {}; {}", text(.cause), advice(.cause).1)]
    Read {
        /// Its name.
        name: String,
        /// How many bytes of it were read.
        offset: u64,
        /// What the system said.
        cause: io::Error,
    },
}

impl Error {
    /// What whoever reads it should do.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Open { cause, .. } | Self::Read { cause, .. } => advice(cause).0,
        }
    }
}

/// What happened, in words of our own where the system's say too little or too much.
fn text(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is not a folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => cause.to_string(),
    }
}

/// What an error of the system means here.
fn advice(cause: &io::Error) -> (Kind, &'static str) {
    if let Some(inner) = cause.get_ref() {
        if inner.is::<Shrunk>() {
            return (Kind::Invalid, "start again once nothing shortens it any more");
        }
        if inner.is::<Malformed>() {
            return (Kind::Bug, "please report this");
        }
    }
    match cause.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => (Kind::Invalid, "check the path"),
        io::ErrorKind::IsADirectory => (Kind::Invalid, "name a file"),
        io::ErrorKind::PermissionDenied => (Kind::Invalid, "make it readable for this user"),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
            (Kind::Invalid, "name a file that can be read from its beginning to its end")
        }
        _ => (Kind::Retry, "try again"),
    }
}
