use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use super::Recipe;
use crate::plugin::process::{ask, find, read_version, run};

/// The oldest Zig with the standard library that plugins are written for.
const ZIG: (u32, u32) = (0, 17);
const ADVICE: &str = "`pip install ziglang`, or install Zig 0.17 or later from ziglang.org";

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let out = recipe.work.join("core.wasm");
    let Some((mut command, version)) = zig() else { bail!("zig is missing: {ADVICE}") };
    if version < ZIG {
        bail!("zig is version {}.{}: {ADVICE}", version.0, version.1);
    }
    command.current_dir(&recipe.folder.path).args(["build-exe", "plugin.zig", "--name", "core"]);
    command.args(["-mcpu=lime1+simd128", "-O", "ReleaseSafe", "-target"]);
    if recipe.folder.is_command {
        command.arg("wasm32-wasi");
    } else {
        command.args(["wasm32-freestanding", "-fno-entry", "-rdynamic"]);
    }
    command.arg(format!("-femit-bin={}", out.display())).arg("--cache-dir").arg(recipe.work.join("zig"));
    run(&mut command, recipe.verbose)?;
    Ok(out)
}

/// Zig's compiler, as it was installed, and its version.
pub(super) fn zig() -> Option<(Command, (u32, u32))> {
    if let Some(zig) = find(["zig"]) {
        let version = read_version(&ask(&zig, &["version"])?)?;
        return Some((Command::new(zig), version));
    }
    let python = find(["python3", "python"])?;
    let version = read_version(&ask(&python, &["-m", "ziglang", "version"])?)?;
    let mut command = Command::new(python);
    command.args(["-m", "ziglang"]);
    Some((command, version))
}
