use std::collections::BTreeMap;

use anyhow::anyhow;
use serde_json::Value;

use super::{rewrite, rust};
use crate::plugin::folder::MANIFEST;
use crate::plugin::language::Language;
use crate::plugin::{Wrong, embedded};

/// Files of a new folder, by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Where examples get their cases from: the example is the same plugin in every language.
const CASES: &str = "plugins/cases";
/// What builds leave behind.
const GITIGNORE: &str = "/build/\n/target/\n/node_modules/\n__pycache__/\n/*.wasm\n/.standpipe/\n";

/// What a new plugin is made from.
#[derive(Debug)]
pub(super) struct Template {
    /// Its folder in the repository.
    pub(super) folder: String,
    pub(super) language: Language,
}

impl Template {
    /// The example of a language.
    pub(super) fn of(language: Language) -> anyhow::Result<Self> {
        let folder = match language {
            Language::Rust => "plugins/rust/example",
            Language::JavaScript => "plugins/javascript/example",
            Language::TypeScript => "plugins/javascript/example-ts",
            Language::Python => "plugins/python/example",
            Language::Go => "plugins/go/example",
            Language::C => "plugins/c/example",
            Language::Cpp => "plugins/c/example-cpp",
            Language::Zig => "plugins/zig/example",
            Language::AssemblyScript => "plugins/assemblyscript/example",
        };
        let template = Self { folder: folder.to_owned(), language };
        if embedded::file(&format!("{folder}/{}", template.source())).is_none() {
            return Err(Wrong::error(format!("this version has no example in {}", language.title())));
        }
        Ok(template)
    }

    /// The source of a blueprint. `wanted` is the language that was asked for.
    pub(super) fn of_blueprint(name: &str, wanted: Option<Language>) -> anyhow::Result<Self> {
        let folder = format!("blueprints/{name}");
        let language = match manifest(&folder)? {
            Some(manifest) => {
                let language = manifest.get("language").and_then(Value::as_str).unwrap_or_default();
                Language::parse(language).map_err(|error| anyhow!("{error}"))?
            }
            None => Language::Rust,
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != language) {
            return Err(Wrong::error(format!(
                "blueprint `{name}` is written in {}, not in {}: leave the language out",
                language.title(),
                wanted.title()
            )));
        }
        Ok(Self { folder, language })
    }

    /// The file that the plugin's function is in.
    pub(super) fn source(&self) -> &'static str {
        match self.language {
            Language::Rust => "src/lib.rs",
            Language::JavaScript => "plugin.js",
            Language::TypeScript | Language::AssemblyScript => "plugin.ts",
            Language::Python => "plugin.py",
            Language::Go => "plugin.go",
            Language::C => "plugin.c",
            Language::Cpp => "plugin.cpp",
            Language::Zig => "plugin.zig",
        }
    }

    /// All that a plugin called `name` begins with.
    pub(super) fn files(&self, name: &str) -> anyhow::Result<Files> {
        let mut files = match self.language {
            Language::Rust => rust::files(&self.folder, name)?,
            _ => self.with_manifest(name)?,
        };
        self.add_cases(&mut files);
        files.insert(".gitignore".into(), GITIGNORE.into());
        Ok(files)
    }

    /// The files of a template that has a `plugin.json`: its own, with what names the SDK rewritten, and the SDK's.
    fn with_manifest(&self, name: &str) -> anyhow::Result<Files> {
        let manifest = manifest(&self.folder)?.ok_or_else(|| anyhow!("`{}` has no manifest", self.folder))?;
        let text = |member: &str| manifest.get(member).and_then(Value::as_str);
        let old = text("name").unwrap_or_default();
        let sdk = text("sdk").map(|sdk| (sdk.to_owned(), joined(&self.folder, sdk)));
        let vendored: Files = match &sdk {
            Some((_, place)) => vendored(place),
            None => Files::new(),
        };
        let mut files = Files::new();
        for (path, bytes) in embedded::below(&self.folder).filter(|(path, _)| *path != "README.md") {
            let text = std::str::from_utf8(bytes).ok().filter(|_| !path.starts_with("cases/"));
            let bytes = match (text, &sdk) {
                (Some(text), Some((from, _))) => {
                    let text = rewrite::references(text, path, from, |file| holds(&vendored, file));
                    rewrite::name(&text, path, old, name).into_bytes()
                }
                (Some(text), None) => rewrite::name(text, path, old, name).into_bytes(),
                (None, _) => bytes.to_vec(),
            };
            files.insert(path.to_owned(), bytes);
        }
        files.extend(vendored.into_iter().map(|(path, bytes)| (format!("sdk/{path}"), bytes)));
        if sdk.is_some() {
            add(&mut files, "sdk/LICENSE", "LICENSE");
            add(&mut files, "sdk/wit/transform.wit", "wit/transform.wit");
        }
        Ok(files)
    }

    /// The cases of an example lie elsewhere, and so do the lines of some blueprints.
    fn add_cases(&self, files: &mut Files) {
        let is_blueprint = self.folder.starts_with("blueprints/");
        let lenders = match is_blueprint {
            true => vec![format!("{}/cases", self.folder.replace("-to-csv", "-to-json"))],
            false => vec![CASES.to_owned()],
        };
        let has_own = |files: &Files, stem: &str| files.keys().any(|file| stem_of(file) == Some(stem));
        for (path, bytes) in lenders.iter().flat_map(|lender| embedded::below(lender)) {
            let path = format!("cases/{path}");
            let is_wanted = match is_blueprint {
                // Its expected files are its own.
                true => path.ends_with(".log") && stem_of(&path).is_some_and(|stem| has_own(files, stem)),
                false => true,
            };
            if is_wanted {
                files.entry(path).or_insert_with(|| bytes.to_vec());
            }
        }
    }
}

fn stem_of(file: &str) -> Option<&str> {
    file.strip_prefix("cases/")?.rsplit_once('.').map(|(stem, _)| stem)
}

/// The manifest of a folder in the repository, if it has one.
fn manifest(folder: &str) -> anyhow::Result<Option<Value>> {
    match embedded::text(&format!("{folder}/{MANIFEST}")) {
        Some(text) => Ok(Some(serde_json::from_str(text)?)),
        None => Ok(None),
    }
}

/// Where `path`, seen from `folder`, is in the repository.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The files of an SDK that plugins need: no examples and no tests of its own.
fn vendored(place: &str) -> Files {
    let is_needed = |path: &str| {
        let top = path.split_once('/').map(|(top, _)| top).unwrap_or_default();
        let file = path.rsplit('/').next().unwrap_or_default();
        let is_test = file.ends_with("_test.go") || file.contains(".test.") || file.starts_with("test_");
        !top.starts_with("example") && !matches!(top, "test" | "tests" | "cases") && !is_test
    };
    let files = embedded::below(place).filter(|(path, _)| is_needed(path));
    files.map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

/// Whether there is a file or a folder of that name.
fn holds(files: &Files, path: &str) -> bool {
    files.contains_key(path)
        || files.keys().any(|file| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

/// Adds a file of the repository.
pub(super) fn add(files: &mut Files, path: &str, from: &str) {
    if let Some(bytes) = embedded::file(from) {
        files.insert(path.to_owned(), bytes.to_vec());
    }
}
