use std::ops::Range;

use super::error::Problem;
use crate::Moment;

mod field;
mod names;
mod offset;
mod week;

pub(super) use field::LETTERS;
use field::{Field, Letter};

/// A date pattern in the language of Java's `DateTimeFormatter`, or as much of it as all of Java's versions
/// print alike for `Locale.US`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Item>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Literal(String),
    Field {
        field: Field,
        /// How often its letter was repeated.
        count: usize,
        /// To how many characters it is filled up with spaces in front.
        width: usize,
    },
}

/// `yyyy/MM/dd/HH/`: what a prefix that says nothing is dated with.
impl Default for Pattern {
    fn default() -> Self {
        let fields = [(Field::Year, 4), (Field::Month, 2), (Field::Day, 2), (Field::Hour { midnight: 0 }, 2)];
        let slash = || Item::Literal("/".to_owned());
        let item = |(field, count)| [Item::Field { field, count, width: 0 }, slash()];
        Self(fields.into_iter().flat_map(item).collect())
    }
}

impl Pattern {
    /// Reads `text`, or says what is wrong with which bytes of it.
    pub(super) fn parse(text: &str) -> Result<Self, (Range<usize>, Problem)> {
        if text.is_empty() {
            return Err((0..0, Problem::EmptyPattern));
        }
        let mut reader = Reader { text, at: 0, items: Vec::new(), literal: String::new(), open: 0 };
        while let Some(next) = reader.peek() {
            reader.item(next)?;
        }
        reader.push_literal();
        Ok(Self(reader.items))
    }

    /// Appends `moment` to `out`.
    pub(super) fn write(&self, moment: &Moment, out: &mut String) {
        for item in &self.0 {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Field { field, count, width } => {
                    let text = field.text(*count, moment);
                    out.extend(std::iter::repeat_n(' ', width.saturating_sub(text.len())));
                    out.push_str(&text);
                }
            }
        }
    }

    /// Its literal text, with an `x` for each field. No field begins or ends in a slash or comes out as
    /// dots, so this has a segment of dots where the real thing would.
    pub(super) fn shape(&self) -> String {
        let shape = |item: &Item| match item {
            Item::Literal(text) => text.clone(),
            Item::Field { .. } => "x".to_owned(),
        };
        self.0.iter().map(shape).collect()
    }

    /// The most bytes that it can come out as.
    pub(super) fn longest(&self) -> usize {
        let longest = |item: &Item| match item {
            Item::Literal(text) => text.len(),
            Item::Field { field, count, width } => field.longest(*count).max(*width),
        };
        self.0.iter().map(longest).sum()
    }
}

/// Reads a pattern from its beginning to its end.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    items: Vec<Item>,
    literal: String,
    /// Optional sections that have no end yet.
    open: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    /// The next character, if it is `character`.
    fn next_if(&mut self, character: char) -> bool {
        let is = self.peek() == Some(character);
        self.at += if is { character.len_utf8() } else { 0 };
        is
    }

    fn item(&mut self, next: char) -> Result<(), (Range<usize>, Problem)> {
        let here = self.at..self.at + next.len_utf8();
        match next {
            '\'' => return self.quoted(),
            letter if letter.is_ascii_alphabetic() => return self.letters(letter),
            // A moment has every field, so what is optional is always printed. A section without an end
            // ends with the pattern.
            '[' => self.open += 1,
            ']' => match self.open.checked_sub(1) {
                Some(open) => self.open = open,
                None => return Err((here, Problem::NoSection)),
            },
            '{' | '#' => return Err((here, Problem::Reserved { character: next })),
            other => self.literal.push(other),
        }
        self.at = here.end;
        Ok(())
    }

    /// Text in single quotes. Two of them are one, also inside; one alone ends it.
    fn quoted(&mut self) -> Result<(), (Range<usize>, Problem)> {
        let (start, before) = (self.at, self.literal.len());
        self.at += 1;
        while let Some(next) = self.peek() {
            self.at += next.len_utf8();
            if next != '\'' || self.next_if('\'') {
                self.literal.push(next);
                continue;
            }
            if self.literal.len() == before {
                self.literal.push('\'');
            }
            return Ok(());
        }
        Err((start..self.text.len(), Problem::QuoteNotClosed))
    }

    /// A letter as often as it stands there, with what pads it.
    fn letters(&mut self, letter: char) -> Result<(), (Range<usize>, Problem)> {
        let start = self.at;
        let first = self.run(letter);
        let (letter, count, width) = match (letter, self.peek()) {
            ('p', Some(next)) if next.is_ascii_alphabetic() => (next, self.run(next), first),
            ('p', _) => return Err((start..self.at, Problem::NothingToPad)),
            _ => (letter, first, 0),
        };
        let whole = start..self.at;
        let text = |range: Range<usize>| self.text.get(range).unwrap_or_default().to_owned();
        let run = self.at - count..self.at;
        let field = match Letter::read(letter, count) {
            Letter::Field(field) => field,
            Letter::Unknown => return Err((run, Problem::Letter { letter })),
            Letter::Differs(reason) => {
                return Err((run.clone(), Problem::Differs { run: text(run), reason }));
            }
            Letter::Takes(takes) => return Err((run, Problem::Count { letter, count, takes })),
        };
        let longest = field.longest(count);
        if width > 0 && width < longest {
            return Err((whole.clone(), Problem::PadTooNarrow { run: text(whole), width, longest }));
        }
        self.push_literal();
        self.items.push(Item::Field { field, count, width });
        Ok(())
    }

    /// Goes behind `letter` as often as it stands here, and says how often that is.
    fn run(&mut self, letter: char) -> usize {
        let start = self.at;
        while self.next_if(letter) {}
        self.at - start
    }

    fn push_literal(&mut self) {
        if !self.literal.is_empty() {
            self.items.push(Item::Literal(std::mem::take(&mut self.literal)));
        }
    }
}
