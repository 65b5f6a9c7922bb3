//! Shapes and their constraints, read from the lines of the table.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::pattern::Pattern;

/// The shapes of a table, by their names.
pub(super) type Model = HashMap<&'static str, Arc<Shape>>;

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    Structure(Vec<Member>),
    List { item: Arc<Shape>, constraints: Vec<Constraint> },
    Map { key: Arc<Shape>, value: Arc<Shape> },
    Scalar { kind: Kind, constraints: Vec<Constraint> },
}

/// What a value is that holds no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Blob,
    Integer,
    Double,
    Timestamp,
    Boolean,
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: &'static str,
    /// The name as messages have it.
    pub(super) told: String,
    pub(super) required: bool,
    pub(super) shape: Arc<Shape>,
}

/// What a value must satisfy. The length of a string is its characters, of a blob its bytes, of a list its items.
#[derive(Debug)]
pub(super) enum Constraint {
    Set(Vec<&'static str>),
    Pattern(Pattern),
    Least(Measure, i64),
    Most(Measure, i64),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Measure {
    Length,
    Value,
}

/// The service's words.
impl fmt::Display for Constraint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(allowed) => write!(out, "Member must satisfy enum value set: [{}]", allowed.join(", ")),
            Self::Pattern(pattern) => {
                write!(out, "Member must satisfy regular expression pattern: {}", pattern.text)
            }
            Self::Least(measure, least) => {
                write!(out, "Member must have {measure} greater than or equal to {least}")
            }
            Self::Most(measure, most) => {
                write!(out, "Member must have {measure} less than or equal to {most}")
            }
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Length => "length",
            Self::Value => "value",
        })
    }
}

/// Reads a table, or tells the line that is none of it.
pub(super) fn parse(table: &'static str) -> Result<Model, &'static str> {
    let mut model = Model::new();
    for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, shape) = line.split_once(" = ").ok_or(line)?;
        let shape = shape_of(shape, &model).ok_or(line)?;
        if model.insert(name, Arc::new(shape)).is_some() {
            return Err(line);
        }
    }
    Ok(model)
}

fn shape_of(line: &'static str, model: &Model) -> Option<Shape> {
    let (line, pattern) = split(line, " ~ ");
    let (line, set) = split(line, " {");
    let (kind, rest) = split(line, " ");
    let mut words = rest.unwrap_or_default().split_ascii_whitespace();
    let named = |name: Option<&str>| name.and_then(|name| model.get(name)).cloned();
    let shape = match kind {
        "structure" => {
            let members = words.by_ref().map(|word| member(word, model));
            Shape::Structure(members.collect::<Option<_>>()?)
        }
        "list" => {
            let item = named(words.next())?;
            Shape::List { item, constraints: range(words.next(), Measure::Length)? }
        }
        "map" => Shape::Map { key: named(words.next())?, value: named(words.next())? },
        _ => {
            let (kind, measure) = scalar(kind)?;
            let range = range(words.next(), measure)?;
            let mut constraints = Vec::new();
            if let Some(set) = set {
                constraints.push(Constraint::Set(set.strip_suffix('}')?.split(", ").collect()));
            }
            if let Some(text) = pattern {
                let most = range.iter().find_map(|constraint| match constraint {
                    Constraint::Most(_, most) => usize::try_from(*most).ok(),
                    _ => None,
                });
                constraints.push(Constraint::Pattern(Pattern::new(text, most)?));
            }
            constraints.extend(range);
            Shape::Scalar { kind, constraints }
        }
    };
    words.next().is_none().then_some(shape)
}

fn split(line: &'static str, at: &str) -> (&'static str, Option<&'static str>) {
    line.split_once(at).map_or((line, None), |(before, after)| (before, Some(after)))
}

fn scalar(kind: &str) -> Option<(Kind, Measure)> {
    Some(match kind {
        "string" => (Kind::String, Measure::Length),
        "blob" => (Kind::Blob, Measure::Length),
        "integer" => (Kind::Integer, Measure::Value),
        "double" => (Kind::Double, Measure::Value),
        "timestamp" => (Kind::Timestamp, Measure::Value),
        "boolean" => (Kind::Boolean, Measure::Value),
        _ => return None,
    })
}

fn member(word: &'static str, model: &Model) -> Option<Member> {
    let (name, shape) = split(word, ":");
    let (name, required) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
    let shape = model.get(shape.unwrap_or(name))?.clone();
    let mut told = name.to_owned();
    told.get_mut(..1)?.make_ascii_lowercase();
    Some(Member { name, told, required, shape })
}

/// `1..64`, `1..` or nothing.
fn range(word: Option<&str>, measure: Measure) -> Option<Vec<Constraint>> {
    let Some(word) = word else { return Some(Vec::new()) };
    let (least, most) = word.split_once("..")?;
    let mut constraints = vec![Constraint::Least(measure, least.parse().ok()?)];
    if !most.is_empty() {
        constraints.push(Constraint::Most(measure, most.parse().ok()?));
    }
    Some(constraints)
}
