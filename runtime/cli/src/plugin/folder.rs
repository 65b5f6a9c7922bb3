use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Wrong;
use super::language::Language;

/// The file that says what a plugin is, in every language but Rust.
pub(super) const MANIFEST: &str = "plugin.json";
/// The longest name, in bytes: the contract's limit.
const MAX_NAME: usize = 64;
/// Where the SDK lies unless it is said.
const USUAL_SDK: &str = "sdk";

/// A folder with the source of a plugin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folder {
    /// Where it is, from the root.
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) language: Language,
    /// Where the SDK lies, in languages that have one.
    pub(super) sdk: PathBuf,
    /// It is a WASI command, not a library.
    pub(super) is_command: bool,
    /// What goes into the `standpipe:plugin` section. Rust's macros write it themselves.
    pub(super) section: Option<String>,
}

/// `plugin.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    version: String,
    language: String,
    sdk: Option<String>,
    #[serde(default)]
    command: bool,
    params: Option<Map<String, Value>>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    metrics: Vec<String>,
    /// For `list`.
    #[serde(default)]
    #[allow(dead_code, reason = "a blueprint's is read where it is listed")]
    description: String,
}

impl Folder {
    /// Reads what lies in `path`.
    pub(super) fn open(given: &Path) -> anyhow::Result<Self> {
        let shown = given.display();
        let path = given.canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Wrong::error(format!("there is no folder `{shown}`: check the path")),
            _ => Wrong::error(format!("cannot open `{shown}`: {error}")),
        })?;
        if !path.is_dir() {
            return Err(Wrong::error(format!("`{shown}` is no folder: name the plugin's folder")));
        }
        if let Some(text) = text_of(&path.join(MANIFEST))? {
            return Self::read(given, path, &text);
        }
        let Some(text) = text_of(&path.join("Cargo.toml"))? else {
            return Err(Wrong::error(format!(
                "`{shown}` has neither `{MANIFEST}` nor `Cargo.toml`, so it is no plugin's folder: \
                 `standpipe plugin new LANG NAME` makes one"
            )));
        };
        let Some(name) = package(&text) else {
            return Err(Wrong::error(format!("`{shown}/Cargo.toml` has no `name` in `[package]`: add it")));
        };
        let (name, sdk) = (name.to_owned(), path.join(USUAL_SDK));
        Ok(Self { path, name, language: Language::Rust, sdk, is_command: false, section: None })
    }

    fn read(given: &Path, path: PathBuf, text: &str) -> anyhow::Result<Self> {
        let wrong = |what: String| Wrong::error(format!("`{}`: {what}", given.join(MANIFEST).display()));
        let manifest: Manifest = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let language = Language::parse(&manifest.language).map_err(|error| wrong(error.to_string()))?;
        let name = check_name(&manifest.name).map_err(|error| wrong(format!("`name`: {error}")))?.to_owned();
        if let Some(metric) = manifest.metrics.iter().find(|metric| !is_metric(metric)) {
            return Err(wrong(format!(
                "`{metric}` in `metrics` is no name of a metric: write `[a-z][a-z0-9_]*`, at most 64 bytes"
            )));
        }
        let mut section = Map::new();
        section.insert("name".into(), name.clone().into());
        section.insert("version".into(), manifest.version.into());
        if let Some(params) = manifest.params {
            section.insert("params".into(), params.into());
        }
        section.insert("columns".into(), manifest.columns.into());
        section.insert("metrics".into(), manifest.metrics.into());
        let sdk = manifest.sdk.as_deref().unwrap_or(USUAL_SDK);
        if !path.join(sdk).is_dir() && (manifest.sdk.is_some() || language.needs_sdk()) {
            return Err(wrong(format!(
                "there is no folder `{sdk}` with the SDK: say where it is, `\"sdk\": \"PATH\"`"
            )));
        }
        let (sdk, is_command) = (path.join(sdk), manifest.command);
        Ok(Self { path, name, language, sdk, is_command, section: Some(Value::Object(section).to_string()) })
    }

    /// Where the built component lies.
    pub(super) fn component(&self) -> PathBuf {
        self.path.join(&self.name).with_added_extension("wasm")
    }

    /// Where builds put what only they need.
    pub(super) fn work(&self) -> anyhow::Result<PathBuf> {
        let work = self.path.join("build");
        fs::create_dir_all(&work).with_context(|| format!("create `{}`", work.display()))?;
        Ok(work)
    }
}

/// The text of a file, if it is there.
pub(super) fn text_of(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Wrong::error(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// The name in `[package]` of a Cargo.toml.
fn package(manifest: &str) -> Option<&str> {
    let lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[package]").skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='))?;
    value.trim().trim_matches(['"', '\'']).split(['"', '\'']).next().filter(|name| !name.is_empty())
}

/// The name back if a plugin can have it, or what is wrong with it.
pub(super) fn check_name(name: &str) -> Result<&str, String> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_good = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if name.bytes().next().is_some_and(is_letter) && name.bytes().all(is_good) && name.len() <= MAX_NAME {
        return Ok(name);
    }
    Err(format!(
        "`{}` is no name for a plugin: write lower-case letters, digits, `-` and `_`, a letter first, at most \
         {MAX_NAME} bytes",
        name.escape_debug()
    ))
}

fn is_metric(name: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(rest) && name.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Folder> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("sdk"))?;
        fs::write(folder.path().join(MANIFEST), text)?;
        Folder::open(folder.path())
    }

    #[test]
    fn the_section_has_what_the_host_reads() {
        let folder = read(
            r#"{"name":"mask","version":"1.2.0","language":"js","params":{"type":"object"},"metrics":["hits"]}"#,
        )
        .unwrap();
        assert_eq!((folder.name.as_str(), folder.language), ("mask", Language::JavaScript));
        assert_eq!(
            folder.section.as_deref(),
            Some(
                r#"{"columns":[],"metrics":["hits"],"name":"mask","params":{"type":"object"},"version":"1.2.0"}"#
            )
        );
        assert!(folder.component().ends_with("mask.wasm"));
    }

    #[test]
    fn a_manifest_that_is_wrong_says_what() {
        for (text, want) in [
            ("{", "EOF while parsing"),
            (r#"{"name":"a","version":"1","language":"js","colums":[]}"#, "unknown field `colums`"),
            (r#"{"name":"a","version":"1"}"#, "missing field `language`"),
            (r#"{"name":"A b","version":"1","language":"js"}"#, "`A b` is no name for a plugin"),
            (r#"{"name":"../a","version":"1","language":"js"}"#, "is no name for a plugin"),
            (r#"{"name":"a","version":"1","language":"js","metrics":["A"]}"#, "`A` in `metrics`"),
            (r#"{"name":"a","version":"1","language":"js","sdk":"gone"}"#, "there is no folder `gone`"),
            (r#"{"name":"a","version":"1","language":"cobol"}"#, "`cobol`"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }

    #[test]
    fn rust_is_known_by_its_manifest() {
        assert_eq!(package("[package]\nname = \"mask\"\nversion = \"1\"\n"), Some("mask"));
        assert_eq!(package("[lib]\nname = \"x\"\n[package]\n# name\nname='y'  # z\n[lib]\n"), Some("y"));
        assert_eq!(package("[workspace]\nname = \"x\"\n"), None);
    }

    #[test]
    fn names_go_wherever_a_name_goes() {
        for name in ["a", "mask-2", "a_b", &"x".repeat(64)] {
            assert_eq!(check_name(name), Ok(name));
        }
        for name in ["", "-a", "2a", "A", "a b", "a/b", "..", "ä", "a\n", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
