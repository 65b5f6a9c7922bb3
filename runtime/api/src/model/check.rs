//! Holds what was read against the constraints of its shape.

use base64_simd::STANDARD;
use serde_json::{Map, Value};

use super::shape::{Constraint, Kind, Shape};
use crate::fault::Fault;
use crate::validate::Violations;

/// Refuses the members of an input that do not satisfy their constraints, with all that is wrong in one message.
pub(super) fn members(shape: &Shape, found: &Map<String, Value>) -> Result<(), Fault> {
    let mut check = Check::default();
    check.members(shape, found);
    check.violations.check()
}

#[derive(Default)]
struct Check {
    /// Where the value stands that is looked at.
    at: String,
    violations: Violations,
}

impl Check {
    fn members(&mut self, shape: &Shape, found: &Map<String, Value>) {
        let Shape::Structure(members) = shape else { return };
        for member in members {
            let value = found.get(member.name);
            if value.is_some() || member.required {
                self.below(&member.told, &member.shape, value.unwrap_or(&Value::Null));
            }
        }
    }

    fn below(&mut self, step: &str, shape: &Shape, value: &Value) {
        let above = self.at.len();
        if above > 0 {
            self.at.push('.');
        }
        self.at.push_str(step);
        self.value(shape, value);
        self.at.truncate(above);
    }

    fn value(&mut self, shape: &Shape, value: &Value) {
        match (shape, value) {
            (_, Value::Null) => self.violations.null(&self.at),
            (Shape::Structure(_), Value::Object(found)) => self.members(shape, found),
            (Shape::List { item, constraints }, Value::Array(items)) => {
                self.all(constraints, "", items.len() as f64);
                for (number, value) in items.iter().enumerate() {
                    self.below(&format!("{}.member", number + 1), item, value);
                }
            }
            (Shape::Map { key, value }, Value::Object(found)) => {
                self.entries("keys", key, found.keys().map(|key| (key.as_str(), key.chars().count() as f64)));
                self.entries("value", value, found.values().map(|value| measured(value, Kind::String)));
            }
            (Shape::Scalar { kind, constraints }, value) => {
                let (text, measure) = measured(value, *kind);
                self.all(constraints, text, measure);
            }
            // Values are of their shapes.
            _ => {}
        }
    }

    fn all(&mut self, constraints: &[Constraint], text: &str, measure: f64) {
        for constraint in constraints.iter().filter(|constraint| !constraint.allows(text, measure)) {
            self.violations.add(&self.at, constraint);
        }
    }

    /// Of keys and values of a map the service tells no more than what all of them must satisfy.
    fn entries<'a>(&mut self, which: &str, shape: &Shape, mut all: impl Iterator<Item = (&'a str, f64)>) {
        let Shape::Scalar { constraints, .. } = shape else { return };
        let allowed = |(text, measure)| constraints.iter().all(|constraint| constraint.allows(text, measure));
        if !all.all(allowed) {
            let told: Vec<String> = constraints.iter().rev().map(ToString::to_string).collect();
            let constraint = format!("Map {which} must satisfy constraint: [{}]", told.join(", "));
            self.violations.add(&self.at, constraint);
        }
    }
}

/// The text of a value, and its length or its number.
fn measured(value: &Value, kind: Kind) -> (&str, f64) {
    match value {
        Value::String(text) if kind == Kind::Blob => {
            (text, STANDARD.decoded_length(text.as_bytes()).unwrap_or_default() as f64)
        }
        Value::String(text) => (text, text.chars().count() as f64),
        value => ("", value.as_f64().unwrap_or_default()),
    }
}

impl Constraint {
    fn allows(&self, text: &str, measure: f64) -> bool {
        match self {
            Self::Set(allowed) => allowed.contains(&text),
            Self::Pattern(pattern) => pattern.allows(text),
            Self::Least(_, least) => measure >= *least as f64,
            Self::Most(_, most) => measure <= *most as f64,
        }
    }
}
