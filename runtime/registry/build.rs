//! Packs the built blueprints for the program: those in JavaScript and Python bring their engine along.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    // Asked for when it runs: a target folder may serve several checkouts.
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../blueprints");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(&folder)? {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    let mut table = String::from("&[");
    for name in names {
        let built = folder.join(&name).join(format!("{name}.wasm"));
        if !built.is_file() {
            continue;
        }
        println!("cargo::rerun-if-changed={}", built.display());
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&fs::read(&built)?)?;
        let place = out.join(format!("{name}.gz"));
        fs::write(&place, packed.finish()?)?;
        write!(table, "Blueprint {{ name: {name:?}, packed: include_bytes!({place:?}) }},")?;
    }
    table.push(']');
    fs::write(out.join("blueprints.rs"), table)?;
    Ok(())
}
