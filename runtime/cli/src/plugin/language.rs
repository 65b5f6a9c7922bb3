//! From source to a core module or a component: for each language where its compiler is, what to say when it is not
//! there, and how it is called.

mod assemblyscript;
mod c;
mod go;
mod javascript;
mod python;
mod rust;
mod zig;

use std::fmt;
use std::path::PathBuf;

use super::folder::Folder;

/// A language that has an SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    JavaScript,
    TypeScript,
    Python,
    Go,
    C,
    Cpp,
    Zig,
    AssemblyScript,
}

impl Language {
    /// All of them.
    pub(super) const ALL: [Self; 9] = [
        Self::Rust,
        Self::JavaScript,
        Self::TypeScript,
        Self::Python,
        Self::Go,
        Self::C,
        Self::Cpp,
        Self::Zig,
        Self::AssemblyScript,
    ];

    /// The name that people write, and what they may write in its place.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["rust", "rs"],
            Self::JavaScript => &["javascript", "js"],
            Self::TypeScript => &["typescript", "ts"],
            Self::Python => &["python", "py"],
            Self::Go => &["go", "golang"],
            Self::C => &["c"],
            Self::Cpp => &["c++", "cpp"],
            Self::Zig => &["zig"],
            Self::AssemblyScript => &["assemblyscript", "as"],
        }
    }

    /// Its name in a sentence.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Zig => "Zig",
            Self::AssemblyScript => "AssemblyScript",
        }
    }

    /// Whether its builds are part of its SDK. The others have none, or a file beside the plugin.
    pub(super) fn needs_sdk(self) -> bool {
        matches!(self, Self::JavaScript | Self::TypeScript | Self::Python | Self::Go | Self::C | Self::Cpp)
    }

    /// The language of a name.
    pub(super) fn parse(text: &str) -> Result<Self, UnknownLanguage> {
        let text = text.to_ascii_lowercase();
        let found = Self::ALL.into_iter().find(|language| language.names().contains(&text.as_str()));
        found.ok_or(UnknownLanguage(text))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.names().first().copied().unwrap_or_default())
    }
}

/// There is no SDK for it.
#[derive(Debug)]
pub(super) struct UnknownLanguage(String);

impl fmt::Display for UnknownLanguage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = Language::ALL.into_iter().flat_map(|language| language.names().iter().copied());
        let alike = all.map(|name| (strsim::jaro_winkler(&self.0, name), name));
        let nearest =
            alike.max_by(|left, right| left.0.total_cmp(&right.0)).filter(|(alike, _)| *alike > 0.8);
        let meant = nearest.map(|(_, name)| format!(", did you mean `{name}`?")).unwrap_or_default();
        let known: Vec<String> = Language::ALL.iter().map(|language| format!("`{language}`")).collect();
        write!(
            f,
            "there is no SDK for `{}`{meant}; there are {}. Any other language that compiles to a component can \
             implement `each` of the contract",
            self.0.escape_debug(),
            known.join(", ")
        )
    }
}

/// What a build works with.
#[derive(Debug)]
pub(super) struct Recipe<'a> {
    pub(super) folder: &'a Folder,
    /// The folder of the contract.
    pub(super) wit: PathBuf,
    /// Where files go that only the build needs.
    pub(super) work: PathBuf,
    pub(super) verbose: bool,
}

impl Recipe<'_> {
    /// Has the language's compiler make a core module or a component, and says where that lies.
    pub(super) fn compile(&self) -> anyhow::Result<PathBuf> {
        match self.folder.language {
            Language::Rust => rust::compile(self),
            Language::JavaScript | Language::TypeScript => javascript::compile(self),
            Language::Python => python::compile(self),
            Language::Go => go::compile(self),
            Language::C => c::compile(self, c::Dialect::C),
            Language::Cpp => c::compile(self, c::Dialect::Cpp),
            Language::Zig => zig::compile(self),
            Language::AssemblyScript => assemblyscript::compile(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_go_by_their_short_names_too() {
        for language in Language::ALL {
            for name in language.names() {
                assert_eq!(Language::parse(name).unwrap(), language);
            }
        }
        assert_eq!(Language::parse("JavaScript").unwrap(), Language::JavaScript);
        let message = Language::parse("pyhton").unwrap_err().to_string();
        assert!(
            message.starts_with("there is no SDK for `pyhton`, did you mean `python`?; there are `rust`")
        );
    }
}
