use std::ops::Range;

use super::error::Problem;
use crate::Moment;

mod field;

use field::Field;
pub(super) use field::LETTERS;

/// A date pattern in the language of Java's `DateTimeFormatter`, or as much of it as means the same in
/// every locale. Text comes out in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Item>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Literal(String),
    /// A field, and how often its letter was repeated.
    Field(Field, usize),
}

/// `yyyy/MM/dd/HH/`: what a prefix that says nothing is dated with.
impl Default for Pattern {
    fn default() -> Self {
        let fields = [(Field::Year, 4), (Field::Month, 2), (Field::Day, 2), (Field::Hour { midnight: 0 }, 2)];
        let slash = || Item::Literal("/".to_owned());
        Self(fields.into_iter().flat_map(|(field, count)| [Item::Field(field, count), slash()]).collect())
    }
}

impl Pattern {
    /// Reads `text`, or says what is wrong with which bytes of it.
    pub(super) fn parse(text: &str) -> Result<Self, (Range<usize>, Problem)> {
        if text.is_empty() {
            return Err((0..0, Problem::EmptyPattern));
        }
        let mut items = Vec::new();
        let mut literal = String::new();
        let mut characters = text.char_indices().peekable();
        while let Some((start, character)) = characters.next() {
            match character {
                '\'' => {
                    let before = literal.len();
                    loop {
                        match characters.next() {
                            None => return Err((start..text.len(), Problem::QuoteNotClosed)),
                            // Two quotes are one quote, also between quotes; one alone ends.
                            Some((_, '\'')) => match characters.next_if(|&(_, next)| next == '\'') {
                                Some(_) => literal.push('\''),
                                None => break,
                            },
                            Some((_, quoted)) => literal.push(quoted),
                        }
                    }
                    if literal.len() == before {
                        literal.push('\'');
                    }
                }
                '{' | '[' | ']' | '#' => {
                    return Err((start..start + 1, Problem::Reserved { character }));
                }
                letter if letter.is_ascii_alphabetic() => {
                    let mut count = 1;
                    while characters.next_if(|&(_, next)| next == letter).is_some() {
                        count += 1;
                    }
                    let range = start..start + count;
                    let Some((field, counts)) = Field::of(letter) else {
                        return Err((range, Problem::Letter { letter }));
                    };
                    if !counts.contains(&count) {
                        return Err((range, Problem::Count { letter, count, most: *counts.end() }));
                    }
                    push_literal(&mut items, &mut literal);
                    items.push(Item::Field(field, count));
                }
                other => literal.push(other),
            }
        }
        push_literal(&mut items, &mut literal);
        Ok(Self(items))
    }

    /// Appends `moment` to `out`.
    pub(super) fn write(&self, moment: &Moment, out: &mut String) {
        for item in &self.0 {
            match item {
                Item::Literal(text) => out.push_str(text),
                Item::Field(field, count) => out.push_str(&field.text(*count, moment)),
            }
        }
    }

    /// The most bytes that it can come out as.
    pub(super) fn longest(&self) -> usize {
        let longest = |item: &Item| match item {
            Item::Literal(text) => text.len(),
            Item::Field(field, count) => field.longest(*count),
        };
        self.0.iter().map(longest).sum()
    }
}

fn push_literal(items: &mut Vec<Item>, literal: &mut String) {
    if !literal.is_empty() {
        items.push(Item::Literal(std::mem::take(literal)));
    }
}
