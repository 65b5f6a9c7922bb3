//! The versions that the SDK was tested with, out of the repository's own lock file.

use std::collections::BTreeSet;

/// The part of a lock file that packages named in `roots` need. Packages of the repository are left to cargo, which knows
/// where they lie now.
pub(super) fn part_of<'a>(lock: &'a str, roots: impl IntoIterator<Item = &'a str>) -> String {
    let (head, packages) = lock.split_once("[[package]]\n").unwrap_or((lock, ""));
    let packages: Vec<Package<'_>> = packages.split("[[package]]\n").map(Package::read).collect();
    let mut wanted: Vec<&str> = roots.into_iter().collect();
    let mut taken = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        // `syn` or, where there are several, `syn 2.0.1`.
        let (name, version) =
            name.split_once(' ').map_or((name, None), |(name, version)| (name, Some(version)));
        for (number, package) in packages.iter().enumerate() {
            let is_meant = package.name == name && version.is_none_or(|version| package.version == version);
            if is_meant && package.is_from_registry && taken.insert(number) {
                wanted.extend(&package.dependencies);
            }
        }
    }
    let taken = packages.iter().enumerate().filter(|(number, _)| taken.contains(number));
    let texts: Vec<String> = taken.map(|(_, package)| format!("[[package]]\n{}\n", package.text)).collect();
    format!("{head}{}", texts.join("\n"))
}

struct Package<'a> {
    text: &'a str,
    name: &'a str,
    version: &'a str,
    is_from_registry: bool,
    dependencies: Vec<&'a str>,
}

impl<'a> Package<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim_end();
        let value = |member: &str| {
            let mut lines = text.lines();
            let value = lines.find_map(|line| line.strip_prefix(member)?.strip_prefix(" = \""));
            value.and_then(|value| value.strip_suffix('"')).unwrap_or_default()
        };
        let quoted = text.lines().filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","));
        Self {
            text,
            name: value("name"),
            version: value("version"),
            is_from_registry: text.contains("\nsource = "),
            dependencies: quoted.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\ndependencies = [\n \
                        \"b 2.0.0\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"r\"\n\n[[package]]\n\
                        name = \"b\"\nversion = \"2.0.0\"\nsource = \"r\"\n\n[[package]]\nname = \"ours\"\nversion = \
                        \"0.1.0\"\ndependencies = [\n \"b 1.0.0\",\n]\n";

    #[test]
    fn what_is_needed_and_nothing_else_is_locked() {
        assert_eq!(
            part_of(LOCK, ["a", "ours"]),
            "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"r\"\ndependencies = [\n \"b \
             2.0.0\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"r\"\n"
        );
    }
}
