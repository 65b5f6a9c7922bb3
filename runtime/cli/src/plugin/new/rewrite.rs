//! What changes in a source when it leaves the repository: where the SDK lies, and the plugin's name.

use serde_json::Value;

/// The text of the file `path` with the SDK in `sdk` beside it in place of `from`. A path is an SDK's if it leads to
/// something that `holds` knows there.
pub(super) fn references(text: &str, path: &str, from: &str, holds: impl Fn(&str) -> bool) -> String {
    let up = "../".repeat(path.matches('/').count());
    let from = format!("{up}{}", from.trim_end_matches('/'));
    let to = if up.is_empty() { "./sdk".to_owned() } else { format!("{up}sdk") };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&from) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        let behind = found.get(from.len()..).unwrap_or_default();
        let is_start = !out.ends_with(is_of_path);
        let place = behind.strip_prefix('/').map(|place| place.split(|letter| !is_of_path(letter)).next());
        let is_ours = match place.flatten() {
            Some(place) => holds(place.trim_end_matches(['.', '/'])),
            None => !behind.starts_with(is_of_path) && out.ends_with(['"', '\'', ' ', ':', '=', '`']),
        };
        out.push_str(if is_start && is_ours { &to } else { &from });
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn is_of_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '/' | '_' | '-' | '@')
}

/// The text of the file `path` with another name for the plugin, where that stands as its name.
pub(super) fn name(text: &str, path: &str, old: &str, new: &str) -> String {
    match path {
        "plugin.json" | "package.json" | "package-lock.json" => member(text, "name", old, new),
        "go.mod" => module(text, new),
        _ => text.to_owned(),
    }
}

/// JSON with another value in the first member `name` that has the value `old`. All else stays as it is written.
fn member(text: &str, name: &str, old: &str, new: &str) -> String {
    let (name, old, new) = (Value::from(name), Value::from(old), Value::from(new));
    let (name, old) = (name.to_string(), old.to_string());
    for (at, _) in text.match_indices(&name) {
        let (before, found) = text.split_at(at);
        let value = found.get(name.len()..).unwrap_or_default().trim_start();
        let Some(value) = value.strip_prefix(':').map(str::trim_start) else { continue };
        if let Some(behind) = value.strip_prefix(&old) {
            let kept = found.get(..found.len() - value.len()).unwrap_or_default();
            return format!("{before}{kept}{new}{behind}");
        }
    }
    text.to_owned()
}

/// A `go.mod` of the module `new`.
fn module(text: &str, new: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.strip_prefix("module ") {
        Some(_) => format!("module {new}\n"),
        None => line.to_owned(),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(text: &str, path: &str, from: &str) -> String {
        references(text, path, from, |place| ["index.mjs", "src", "src/a.h", "standpipe"].contains(&place))
    }

    #[test]
    fn paths_of_the_sdk_lead_into_the_folder() {
        for (text, want) in [
            ("import { a } from \"../index.mjs\";", "import { a } from \"./sdk/index.mjs\";"),
            ("{\"sdk\": \"..\"}", "{\"sdk\": \"./sdk\"}"),
            ("// cc -I .. test.c", "// cc -I ./sdk test.c"),
            ("replace standpipe => ..\n", "replace standpipe => ./sdk\n"),
            ("\"standpipe\": \"file:..\"", "\"standpipe\": \"file:./sdk\""),
            ("#include \"../src/a.h\"", "#include \"./sdk/src/a.h\""),
        ] {
            assert_eq!(moved(text, "plugin.x", ".."), want);
        }
        assert_eq!(moved("'../../index.mjs'", "src/plugin.js", ".."), "'../sdk/index.mjs'");
        assert_eq!(moved("'../../plugins/x/index.mjs'", "p.js", "../../plugins/x"), "'./sdk/index.mjs'");
    }

    #[test]
    fn what_only_looks_like_one_stays() {
        for text in [
            "f(...list)",
            "zones[0..n]",
            "import \"../other.js\"",
            "a/../index.mjs",
            "wait..",
            "../..",
            "x = a..b",
        ] {
            assert_eq!(moved(text, "plugin.x", ".."), text);
        }
    }

    #[test]
    fn the_name_changes_where_it_is_the_plugin_s() {
        let text = "{\n  \"name\" : \"zones\",\n  \"params\": {\"zones\": 1, \"x\": \"name\"}\n}\n";
        assert_eq!(
            name(text, "plugin.json", "zones", "mask"),
            "{\n  \"name\" : \"mask\",\n  \"params\": {\"zones\": 1, \"x\": \"name\"}\n}\n"
        );
        assert_eq!(name("module zones\n\ngo 1.24\n", "go.mod", "zones", "mask"), "module mask\n\ngo 1.24\n");
        assert_eq!(name("let zones = 1;", "plugin.js", "zones", "mask"), "let zones = 1;");
    }
}
