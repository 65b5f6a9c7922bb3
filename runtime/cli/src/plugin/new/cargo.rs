//! Manifests of crates that leave the workspace. The ones that are read are the repository's own, a line for each entry.

use std::fmt::Write;

/// The lines under a header, without those that say nothing.
pub(super) fn section<'a>(manifest: &'a str, header: &str) -> impl Iterator<Item = &'a str> {
    let header = format!("[{header}]");
    let lines = manifest.lines().skip_while(move |line| line.trim() != header).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// The names and values of dependencies under a header.
pub(super) fn dependencies<'a>(manifest: &'a str, header: &str) -> Vec<(&'a str, &'a str)> {
    let entry = |line: &'a str| {
        let (name, value) = line.split_once('=')?;
        Some((name.trim(), value.trim()))
    };
    section(manifest, header).filter_map(entry).collect()
}

/// The name of a dependency that is written as `NAME.workspace` or plainly.
pub(super) fn plain(name: &str) -> &str {
    name.strip_suffix(".workspace").unwrap_or(name)
}

/// What the workspace says of a dependency.
pub(super) fn of_workspace<'a>(root: &'a str, name: &str) -> Option<&'a str> {
    let all = dependencies(root, "workspace.dependencies");
    all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// A dependency as a crate writes it that has no workspace: `value` is what it said, with the workspace's own put in its
/// place and paths leading into `sdk`.
pub(super) fn resolved(root: &str, name: &str, value: &str) -> Option<String> {
    let asked = value.trim_start_matches('{').trim_end_matches('}');
    if !name.ends_with(".workspace") && !asked.contains("workspace = true") {
        return Some(value.to_owned());
    }
    let base = of_workspace(root, plain(name))?.replace("path = \"", "path = \"sdk/");
    let more = asked.replace("workspace = true", "");
    let more = if name.ends_with(".workspace") { "" } else { more.trim_matches([' ', ',']) };
    if more.is_empty() {
        return Some(base);
    }
    let inner = match base.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(inner) => inner.trim().to_owned(),
        None => format!("version = {base}"),
    };
    Some(format!("{{ {inner}, {more} }}"))
}

/// A section of the root's manifest with its header, as it stands there.
pub(super) fn copied(root: &str, header: &str) -> String {
    let mut out = format!("[{header}]\n");
    for line in section(root, header) {
        let _ = writeln!(out, "{line}");
    }
    out
}

/// The manifest of a crate without what only its own tests need.
pub(super) fn without_tests(manifest: &str) -> String {
    let mut out = String::new();
    let mut is_kept = true;
    for line in manifest.split_inclusive('\n') {
        if line.starts_with('[') {
            is_kept = !line.contains("dev-dependencies") && !line.starts_with("[[test]]");
        }
        if is_kept {
            out.push_str(line);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "[workspace.dependencies]\nsdk = { path = \"plugins/rust\" }\n\n# Why.\nserde = { version = \"1\", \
                        features = [\"derive\"] }\nserde_json = \"1\"\n\n[profile.plugin]\n# Why.\nlto = \"fat\"\n";

    #[test]
    fn what_a_workspace_says_is_said_by_the_crate() {
        for (name, value, want) in [
            ("serde.workspace", "true", "{ version = \"1\", features = [\"derive\"] }"),
            ("serde_json.workspace", "true", "\"1\""),
            ("serde_json", "{ workspace = true, optional = true }", "{ version = \"1\", optional = true }"),
            ("sdk.workspace", "true", "{ path = \"sdk/plugins/rust\" }"),
            (
                "sdk",
                "{ workspace = true, features = [\"x\"] }",
                "{ path = \"sdk/plugins/rust\", features = [\"x\"] }",
            ),
            ("own", "\"2\"", "\"2\""),
        ] {
            assert_eq!(resolved(ROOT, name, value).as_deref(), Some(want), "{name} = {value}");
        }
        assert_eq!(resolved(ROOT, "gone.workspace", "true"), None);
        assert_eq!(copied(ROOT, "profile.plugin"), "[profile.plugin]\nlto = \"fat\"\n");
    }

    #[test]
    fn tests_stay_behind() {
        assert_eq!(
            without_tests("[package]\na = 1\n\n[dev-dependencies]\nb = 2\n\n[lints]\nc = 3\n"),
            "[package]\na = 1\n\n[lints]\nc = 3\n"
        );
    }
}
