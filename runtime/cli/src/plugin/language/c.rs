use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::bail;

use super::Recipe;
use super::zig::zig;
use crate::plugin::process::{find, run};

/// The versions of clang that are looked for, the newest first.
const VERSIONS: std::ops::RangeInclusive<u32> = 15..=22;

/// What of C is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    C,
    Cpp,
}

impl Dialect {
    fn compiler(self) -> &'static str {
        match self {
            Self::C => "clang",
            Self::Cpp => "clang++",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::C => "plugin.c",
            Self::Cpp => "plugin.cpp",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::C => &["-std=c17"],
            Self::Cpp => &["-std=c++20", "-fno-exceptions", "-fno-rtti"],
        }
    }
}

pub(super) fn compile(recipe: &Recipe<'_>, dialect: Dialect) -> anyhow::Result<PathBuf> {
    let out = recipe.work.join("core.wasm");
    let mut command = compiler(dialect)?;
    command.current_dir(&recipe.folder.path).arg("-O2").args(dialect.flags());
    if !recipe.folder.is_command {
        command.arg("-mexec-model=reactor");
    }
    command.arg("-I").arg(&recipe.folder.sdk).arg(dialect.source());
    // The linker's own default is 64 KiB.
    command.arg("-Wl,-z,stack-size=1048576");
    command.arg("-Wl,--strip-debug").arg("-o").arg(&out);
    run(&mut command, recipe.verbose)?;
    Ok(out)
}

/// A compiler that makes modules with the C library.
fn compiler(dialect: Dialect) -> anyhow::Result<Command> {
    let mut tried = None;
    for (path, target) in candidates(dialect) {
        match probe(&path, target, dialect) {
            Ok(command) => return Ok(command),
            Err(said) => drop(tried.get_or_insert((path, said))),
        }
    }
    if let Some((mut zig, _)) = zig() {
        zig.arg(if dialect == Dialect::C { "cc" } else { "c++" }).args(["-target", "wasm32-wasi"]);
        return Ok(zig);
    }
    let Some((path, said)) = tried else { bail!("clang is missing: {}", advice(dialect, 22)) };
    let version = *VERSIONS.end();
    let version = VERSIONS
        .rev()
        .find(|version| path.to_string_lossy().ends_with(&format!("-{version}")))
        .unwrap_or(version);
    bail!("`{}` cannot make WebAssembly ({said}): {}", path.display(), advice(dialect, version))
}

fn advice(dialect: Dialect, version: u32) -> String {
    let library = match dialect {
        Dialect::C => String::new(),
        Dialect::Cpp => format!(" libc++-{version}-dev-wasm32 libc++abi-{version}-dev-wasm32"),
    };
    format!(
        "`apt-get install clang-{version} lld-{version} wasi-libc libclang-rt-{version}-dev-wasm32{library}`,\n  or \
         unpack wasi-sdk and set `WASI_SDK_PATH`, or `pip install ziglang`"
    )
}

/// Compilers that are here, with the target as each has it spelt.
fn candidates(dialect: Dialect) -> Vec<(PathBuf, &'static str)> {
    let mut found = Vec::new();
    if let Some(sdk) = std::env::var_os("WASI_SDK_PATH").filter(|path| !path.is_empty()) {
        found.push((Path::new(&sdk).join("bin").join(dialect.compiler()), "wasm32-wasip1"));
    }
    let names = VERSIONS.rev().map(|version| format!("{}-{version}", dialect.compiler()));
    let names: Vec<String> = names.chain([dialect.compiler().to_owned()]).collect();
    // Debian's library is not found for `wasm32-wasip1`.
    found.extend(names.iter().filter_map(|name| Some((find([name.as_str()])?, "wasm32-wasi"))));
    found
}

/// Tries a compiler on a line of source. If it fails, what it says.
fn probe(path: &Path, target: &str, dialect: Dialect) -> Result<Command, String> {
    let begin = || {
        let mut command = Command::new(path);
        command.arg(format!("--target={target}")).arg("-Wno-deprecated");
        command
    };
    let (language, header) = match dialect {
        Dialect::C => ("c", "stdlib.h"),
        Dialect::Cpp => ("c++", "string"),
    };
    let mut command = begin();
    command.args([
        "-mexec-model=reactor",
        "-include",
        header,
        "-x",
        language,
        "/dev/null",
        "-o",
        "/dev/null",
    ]);
    let tried = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if tried.status.success() {
        return Ok(begin());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    Err(said.lines().find(|line| line.contains("error")).unwrap_or("it says nothing").trim().to_owned())
}
