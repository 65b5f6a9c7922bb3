use std::ops::Range;

use toml::de::{DeTable, Error};

use crate::Finding;
use crate::places::{Places, Ranges};
use crate::secret::SECRETS;
use crate::text::quoted;

/// Where the text is not TOML.
///
/// The parser goes on after an error, so several can be told in one go, but what it makes of the rest of
/// the line, or of a list that is not closed, is guesswork: one mistake there makes a dozen errors. So an
/// error spoils the line or the list that it lies in. Only its first error is told, and no other finding
/// there. A single value that cannot be read is the exception: it spoils nothing but itself.
#[derive(Debug, Default)]
pub(crate) struct Syntax {
    findings: Vec<Finding>,
    spoiled: Ranges,
    values: Ranges,
}

impl Syntax {
    pub(crate) fn new(text: &str, document: &DeTable<'_>, errors: &[Error]) -> Self {
        let mut syntax = Self::default();
        if errors.is_empty() {
            return syntax;
        }
        let places = Places::new(text, document);
        let end = text.trim_end().len();
        let mut errors: Vec<_> =
            errors.iter().map(|error| (error.span().unwrap_or(end..end), error)).collect();
        errors.sort_by_key(|(span, _)| span.start);
        let mut in_values = Vec::new();
        for (span, error) in errors {
            match places.bare_value(text, &span) {
                Some(value) => in_values.push((value, error)),
                None => syntax.add(text, &places, end, span, error),
            }
        }
        for (value, error) in in_values {
            if syntax.spoiled.around(value.start).is_none() && syntax.values.around(value.start).is_none() {
                syntax.findings.push(bad_value(text, value.clone(), error));
                syntax.values.push(value);
            }
        }
        syntax
    }

    fn add(&mut self, text: &str, places: &Places, end: usize, span: Range<usize>, error: &Error) {
        let list = places.containers.around(span.start);
        // The parser notices at the end of the text that a list is open; a person looks for its bracket.
        let open = list.clone().filter(|_| span.start >= end).map(|list| list.start..list.start + 1);
        match (self.spoiled.around(span.start), open) {
            (None, open) => {
                self.findings.push(describe(text, open.unwrap_or_else(|| span.clone()), error));
                self.spoiled.push(list.unwrap_or_else(|| line(text, span.start)));
            }
            (Some(_), Some(open)) => {
                if let Some(first) = self.findings.last_mut() {
                    *first = describe(text, open, error);
                }
            }
            (Some(_), None) => {}
        }
    }

    /// Whether `finding` lies where the parser guessed.
    pub(crate) fn spoils(&self, finding: &Finding) -> bool {
        let spoiled = |place| self.spoiled.around(place).is_some() || self.values.around(place).is_some();
        finding.span.as_ref().is_some_and(|span| spoiled(span.start))
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

fn bad_value(text: &str, span: Range<usize>, error: &Error) -> Finding {
    let written = text.get(span.clone()).unwrap_or_default();
    // Of a bare word the parser says no more than that it has no quotes.
    let reason = match error.message() {
        message if message.starts_with("string values must be quoted") => String::new(),
        message => format!(": {message}"),
    };
    let line = text.get(..span.start).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    if SECRETS.iter().any(|key| line.contains(key)) {
        let help = "write `\"env:NAME\"` for a variable of the environment, or `\"file:PATH\"`";
        return Finding::error(format!("this is no value{reason}")).at(span).with_help(help);
    }
    let help = format!("if it is a string, write {}", quoted(&format!("\"{written}\"")));
    Finding::error(format!("{} is no value{reason}", quoted(written))).at(span).with_help(help)
}

fn describe(text: &str, span: Range<usize>, error: &Error) -> Finding {
    let written = text.get(span.clone()).unwrap_or_default();
    let finding = match error.message() {
        "duplicate key" => {
            let finding = Finding::error(format!("{} stands here for the second time", quoted(written)));
            finding.with_help("remove one of the two")
        }
        message if message.starts_with("string values must be quoted") && written.is_empty() => {
            Finding::error("a value is missing").with_help("write it after the `=`")
        }
        message
            if message.starts_with("invalid")
                && message.contains(" string")
                && ends_line(text, span.start) =>
        {
            Finding::error("the string is not closed on its line")
                .with_help("end it with the quote that it begins with")
        }
        message if message.starts_with("missing escaped value") => {
            let help = "write `\\\\` for a backslash, or put the string in single quotes";
            Finding::error("a backslash stands before what it cannot escape").with_help(help)
        }
        message => Finding::error(message),
    };
    finding.at(span)
}

fn ends_line(text: &str, place: usize) -> bool {
    text.get(place..).is_some_and(|rest| rest.is_empty() || rest.starts_with(['\r', '\n']))
}

fn line(text: &str, place: usize) -> Range<usize> {
    let start = text.get(..place).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let newline = text.get(place..).and_then(|after| after.find('\n'));
    start..newline.map_or(text.len(), |length| place + length)
}
