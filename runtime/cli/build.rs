//! Puts what `standpipe plugin new` writes into the program: the sources of SDKs, examples, blueprints and the contract,
//! laid end to end in one file, and a table of path and place in the order of the paths.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders and files of the repository, relative to its top.
const TAKEN: [&str; 7] =
    [".cargo/config.toml", "Cargo.lock", "Cargo.toml", "LICENSE", "blueprints", "plugins", "wit"];
/// Names that are made, not written.
const SKIPPED: [&str; 4] = ["node_modules", "target", "build", "__pycache__"];
/// A larger file is data.
const MAX_BYTES: u64 = 2 << 20;

fn main() -> io::Result<()> {
    let top = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let mut files = Vec::new();
    for taken in TAKEN {
        let path = top.join(taken);
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() { walk(&path, taken, &mut files)? } else { files.push(taken.to_owned()) }
    }
    files.sort();
    let (mut bytes, mut table) = (Vec::new(), String::from("&[\n"));
    for file in &files {
        let start = bytes.len();
        bytes.append(&mut fs::read(top.join(file))?);
        writeln!(table, "    ({file:?}, {start}, {}),", bytes.len()).map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.bin"), bytes)?;
    fs::write(out.join("embedded.rs"), table)
}

fn walk(folder: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(own) = entry.file_name().into_string() else { continue };
        let (path, name) = (entry.path(), format!("{name}/{own}"));
        if SKIPPED.contains(&own.as_str()) || (own.starts_with('.') && own != ".gitignore") {
            continue;
        }
        // Not what a link leads to: it may lead anywhere.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&path, &name, files)?;
        } else if kind.is_file()
            && !own.ends_with(".wasm")
            && !own.ends_with(".wasm.source")
            && entry.metadata()?.len() <= MAX_BYTES
        {
            files.push(name);
        }
    }
    Ok(())
}
