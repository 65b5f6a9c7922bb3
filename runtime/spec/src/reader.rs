use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::suggest::nearest;
use crate::text::{list, quoted};
use crate::{Finding, Spanned};

/// A value of the document with its place.
pub(crate) type Value<'a> = toml::Spanned<DeValue<'a>>;

/// What all readers of a document share.
#[derive(Debug)]
pub(crate) struct Context {
    /// What relative paths are relative to.
    pub base: PathBuf,
    /// Whether all of the text could be parsed. If not, what is absent may have been lost.
    pub whole: bool,
    /// Whether buckets are at an S3 endpoint.
    pub remote: Cell<bool>,
    findings: RefCell<Vec<Finding>>,
}

impl Context {
    pub(crate) fn new(base: &Path, whole: bool) -> Self {
        Self { base: base.to_owned(), whole, remote: Cell::new(false), findings: RefCell::default() }
    }

    /// Reports something that stands in the text.
    pub(crate) fn report(&self, finding: Finding) {
        self.findings.borrow_mut().push(finding);
    }

    /// Reports that something does not stand in the text.
    pub(crate) fn report_absent(&self, finding: Finding) {
        if self.whole {
            self.report(finding);
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }
}

/// A key that has to be there and is not.
struct Missing {
    key: &'static str,
    message: String,
    help: &'static str,
}

/// Reads one table of the document by the keys it may have. Whatever was not asked for is unknown, which
/// [`finish`](Self::finish) reports.
pub(crate) struct Reader<'a> {
    /// What it shares with the others.
    pub context: &'a Context,
    /// The keys that lead here, with dots between; empty at the top.
    pub name: String,
    /// The table's header, or its braces.
    pub span: Range<usize>,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
    refused: Vec<&'static str>,
    missing: Vec<Missing>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        context: &'a Context,
        name: String,
        span: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Self {
        Self { context, name, span, table, known: Vec::new(), refused: Vec::new(), missing: Vec::new() }
    }

    /// The value of `key`, which is known from now on.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Value<'a>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Notes that `key` has to be there; `help` says what to write. If it is not, a key that was likely
    /// meant to be it is reported in its place.
    pub(crate) fn require(&mut self, key: &'static str, help: &'static str) {
        self.require_saying(key, format!("`{key}` is missing {}", self.place()), help);
    }

    /// The same, with a sentence of its own for when it is not there.
    pub(crate) fn require_saying(&mut self, key: &'static str, message: String, help: &'static str) {
        if !self.table.contains_key(key) {
            self.missing.push(Missing { key, message, help });
        }
    }

    /// Whether `key` is there, or a key that was likely meant to be it. Keys are told apart by those that are
    /// known so far.
    pub(crate) fn means(&self, key: &str) -> bool {
        let unknown = self.table.keys().map(|written| written.get_ref().as_ref());
        let mut alike =
            unknown.filter(|written| !self.is_known(written) && nearest(written, [key]).is_some());
        self.table.contains_key(key) || alike.any(|written| self.meant(written) == Some(key))
    }

    /// The same, but an empty list says nothing.
    pub(crate) fn gives(&self, key: &str) -> bool {
        let list = self.table.get(key).and_then(|value| value.get_ref().as_array());
        !list.is_some_and(|list| list.is_empty()) && self.means(key)
    }

    /// Refuses keys that mean something, but not here or not yet; `help` says what to do instead.
    pub(crate) fn refuse(&mut self, keys: &[&'static str], what: &str, help: &str) {
        for key in keys {
            self.refused.push(key);
            if let Some((written, _)) = self.table.get_key_value(*key) {
                let finding = Finding::error(format!("{} {what}", quoted(&self.path(key))));
                self.context.report(finding.at(written.span()).with_help(help));
            }
        }
    }

    /// Refuses keys of a later version.
    pub(crate) fn not_yet(&mut self, keys: &[&'static str], help: &str) {
        self.refuse(keys, "is not in this version", help);
    }

    /// The table at `key`.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Reader<'a>> {
        let value = self.value(key)?;
        self.child(key, value)
    }

    /// The tables in this one, each under a name of its own.
    pub(crate) fn tables(&self) -> Vec<(Spanned<String>, Reader<'a>)> {
        let mut tables = Vec::new();
        for (key, value) in self.table {
            if let Some(reader) = self.child(key.get_ref(), value) {
                tables.push((Spanned::new(key.get_ref().to_string(), key.span()), reader));
            }
        }
        tables
    }

    /// What stands in the table.
    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'a toml::Spanned<std::borrow::Cow<'a, str>>, &'a Value<'a>)> {
        self.table.iter()
    }

    /// Where the key of those given that stands last in the text stands, and how many of them there are.
    pub(crate) fn count(&self, keys: &[&str]) -> (usize, Range<usize>) {
        let mut places: Vec<_> =
            keys.iter().filter_map(|key| self.table.get_key_value(*key)).map(|(key, _)| key.span()).collect();
        places.sort_by_key(|span| span.start);
        (places.len(), places.pop().unwrap_or_else(|| self.span.clone()))
    }

    /// Whether nothing stands in the table.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The keys that lead to `key` of this table.
    pub(crate) fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Reports the keys that are unknown, then those that are missing.
    pub(crate) fn finish(mut self) {
        for key in self.table.keys() {
            let written = key.get_ref().as_ref();
            if self.is_known(written) {
                continue;
            }
            let finding =
                Finding::error(format!("unknown key {} {}", quoted(written), self.place())).at(key.span());
            self.context.report(match self.meant(written) {
                Some(meant) => {
                    self.missing.retain(|missing| missing.key != meant);
                    finding.with_help(format!("did you mean `{meant}`?"))
                }
                None if self.known.is_empty() => finding.with_help("this table has no keys; remove it"),
                None => finding.with_help(format!("the keys here are {}", list(self.known.iter().copied()))),
            });
        }
        for Missing { message, help, .. } in &self.missing {
            let finding = Finding::error(message).with_help(*help);
            let at_top = self.name.is_empty();
            self.context.report_absent(if at_top { finding } else { finding.at(self.span.clone()) });
        }
    }

    fn is_known(&self, key: &str) -> bool {
        self.known.contains(&key) || self.refused.contains(&key)
    }

    /// The known key that an unknown one was likely meant to be.
    fn meant(&self, written: &str) -> Option<&'static str> {
        nearest(written, self.known.iter().copied().filter(|known| !self.table.contains_key(*known)))
    }

    fn place(&self) -> String {
        if self.name.is_empty() { "at the top".to_owned() } else { format!("in {}", quoted(&self.name)) }
    }

    /// The table that `value` is.
    pub(crate) fn child(&self, key: &str, value: &'a Value<'a>) -> Option<Reader<'a>> {
        let path = self.path(key);
        match value.get_ref() {
            DeValue::Table(table) => Some(Reader::new(self.context, path, value.span(), table)),
            _ => {
                let help = format!("write a table, {}", quoted(&format!("[{path}]")));
                self.wrong(key, value, "a table", help);
                None
            }
        }
    }

    /// Reports a value of the wrong type.
    pub(crate) fn wrong(&self, key: &str, value: &Value<'_>, wanted: &str, help: impl Into<String>) {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        let message = format!("{} is {article} {found}; it takes {wanted}", quoted(key));
        self.context.report(Finding::error(message).at(value.span()).with_help(help));
    }
}
