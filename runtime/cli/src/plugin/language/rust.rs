use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use serde_json::Value;

use super::Recipe;
use crate::plugin::process::{ask, find, is_program, run_for_output};
use crate::show;

const TARGET: &str = "wasm32-unknown-unknown";
/// What Debian's compiler is in, and what it takes to build the standard library for another target.
const DEBIAN: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22";

/// A cargo that can build for [`TARGET`].
enum Toolchain {
    /// The target is installed.
    Ready(PathBuf),
    /// Debian's, in `/usr`: it builds the standard library with the plugin.
    Debian,
}

pub(super) fn compile(recipe: &Recipe<'_>) -> anyhow::Result<PathBuf> {
    let folder = &recipe.folder.path;
    let toolchain = toolchain()?;
    if matches!(toolchain, Toolchain::Debian) && !folder.join("target").join(TARGET).exists() {
        show::line("Debian's Rust builds the standard library with the first plugin: that takes minutes");
    }
    let mut command = toolchain.command();
    command.current_dir(folder);
    command.args(["--profile", "plugin", "--target", TARGET, "--message-format", "json-render-diagnostics"]);
    let messages = run_for_output(&mut command, recipe.verbose)?;
    match artifact(&messages, &folder.join("Cargo.toml")) {
        Some(module) => Ok(module),
        None => bail!("cargo made no `.wasm`: write `crate-type = [\"cdylib\", \"rlib\"]` in `[lib]`"),
    }
}

impl Toolchain {
    fn command(&self) -> Command {
        match self {
            Self::Ready(cargo) => {
                let mut command = Command::new(cargo);
                command.arg("build");
                command
            }
            Self::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                let path = std::env::var_os("PATH").unwrap_or_default();
                let folders = std::iter::once(PathBuf::from("/usr/bin")).chain(std::env::split_paths(&path));
                if let Ok(path) = std::env::join_paths(folders) {
                    command.env("PATH", path);
                }
                // Building the standard library is no stable option.
                command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
                command.args(["build", "-Zbuild-std=std,panic_abort"]);
                command
            }
        }
    }
}

fn toolchain() -> anyhow::Result<Toolchain> {
    let cargo = find(["cargo"]);
    let rustc = find(["rustc"]);
    let has_target = |rustc: &PathBuf| {
        let sysroot = ask(rustc, &["--print", "sysroot"])?;
        Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib").is_dir().then_some(())
    };
    if let (Some(cargo), Some(())) = (&cargo, rustc.as_ref().and_then(has_target)) {
        return Ok(Toolchain::Ready(cargo.clone()));
    }
    let is_debian = ["/usr/bin/cargo", "/usr/bin/rustc"].iter().all(|path| is_program(Path::new(path)))
        && Path::new("/usr/lib/rustlib/src/rust/library/std").is_dir();
    if is_debian {
        return Ok(Toolchain::Debian);
    }
    let debian = format!("where rustup reaches no server, `apt-get install {DEBIAN}` does instead");
    match (cargo, find(["rustup"])) {
        (Some(_), Some(_)) => {
            bail!("Rust has no target `{TARGET}`: run `rustup target add {TARGET}`;\n  {debian}")
        }
        (Some(cargo), None) => bail!(
            "`{}` has no target `{TARGET}`: install Rust with rustup, then run `rustup target add {TARGET}`;\n  {debian}",
            cargo.display()
        ),
        (None, _) => bail!(
            "cargo is missing: install Rust with rustup, then run `rustup target add {TARGET}`;\n  {debian}"
        ),
    }
}

/// The module that cargo says it made of the package of `manifest`.
fn artifact(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = messages.filter(|message| {
        let of = message.get("manifest_path").and_then(Value::as_str);
        of.and_then(|of| Path::new(of).canonicalize().ok()).as_deref() == Some(manifest)
    });
    let files = ours.filter_map(|message| message.get("filenames")?.as_array().cloned()).flatten();
    let mut modules = files.filter_map(|file| file.as_str().map(PathBuf::from));
    modules.find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}
