use toml::de::DeValue;

use crate::Finding;
use crate::reader::{Reader, Value};
use crate::suggest::nearest;
use crate::text::quoted;

impl<'a> Reader<'a> {
    /// One of a few words, each with what it stands for and the names that Firehose has for it.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T, &[&str])]) -> Option<T> {
        let value = self.value(key)?;
        let names = || words.iter().map(|(word, ..)| *word);
        let DeValue::String(text) = value.get_ref() else {
            self.wrong(key, value, &either(names(), "`"), format!("write {}", either(names(), "`\"")));
            return None;
        };
        if let Some((_, meaning, _)) = words.iter().find(|(word, ..)| word == text) {
            return Some(*meaning);
        }
        let alias =
            words.iter().find(|(.., others)| others.iter().any(|other| other.eq_ignore_ascii_case(text)));
        let meant = alias.map(|(word, ..)| *word).or_else(|| nearest(text, names()));
        let problem = format!("it takes {}", either(names(), "`"));
        let otherwise = || format!("write {}", either(names(), "`\""));
        self.no_such(key, (text, value), &problem, meant, otherwise);
        None
    }

    /// Reports a word that is none of those that `key` takes; `otherwise` is the help when `meant` is none.
    pub(crate) fn no_such(
        &self,
        key: &str,
        (text, value): (&str, &Value<'_>),
        problem: &str,
        meant: Option<&str>,
        otherwise: impl FnOnce() -> String,
    ) {
        let help = meant.map_or_else(otherwise, |meant| format!("did you mean `{meant}`?"));
        let finding = Finding::error(format!("`{key}` is {}; {problem}", quoted(text)));
        self.context.report(finding.at(value.span()).with_help(help));
    }
}

/// The words, each in `quote` and its mirror image, with commas and an `or` between.
pub(crate) fn either<'a>(words: impl IntoIterator<Item = &'a str>, quote: &str) -> String {
    let close: String = quote.chars().rev().collect();
    let mut words: Vec<String> = words.into_iter().map(|word| format!("{quote}{word}{close}")).collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} or {last}", words.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_listed_as_one_would_say_them() {
        for (words, want) in [
            (&[][..], ""),
            (&["a"][..], "`\"a\"`"),
            (&["a", "b"][..], "`\"a\"` or `\"b\"`"),
            (&["a", "b", "c"][..], "`\"a\"`, `\"b\"` or `\"c\"`"),
        ] {
            assert_eq!(either(words.iter().copied(), "`\""), want);
        }
    }
}
