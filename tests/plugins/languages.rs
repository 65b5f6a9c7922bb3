//! Which languages there are here, and the program that builds their plugins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A language of `standpipe plugin new`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// What `new` calls it.
    pub(crate) name: &'static str,
    /// The folder of its SDK or its README, under `plugins`.
    pub(crate) folder: &'static str,
    /// A command that works where the language can be built, and what to install where it does not.
    needs: &'static str,
}

pub(crate) const LANGUAGES: [Language; 9] = [
    Language { name: "rust", folder: "rust", needs: "cargo --version" },
    Language { name: "javascript", folder: "javascript", needs: "node --version && npm --version" },
    Language { name: "typescript", folder: "javascript", needs: "node --version && npm --version" },
    Language { name: "python", folder: "python", needs: "python3 -m venv --help" },
    Language { name: "go", folder: "go", needs: "go version" },
    Language { name: "c", folder: "c", needs: "clang-22 --version || python3 -m ziglang version" },
    Language { name: "c++", folder: "c", needs: "clang++-22 --version || python3 -m ziglang version" },
    Language { name: "zig", folder: "zig", needs: "zig version || python3 -m ziglang version" },
    Language { name: "assemblyscript", folder: "assemblyscript", needs: "node --version && npm --version" },
];

impl Language {
    pub(crate) fn named(name: &str) -> Self {
        LANGUAGES.into_iter().find(|language| language.name == name).unwrap()
    }

    /// Whether plugins in it can be built here. Said by name where they cannot; in CI that is an error.
    pub(crate) fn is_here(self) -> bool {
        let tried = Command::new("sh").args(["-c", self.needs]).env("PATH", path()).output().unwrap();
        if tried.status.success() {
            return true;
        }
        let Self { name, needs, .. } = self;
        assert!(std::env::var_os("CI").is_none(), "{name} is missing: `{needs}`; run tests/toolchains");
        println!("skipped: {name} is missing (`{needs}`); tests/toolchains installs it");
        false
    }
}

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn cache() -> PathBuf {
    let cache = std::env::var_os("STANDPIPE_CACHE").map(PathBuf::from);
    cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache/standpipe"))
}

/// Where programs are looked for: the toolchains that `tests/toolchains` installed, then the usual places.
fn path() -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_standpipe")).parent().unwrap();
    let usual = std::env::var("PATH").unwrap();
    format!("{}:{}:{usual}", program.display(), cache().join("toolchains/python/bin").display())
}

/// A command with the program and the toolchains on its path. What builds fetch stays between runs.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("PATH", path())
        .env("XDG_CACHE_HOME", cache().join("plugins"))
        .env("CARGO_TARGET_DIR", target())
        .env_remove("STANDPIPE_LOG");
    command
}

/// Where plugins in Rust are built: apart from the program, whose build may go on meanwhile.
pub(crate) fn target() -> PathBuf {
    cache().join("plugins/target")
}

pub(crate) fn standpipe(folder: &Path) -> Command {
    command(env!("CARGO_BIN_EXE_standpipe"), folder)
}

/// Runs it, which must go well.
pub(crate) fn done(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    output
}

/// A copy of a plugin's folder of this repository, with the SDK that it names, so that nothing is built in the checkout.
pub(crate) fn copy(from: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["plugins", "wit", from] {
        copy_folder(&top().join(part), &folder.path().join(part));
    }
    let plugin = folder.path().join(from);
    (folder, plugin)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        let leave = ["build", "node_modules", "target", "__pycache__", ".zig-cache"];
        if leave.iter().any(|left| name == *left) || name.to_string_lossy().ends_with(".wasm") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
