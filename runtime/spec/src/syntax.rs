use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use crate::Finding;
use crate::text::quoted;

/// The places where the text is not TOML.
///
/// The parser goes on after an error, so several can be told in one go, but what it makes of the rest of
/// the line, or of the list or braces that were not closed, is guesswork: one mistake there makes a dozen
/// errors. So an error spoils the line or the value that it lies in. Only its first error is told, and no
/// other finding there. A bare word is the exception: the parser knows exactly what was meant.
#[derive(Debug)]
pub(crate) struct Syntax {
    findings: Vec<Finding>,
    spoiled: Vec<Range<usize>>,
}

impl Syntax {
    pub(crate) fn new(text: &str, document: &DeTable<'_>, errors: &[Error]) -> Self {
        let mut syntax = Self { findings: Vec::new(), spoiled: Vec::new() };
        if errors.is_empty() {
            return syntax;
        }
        let mut places = Places::default();
        places.collect(text, document);
        let end = text.trim_end().len();
        let mut errors: Vec<_> =
            errors.iter().map(|error| (error.span().unwrap_or(end..end), error)).collect();
        errors.sort_by_key(|(span, _)| span.start);
        let (words, others): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|(span, _)| !span.is_empty() && places.scalars.contains(span));
        for (span, error) in others {
            let around = places
                .containers
                .iter()
                .find(|around| around.start <= span.start && span.start <= around.end);
            let unclosed = around.filter(|_| span.start >= end);
            if let Some(last) = syntax.spoiled.last().filter(|last| last.end >= span.start) {
                // The end of the text is where the parser notices, the opening bracket where a person looks.
                if let (Some(finding), Some(open)) = (syntax.findings.last_mut(), unclosed)
                    && last == open
                {
                    *finding = describe(text, open.start..open.start + 1, error);
                }
                continue;
            }
            let place = unclosed.map_or(span.clone(), |open| open.start..open.start + 1);
            syntax.findings.push(describe(text, place, error));
            syntax.spoiled.push(around.cloned().unwrap_or_else(|| line(text, span.start)));
        }
        for (span, error) in words {
            if !syntax.is_spoiled(span.start) {
                syntax.findings.push(describe(text, span.clone(), error));
                syntax.spoiled.push(span);
            }
        }
        syntax
    }

    /// Whether `finding` lies where the parser guessed.
    pub(crate) fn spoils(&self, finding: &Finding) -> bool {
        finding.span.as_ref().is_some_and(|span| self.is_spoiled(span.start))
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    fn is_spoiled(&self, place: usize) -> bool {
        self.spoiled.iter().any(|spoiled| spoiled.contains(&place))
    }
}

fn describe(text: &str, span: Range<usize>, error: &Error) -> Finding {
    let written = text.get(span.clone()).unwrap_or_default();
    let message = error.message();
    let finding = if message.starts_with("string values must be quoted") {
        if written.is_empty() {
            Finding::error("a value is missing").with_help("write it after the `=`")
        } else {
            let help = format!("if it is a string, write {}", quoted(&format!("\"{written}\"")));
            Finding::error(format!("{} is no value", quoted(written))).with_help(help)
        }
    } else if message == "duplicate key" {
        Finding::error(format!("{} stands here for the second time", quoted(written)))
            .with_help("remove one of the two")
    } else {
        Finding::error(message)
    };
    finding.at(span)
}

fn line(text: &str, place: usize) -> Range<usize> {
    let before = text.get(..place).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let length = text.get(place..).and_then(|after| after.find('\n'));
    // The newline belongs to the line, so that an empty line is not an empty range.
    start..length.map_or(text.len() + 1, |length| place + length + 1)
}

/// Where the parser saw values.
#[derive(Default)]
struct Places {
    scalars: Vec<Range<usize>>,
    containers: Vec<Range<usize>>,
}

impl Places {
    fn collect(&mut self, text: &str, table: &DeTable<'_>) {
        for value in table.values() {
            self.collect_value(text, value, true);
        }
    }

    fn collect_value(&mut self, text: &str, value: &toml::Spanned<DeValue<'_>>, outermost: bool) {
        let span = value.span();
        let opens_with = |bracket| text.get(span.clone()).is_some_and(|written| written.starts_with(bracket));
        match value.get_ref() {
            DeValue::Table(table) => {
                let inline = opens_with('{');
                if inline && outermost {
                    self.containers.push(span.clone());
                }
                for value in table.values() {
                    self.collect_value(text, value, outermost && !inline);
                }
            }
            DeValue::Array(array) => {
                let tables = array.iter().any(|item| {
                    item.get_ref().is_table()
                        && !text.get(item.span()).is_some_and(|written| written.starts_with('{'))
                });
                if !tables && outermost {
                    self.containers.push(span.clone());
                }
                for value in array {
                    self.collect_value(text, value, outermost && tables);
                }
            }
            _ => self.scalars.push(span),
        }
    }
}
