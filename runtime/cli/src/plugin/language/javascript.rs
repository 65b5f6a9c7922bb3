use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use super::Recipe;
use crate::plugin::process::{find, run, version};
use crate::plugin::tools::Packages;

/// The oldest node that runs the packages.
const NODE: u32 = 20;
const PACKAGES: Packages = Packages {
    folder: "componentize-js-0.23.0",
    about: "componentize-js 0.23.0 and esbuild 0.28.2 (400 MB) from npm",
};
const NAMES: [&str; 2] = ["@bytecodealliance/componentize-js@0.23.0", "esbuild@0.28.2"];

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let node = node()?;
    let tools = PACKAGES.get(|folder| install(folder, &NAMES, recipe.verbose))?;
    let out = recipe.work.join("component.wasm");
    let mut command = Command::new(node);
    command.arg(recipe.folder.sdk.join("build.mjs")).current_dir(&recipe.folder.path);
    command.arg("--folder").arg(&recipe.folder.path).arg("--out").arg(&out);
    command.arg("--wit").arg(&recipe.wit).arg("--tools").arg(&tools);
    run(&mut command, recipe.verbose)?;
    Ok(out)
}

/// Node, new enough.
pub(super) fn node() -> anyhow::Result<PathBuf> {
    let advice = format!("install Node.js {NODE} or later: `apt-get install nodejs npm`, or nodejs.org");
    let Some(node) = find(["node", "nodejs"]) else { bail!("node is missing: {advice}") };
    match version(&node, &["--version"]) {
        Some((major, _)) if major >= NODE => Ok(node),
        Some((major, minor)) => bail!("`{}` is version {major}.{minor}: {advice}", node.display()),
        None => bail!("`{} --version` prints no version: {advice}", node.display()),
    }
}

/// Puts packages of npm into a folder. Their own install steps are not run: none of them needs one.
pub(super) fn install(folder: &Path, packages: &[&str], verbose: bool) -> anyhow::Result<()> {
    let Some(npm) = find(["npm"]) else {
        bail!("npm is missing: `apt-get install npm`, or install Node.js from nodejs.org")
    };
    let mut command = Command::new(npm);
    command.current_dir(folder).args(["install", "--prefix", ".", "--no-audit", "--no-fund"]);
    command.args(["--no-package-lock", "--ignore-scripts", "--save-exact"]).args(packages);
    run(&mut command, verbose)
}
