use std::io;
use std::path::PathBuf;

use standpipe_record::Kind;

/// Why a reference does not lead to a component. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file and no blueprint has this name.
    #[error("there is no blueprint `{name}`{}; there are {known}. A file is named by a path, such as `./{name}.wasm`", .suggestion.as_ref().map(|name| format!(", did you mean `{name}`?")).unwrap_or_default())]
    UnknownBlueprint {
        /// The name.
        name: String,
        /// The nearest one that exists.
        suggestion: Option<String>,
        /// All that exist.
        known: String,
    },
    /// The kind of reference is of a later version.
    #[error("`{reference}`: this version loads plugins from files and blueprints; {what} is not in it yet")]
    Unsupported {
        /// The reference.
        reference: String,
        /// What it would need.
        what: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read plugin `{}`: {}", .path.display(), reason(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any component that would be loaded.
    #[error("plugin `{}` is larger than {limit} bytes: build it with optimisation and stripped", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// The bytes are not those that were pinned.
    #[error(
        "plugin `{reference}` has the digest {found}, the config pins {pinned}: put back that file, or pin the new digest"
    )]
    Digest {
        /// The reference.
        reference: String,
        /// The digest of what was found.
        found: String,
        /// The digest that was pinned.
        pinned: String,
    },
    /// It is not WebAssembly.
    #[error("it is not WebAssembly: give a component, or a core module that carries the contract")]
    NotWasm,
    /// It cannot be read to its end.
    #[error("it is damaged or truncated: copy or build it again ({reason})")]
    Damaged {
        /// What the parser said.
        reason: String,
    },
    /// It is a core module that imports what no plugin is given.
    #[error("it is a core module that imports `{import}`, which no plugin is given: {hint}")]
    Toolchain {
        /// The first such import.
        import: String,
        /// What to do, by the toolchain that leaves such an import behind.
        hint: &'static str,
    },
    /// It is a core module of which no component can be made.
    #[error(
        "it is a core module that does not carry the contract of `wit/`: build it with an SDK ({reason})"
    )]
    CoreModule {
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file; check the path".into(),
        io::ErrorKind::IsADirectory => "it is a folder; name the `.wasm` file in it".into(),
        io::ErrorKind::PermissionDenied => "permission denied; make it readable for this user".into(),
        _ => error.to_string(),
    }
}
