use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::{Error, blueprint, blueprints, componentize};

/// The most bytes that are read of a file: the host loads no larger component.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Where a plugin's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A file.
    Path(PathBuf),
    /// One of the plugins that come with the program.
    Blueprint(String),
}

impl Reference {
    /// Reads a reference. Relative paths are taken from `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, Error> {
        let later = |what| Error::Unsupported { reference: text.to_owned(), what };
        if let Some(name) = text.strip_prefix("blueprint:") {
            return known(name);
        }
        if text.starts_with("oci://") {
            return Err(later("an OCI registry"));
        }
        if text.ends_with(".js") || text.ends_with(".mjs") || text.ends_with(".ts") || text.ends_with(".py") {
            return Err(later("a source file as a plugin"));
        }
        if text.contains('/') || text.ends_with(".wasm") {
            return Ok(Self::Path(base.join(text)));
        }
        known(text)
    }
}

fn known(name: &str) -> Result<Reference, Error> {
    if blueprint(name).is_some() {
        return Ok(Reference::Blueprint(name.to_owned()));
    }
    let nearest = blueprints().iter().map(|known| (strsim::jaro_winkler(name, known.name), known.name));
    let nearest =
        nearest.max_by(|left, right| left.0.total_cmp(&right.0)).filter(|(likeness, _)| *likeness > 0.8);
    let names: Vec<String> = blueprints().iter().map(|known| format!("`{}`", known.name)).collect();
    Err(Error::UnknownBlueprint {
        name: name.to_owned(),
        suggestion: nearest.map(|(_, name)| name.to_owned()),
        known: names.join(", "),
    })
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Blueprint(name) => write!(f, "blueprint:{name}"),
        }
    }
}

/// The bytes that a reference leads to.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// A component, or bytes that claim to be one.
    pub component: Vec<u8>,
    /// `sha256:` and the hex digest of the bytes as they were found.
    pub digest: String,
}

/// Reads what `reference` leads to, compares it with the digest that is pinned, and makes a component of it.
pub fn resolve(reference: &Reference, pinned: Option<&str>) -> Result<Artifact, Error> {
    let found = match reference {
        Reference::Path(path) => read(path)?,
        Reference::Blueprint(name) => match blueprint(name) {
            Some(blueprint) => blueprint.component()?,
            None => return Err(known(name).err().unwrap_or(Error::NotWasm)),
        },
    };
    let digest = digest_of(&found);
    if let Some(pinned) = pinned
        && !pinned.eq_ignore_ascii_case(&digest)
    {
        return Err(Error::Digest {
            reference: reference.to_string(),
            found: digest,
            pinned: pinned.to_owned(),
        });
    }
    let component = match componentize(&found)? {
        Cow::Owned(component) => component,
        Cow::Borrowed(_) => found,
    };
    Ok(Artifact { component, digest })
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Error::TooLarge { path: path.to_owned(), limit: MAX_FILE_BYTES });
    }
    Ok(bytes)
}

fn digest_of(bytes: &[u8]) -> String {
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
