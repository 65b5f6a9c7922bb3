mod cargo;
mod lock;
mod rewrite;
mod rust;
mod template;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use standpipe_registry::Reference;

use super::Wrong;
use super::folder::check_name;
use super::language::Language;
use crate::args::New;
use crate::show;
use template::{Files, Template};

/// Names that cargo, or the compiler, has for something else.
const RESERVED: [&str; 12] = [
    "alloc",
    "build",
    "core",
    "crate",
    "proc_macro",
    "proc-macro",
    "self",
    "std",
    "super",
    "target",
    "test",
    "wasm",
];

pub(super) fn new(args: &New) -> anyhow::Result<ExitCode> {
    let (language, path) = words(args)?;
    let name = name_of(path)?;
    let template = match (&args.blueprint, language) {
        (Some(blueprint), language) => Template::of_blueprint(&known(blueprint)?, language)?,
        (None, Some(language)) => Template::of(language)?,
        (None, None) => {
            let path = path.display();
            return Err(Wrong::error(format!(
                "the language is missing: `standpipe plugin new LANG {path}`, with LANG one of {}",
                languages()
            )));
        }
    };
    if name_is_taken(name, template.language) {
        return Err(Wrong::error(format!(
            "`{name}` has a meaning in {} already: take another name",
            template.language.title()
        )));
    }
    let files = template.files(name)?;
    write(path, &files)?;
    show::data(&told(path, name, &template, &files))?;
    Ok(ExitCode::SUCCESS)
}

/// The language, if it is said, and where the plugin is to be.
fn words(args: &New) -> anyhow::Result<(Option<Language>, &Path)> {
    match args.words.as_slice() {
        [language, path] => {
            let language = Language::parse(language).map_err(|error| Wrong::error(error.to_string()))?;
            Ok((Some(language), Path::new(path)))
        }
        [word] if args.blueprint.is_none() && Language::parse(word).is_ok() => {
            Err(Wrong::error(format!("the name is missing: `standpipe plugin new {word} NAME`")))
        }
        [path] => Ok((None, Path::new(path))),
        _ => Err(Wrong::error("say a language and a name: `standpipe plugin new LANG NAME`")),
    }
}

fn languages() -> String {
    Language::ALL.map(|language| format!("`{language}`")).join(", ")
}

/// The plugin's name: what the path of its folder ends in.
fn name_of(path: &Path) -> anyhow::Result<&str> {
    let name = path.file_name().and_then(|name| name.to_str());
    // `..` ends in no name, and is told as it was written.
    check_name(name.or(path.to_str()).unwrap_or_default()).map_err(Wrong::error)
}

fn name_is_taken(name: &str, language: Language) -> bool {
    // The SDK of each language has this one.
    name == "standpipe" || (language == Language::Rust && RESERVED.contains(&name))
}

/// A blueprint that the program has.
fn known(name: &str) -> anyhow::Result<String> {
    let name = name.strip_prefix("blueprint:").unwrap_or(name);
    match Reference::parse(&format!("blueprint:{name}"), Path::new("")) {
        Ok(_) => Ok(name.to_owned()),
        Err(error) => Err(Wrong::error(error.to_string())),
    }
}

/// Writes the files into a folder that is not there yet, or empty.
fn write(folder: &Path, files: &Files) -> anyhow::Result<()> {
    let shown = folder.display();
    match fs::read_dir(folder).map(Iterator::count) {
        Ok(1..) => {
            return Err(Wrong::error(format!(
                "`{shown}` is there and not empty: take another name, or remove it"
            )));
        }
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(Wrong::error(format!("`{shown}` is there and no folder: take another name")));
        }
        Err(error) => return Err(Wrong::error(format!("cannot look into `{shown}`: {error}"))),
    }
    for (name, bytes) in files {
        let file = folder.join(name);
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("create `{}`", parent.display()))?;
        fs::write(&file, bytes).with_context(|| format!("write `{}`", file.display()))?;
    }
    Ok(())
}

/// What was made, and what to type next.
fn told(path: &Path, name: &str, template: &Template, files: &Files) -> String {
    let count = show::count(files.len() as u64, "file");
    let folder = path.display();
    let params = files.get("cases/params.json").map(|text| String::from_utf8_lossy(text).trim().to_owned());
    let params = params.map(|params| format!(" --params '{params}'")).unwrap_or_default();
    let case = files.keys().find(|file| {
        let kind = file.rsplit('.').next().unwrap_or_default();
        file.starts_with("cases/") && ["in", "log", "jsonl", "csv", "txt"].contains(&kind)
    });
    let case = case.map(|case| format!(" {case}")).unwrap_or_default();
    let source = template.source();
    format!(
        "made `{folder}`, a plugin in {}, {count}: its function is in `{folder}/{source}`. Next:\n  cd {folder}\n  \
         standpipe plugin build\n  standpipe plugin test\n  standpipe pipe --plugin ./{name}.wasm{params}{case}",
        template.language.title()
    )
}

#[cfg(test)]
mod tests;
