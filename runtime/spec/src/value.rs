use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use crate::reader::{Reader, Value};
use crate::text::quoted;
use crate::unit::Quantity;
use crate::{Finding, Period, Size, Spanned};

impl<'a> Reader<'a> {
    /// A string.
    pub(crate) fn string(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let value = self.value(key)?;
        self.text(key, value, "a string")
    }

    /// A string that is not empty.
    pub(crate) fn filled(&mut self, key: &'static str, help: &'static str) -> Option<Spanned<String>> {
        let text = self.string(key)?;
        if text.value.is_empty() {
            self.context.report(Finding::error(format!("`{key}` is empty")).at(text.span).with_help(help));
            return None;
        }
        Some(text)
    }

    /// A path, relative to the file's folder.
    pub(crate) fn path_to(&mut self, key: &'static str, help: &'static str) -> Option<Spanned<PathBuf>> {
        let text = self.string(key)?;
        self.path_of(key, text, help)
    }

    /// One path or a list of 1 to `most` paths, each joined to the base. Those that are none are left out.
    pub(crate) fn paths_to(
        &mut self,
        key: &'static str,
        most: usize,
        help: &'static str,
    ) -> Vec<Spanned<PathBuf>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            let path = self.text(key, value, "a path, or a list of paths");
            return path.and_then(|text| self.path_of(key, text, help)).into_iter().collect();
        };
        if array.is_empty() {
            let finding = Finding::error(format!("`{key}` is an empty list"));
            self.context.report(finding.at(value.span()).with_help(help));
        }
        if let Some(first) = array.get(most) {
            let message = format!("`{key}` lists {} paths; the most is {most}", array.len());
            let help = "remove those from here on, or give them to another stream";
            self.context.report(Finding::error(message).at(first.span()).with_help(help));
        }
        let items = array.iter().filter_map(|item| self.text(key, item, "paths only"));
        items.filter_map(|text| self.path_of(key, text, help)).collect()
    }

    fn path_of(&self, key: &str, text: Spanned<String>, help: &'static str) -> Option<Spanned<PathBuf>> {
        let problem = match text.value.as_str() {
            "" => "is empty".to_owned(),
            path if path.contains('\0') => format!("is {}; a path has no NUL", quoted(path)),
            _ => return Some(text.map(|path| join(&self.context.base, &path))),
        };
        let finding = Finding::error(format!("`{key}` {problem}"));
        self.context.report(finding.at(text.span).with_help(help));
        None
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                self.wrong(key, value, "`true` or `false`", "write it without quotes");
                None
            }
        }
    }

    /// A whole number within `range`.
    pub(crate) fn number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(key)?;
        self.whole(key, value, range).map(|number| number.value)
    }

    /// `value` as a whole number within `range`.
    pub(crate) fn whole(
        &self,
        key: &str,
        value: &Value<'_>,
        range: RangeInclusive<u32>,
    ) -> Option<Spanned<u32>> {
        let help = format!("write a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong(key, value, "a whole number", help);
            return None;
        };
        let number = i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX);
        match u32::try_from(number).ok().filter(|number| range.contains(number)) {
            Some(number) => Some(Spanned::new(number, value.span())),
            None => {
                let low = number < i128::from(*range.start());
                let limit = if low {
                    format!("least is {}", range.start())
                } else {
                    format!("most is {}", range.end())
                };
                let message = format!("`{key}` is {}; the {limit}", quoted(&integer.to_string()));
                self.context.report(Finding::error(message).at(value.span()).with_help(help));
                None
            }
        }
    }

    /// A size within `range`, in bytes.
    pub(crate) fn size(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let (least, most) = range.into_inner();
        self.quantity(key, Size(least), Size(most)).map(|size| size.0)
    }

    /// A duration within `range`.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let (least, most) = range.into_inner();
        self.quantity(key, Period(least), Period(most)).map(|period| period.0)
    }

    /// `value` as a string; `wanted` says what it should have been.
    pub(crate) fn text(&self, key: &str, value: &Value<'_>, wanted: &str) -> Option<Spanned<String>> {
        match value.get_ref() {
            DeValue::String(text) => Some(Spanned::new(text.to_string(), value.span())),
            _ => {
                self.wrong(key, value, wanted, "write it in quotes");
                None
            }
        }
    }

    /// All keys of the table, each with the string at it; `wanted` says what that should have been.
    pub(crate) fn texts(&self, wanted: &str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let entries = self.entries().filter_map(|(key, value)| {
            let key = Spanned::new(key.get_ref().to_string(), key.span());
            let text = self.text(&key.value, value, wanted)?;
            Some((key, text))
        });
        entries.collect()
    }

    /// A list of strings. One that is something else is left out.
    pub(crate) fn strings(&mut self, key: &'static str, example: &str) -> Vec<Spanned<String>> {
        self.value(key).map(|value| self.strings_of(key, value, example)).unwrap_or_default()
    }

    /// A list of at least one string, if it is said. `help` says what to write in place of an empty one.
    pub(crate) fn some_strings(
        &mut self,
        key: &'static str,
        example: &str,
        help: &'static str,
    ) -> Option<Vec<Spanned<String>>> {
        let value = self.value(key)?;
        if value.get_ref().as_array().is_some_and(|array| array.is_empty()) {
            let finding = Finding::error(format!("`{key}` is an empty list"));
            self.context.report(finding.at(value.span()).with_help(help));
        }
        Some(self.strings_of(key, value, example))
    }

    fn strings_of(&self, key: &str, value: &Value<'_>, example: &str) -> Vec<Spanned<String>> {
        match value.get_ref() {
            DeValue::Array(array) => {
                array.iter().filter_map(|item| self.text(key, item, "strings only")).collect()
            }
            _ => {
                self.wrong(key, value, "a list of strings", format!("write `{key} = {example}`"));
                Vec::new()
            }
        }
    }

    fn quantity<Q: Quantity>(&mut self, key: &'static str, least: Q, most: Q) -> Option<Q> {
        let value = self.value(key)?;
        let error = |message: String, help: String| {
            self.context.report(Finding::error(message).at(value.span()).with_help(help));
        };
        match value.get_ref() {
            DeValue::String(text) => match text.parse::<Q>() {
                Ok(amount) if least <= amount && amount <= most => return Some(amount),
                Ok(amount) => {
                    let limit = if amount < least {
                        format!("least is {least:#}")
                    } else {
                        format!("most is {most:#}")
                    };
                    let message = format!("`{key}` is {}; the {limit}", quoted(text));
                    error(message, format!("write {} from {least:#} to {most:#}", Q::WHAT));
                }
                Err(unit) => error(format!("`{key}`: {}", unit.problem), unit.help),
            },
            DeValue::Integer(integer) => {
                let number = u64::from_str_radix(integer.as_str(), integer.radix());
                let meant = number.map_or(Q::EXAMPLE.to_owned(), |number| Q::bare(number, most));
                let message = format!("`{key}` is {} without a unit", quoted(&integer.to_string()));
                error(message, format!("write a string with a unit, such as `\"{meant}\"`"));
            }
            _ => self.wrong(key, value, Q::WHAT, format!("write a string such as `{}`", Q::EXAMPLE)),
        }
        None
    }
}

/// `path` below `base`, without the `./` that people write for clarity.
pub(crate) fn join(base: &Path, path: &str) -> PathBuf {
    let tidy: PathBuf = Path::new(path).components().filter(|part| part.as_os_str() != ".").collect();
    base.join(tidy)
}
