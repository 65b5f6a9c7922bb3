//! A Rust plugin outside the repository: crates that inherit from a workspace take a small one with them, in `sdk`.

use std::fmt::Write;

use anyhow::{Context, anyhow};

use super::template::{Files, add};
use super::{cargo, lock};
use crate::plugin::embedded;

/// The crates that every plugin needs, and one that some blueprints share.
const SDK: [&str; 2] = ["plugins/rust", "plugins/rust/macros"];
const LOGLINE: (&str, &str) = ("standpipe-logline", "blueprints/logline");
/// Lints that the crates inherit, and the profile that plugins are built with.
const LINTS: [&str; 2] = ["workspace.lints.rust", "workspace.lints.clippy"];
const PROFILE: &str = "profile.plugin";
/// What a new folder has in its own words, and tests of the repository.
const LEFT: [&str; 3] = ["Cargo.toml", "README.md", "tests/repository.rs"];

/// The files of a plugin called `name` that begins as the crate in `folder`.
pub(super) fn files(folder: &str, name: &str) -> anyhow::Result<Files> {
    let text = |path: &str| embedded::text(path).ok_or_else(|| anyhow!("`{path}` is missing"));
    let (root, own) = (text("Cargo.toml")?, text(&format!("{folder}/Cargo.toml"))?);
    let mut files = Files::new();
    for (path, bytes) in embedded::below(folder) {
        if !LEFT.contains(&path) {
            files.insert(path.to_owned(), bytes.to_vec());
        }
    }
    let uses = |name: &str| {
        let (name, mut sources) =
            (name.replace('-', "_"), files.iter().filter(|(path, _)| path.ends_with(".rs")));
        sources.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&name))
    };
    let own = Own {
        dependencies: dependencies(own, "dependencies", &uses),
        tests: dependencies(own, "dev-dependencies", &uses),
    };
    let mut crates = SDK.to_vec();
    if own.names().any(|name| name == LOGLINE.0) {
        crates.push(LOGLINE.1);
    }
    let mut needed: Vec<&str> = Vec::new();
    for place in &crates {
        for (path, bytes) in embedded::below(place).filter(|(path, _)| path.starts_with("src/")) {
            files.insert(format!("sdk/{place}/{path}"), bytes.to_vec());
        }
        let manifest = text(&format!("{place}/Cargo.toml"))?;
        files.insert(format!("sdk/{place}/Cargo.toml"), cargo::without_tests(manifest).into_bytes());
        needed.extend(names(manifest));
    }
    files.insert("sdk/Cargo.toml".into(), workspace(root, &crates, &needed)?.into_bytes());
    needed.extend(own.names());
    files.insert("Cargo.toml".into(), manifest(root, &own, name)?.into_bytes());
    files.insert("Cargo.lock".into(), lock::part_of(text("Cargo.lock")?, needed).into_bytes());
    add(&mut files, "sdk/wit/transform.wit", "wit/transform.wit");
    add(&mut files, "sdk/LICENSE", "LICENSE");
    add(&mut files, ".cargo/config.toml", ".cargo/config.toml");
    Ok(files)
}

/// What the plugin's own sources use.
struct Own<'a> {
    dependencies: Vec<(&'a str, &'a str)>,
    tests: Vec<(&'a str, &'a str)>,
}

impl<'a> Own<'a> {
    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.dependencies.iter().chain(&self.tests).map(|(name, _)| cargo::plain(name))
    }
}

/// Those under a header that are used.
fn dependencies<'a>(
    manifest: &'a str,
    header: &str,
    uses: &impl Fn(&str) -> bool,
) -> Vec<(&'a str, &'a str)> {
    let mut all = cargo::dependencies(manifest, header);
    all.retain(|(name, _)| uses(cargo::plain(name)));
    all
}

/// What a crate of the SDK depends on but for its tests.
fn names(manifest: &str) -> Vec<&str> {
    let headers = ["dependencies", "target.'cfg(target_arch = \"wasm32\")'.dependencies"];
    let all = headers.into_iter().flat_map(|header| cargo::dependencies(manifest, header));
    all.map(|(name, _)| cargo::plain(name)).collect()
}

/// The workspace in `sdk`.
fn workspace(root: &str, crates: &[&str], needed: &[&str]) -> anyhow::Result<String> {
    let members: Vec<String> = crates.iter().map(|place| format!("{place:?}")).collect();
    let mut out = String::from("# What the crates of the SDK inherit.\n");
    let _ = writeln!(out, "[workspace]\nresolver = \"3\"\nmembers = [{}]\n", members.join(", "));
    let _ = writeln!(out, "{}\n[workspace.dependencies]", cargo::copied(root, "workspace.package"));
    let mut needed = needed.to_vec();
    needed.sort_unstable();
    needed.dedup();
    for name in needed {
        if let Some(value) = cargo::of_workspace(root, name) {
            let _ = writeln!(out, "{name} = {value}");
        }
    }
    for lints in LINTS {
        let _ = write!(out, "\n{}", cargo::copied(root, lints));
    }
    Ok(out)
}

/// The plugin's own manifest.
fn manifest(root: &str, own: &Own<'_>, name: &str) -> anyhow::Result<String> {
    let package = cargo::dependencies(root, "workspace.package");
    let said = |key: &str| package.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let (edition, rust) =
        said("edition").zip(said("rust-version")).context("the workspace has no edition")?;
    let mut out = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = {edition}\nrust-version = {rust}\npublish = \
         false\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n"
    );
    for (header, dependencies) in [("dependencies", &own.dependencies), ("dev-dependencies", &own.tests)] {
        if dependencies.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n[{header}]");
        for (name, value) in dependencies {
            let value = cargo::resolved(root, name, value).with_context(|| format!("`{name}` is unknown"))?;
            let _ = writeln!(out, "{} = {value}", cargo::plain(name));
        }
    }
    out += "\n# The SDK is a workspace of its own.\n[workspace]\nexclude = [\"sdk\"]\n\n";
    out += "# What plugins are built with.\n";
    out += &cargo::copied(root, PROFILE);
    Ok(out)
}
