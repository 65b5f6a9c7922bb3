use std::path::PathBuf;
use std::process::Command;

use super::Recipe;
use super::javascript::{install, node};
use crate::plugin::process::run;
use crate::plugin::tools::Packages;

const PACKAGES: Packages =
    Packages { folder: "assemblyscript-0.28.20", about: "assemblyscript 0.28.20 (100 MB) from npm" };
const NAMES: [&str; 1] = ["assemblyscript@0.28.20"];

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let node = node()?;
    let tools = PACKAGES.get(|folder| install(folder, &NAMES, recipe.verbose))?;
    let out = recipe.work.join("core.wasm");
    let mut command = Command::new(node);
    // What else the compiler is told stands in the folder's `asconfig.json`.
    command.current_dir(&recipe.folder.path).arg(tools.join("node_modules/assemblyscript/bin/asc.js"));
    command.arg("--outFile").arg(&out);
    run(&mut command, recipe.verbose)?;
    Ok(out)
}
