use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::Recipe;
use crate::plugin::process::{find, run, version};
use crate::plugin::tools::Packages;

/// The oldest Python that runs the packages.
const PYTHON: (u32, u32) = (3, 10);
const PACKAGES: Packages =
    Packages { folder: "componentize-py-0.25.1", about: "componentize-py 0.25.1 (75 MB) from PyPI" };
const NAMES: [&str; 1] = ["componentize-py==0.25.1"];

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let python = python()?;
    let get = || PACKAGES.get(|folder| install(&python, folder, recipe.verbose));
    let mut tools = get()?;
    if version(&tools.join("bin/python"), &["--version"]).is_none() {
        // The Python that it was made with is gone.
        fs::remove_dir_all(&tools).with_context(|| format!("remove `{}`", tools.display()))?;
        tools = get()?;
    }
    let out = recipe.work.join("component.wasm");
    let mut command = Command::new(tools.join("bin/python"));
    command.arg(recipe.folder.sdk.join("build.py")).current_dir(&recipe.folder.path);
    command.arg("--folder").arg(&recipe.folder.path).arg("--out").arg(&out).arg("--wit").arg(&recipe.wit);
    run(&mut command, recipe.verbose)?;
    Ok(out)
}

/// Python, new enough.
fn python() -> anyhow::Result<PathBuf> {
    let (major, minor) = PYTHON;
    let advice = format!("install Python {major}.{minor} or later: `apt-get install python3 python3-venv`");
    let Some(python) = find(["python3", "python"]) else { bail!("python3 is missing: {advice}") };
    match version(&python, &["--version"]) {
        Some(found) if found >= PYTHON => Ok(python),
        Some((major, minor)) => bail!("`{}` is version {major}.{minor}: {advice}", python.display()),
        None => bail!("`{} --version` prints no version: {advice}", python.display()),
    }
}

/// Makes an environment of its own in `folder`, with the packages.
fn install(python: &Path, folder: &Path, verbose: bool) -> anyhow::Result<()> {
    let mut venv = Command::new(python);
    if run(venv.args(["-m", "venv"]).arg(folder), verbose).is_err() {
        bail!("`{} -m venv` failed: `apt-get install python3-venv`", python.display());
    }
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]).args(NAMES);
    run(&mut pip, verbose)
}
