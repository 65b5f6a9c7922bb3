//! Compiled code on disk, so that a component is compiled once per machine and engine.
//!
//! A file holds wasmtime's serialised form followed by its SHA-256, and is named after the digest of the
//! component and the engine's settings. The folder is 0700 and this user's; a folder that is not is not used.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Bytes that the folder may hold; beyond it the oldest files go.
const MAX_FOLDER_BYTES: u64 = 512 << 20;
const DIGEST_BYTES: usize = 32;

/// A folder of compiled components.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the folder, made with mode 0700 where it is missing. `None`, with a line in the log, when it
    /// cannot be had or others could write to it: then everything is compiled anew.
    pub(crate) fn open(folder: PathBuf) -> Option<Self> {
        if let Err(error) = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder) {
            tracing::debug!(folder = %folder.display(), %error, "compiled code is not kept");
            return None;
        }
        let meta = fs::symlink_metadata(&folder).ok()?;
        if !meta.is_dir() || meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
            tracing::warn!(
                folder = %folder.display(),
                "compiled code is not kept: the folder is not this user's alone; `chmod 700` it"
            );
            return None;
        }
        Some(Self { folder })
    }

    /// The compiled form of the component with this digest, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(engine, digest);
        let mut file = OpenOptions::new().read(true).custom_flags(nofollow()).open(&path).ok()?;
        let meta = file.metadata().ok()?;
        if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o022 != 0 {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).ok()?);
        file.read_to_end(&mut bytes).ok()?;
        let (code, kept) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_BYTES)?)?;
        if Sha256::digest(code).as_slice() != kept {
            tracing::warn!(file = %path.display(), "compiled code is damaged and is made again");
            return None;
        }
        deserialize(engine, code).ok()
    }

    /// Keeps the compiled form. What goes wrong is logged and costs only the next start's time.
    pub(crate) fn store(&self, engine: &Engine, digest: &str, component: &Component) {
        let path = self.path(engine, digest);
        if let Err(error) = component.serialize().map_err(std::io::Error::other).and_then(|mut code| {
            let sum = Sha256::digest(&code);
            code.extend_from_slice(&sum);
            self.make_room(code.len() as u64)?;
            write_whole(&path, &code)
        }) {
            tracing::debug!(file = %path.display(), %error, "compiled code is not kept");
        }
    }

    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let digest = digest.trim_start_matches("sha256:");
        self.folder.join(format!("{digest}-{:016x}.cwasm", settings.finish()))
    }

    fn make_room(&self, bytes: u64) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            if meta.is_file() {
                files.push((meta.modified()?, meta.len(), entry.path()));
            }
        }
        files.sort();
        let mut held: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in files {
            if held + bytes <= MAX_FOLDER_BYTES {
                break;
            }
            fs::remove_file(path)?;
            held -= len;
        }
        Ok(())
    }
}

fn nofollow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

/// Writes under another name, syncs and renames, so that a file is whole or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("tmp-{}", std::process::id()));
    let written = (|| {
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Makes a component of compiled code.
#[expect(unsafe_code, reason = "wasmtime cannot check that compiled code is its own; see the safety comment")]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` must be what `Component::serialize` gave. It was written by `store` into a folder and a
    // file that belong to this user and that nobody else may write, and its SHA-256 has just been checked, so
    // it is whole. Whoever could forge it can already run code as this user. wasmtime itself refuses code of
    // another version or other settings.
    unsafe { Component::deserialize(engine, code) }
}
