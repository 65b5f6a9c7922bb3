//! Reads a body as a shape says. What the shape does not name is passed over, and takes no memory.

use std::cell::Cell;
use std::fmt;

use base64_simd::STANDARD;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::shape::{Kind, Shape};

/// How deep arrays and objects may lie in each other.
const MOST_DEPTH: usize = 64;
/// How many values a body may have. An object with one member takes some 650 bytes of memory for 12 of the body.
const MOST_VALUES: usize = 16_384;

/// Reads all of `body`. Null if it says so.
pub(super) fn read(shape: &Shape, body: &[u8]) -> Result<Value, serde_json::Error> {
    let left = Cell::new(MOST_VALUES);
    let mut json = serde_json::Deserializer::from_slice(body);
    let value =
        Reader { shape: Some(shape), at: &Place::Top, depth: 0, left: &left }.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Reads one value. Without a shape it is passed over.
#[derive(Clone, Copy)]
struct Reader<'a> {
    shape: Option<&'a Shape>,
    at: &'a Place<'a>,
    depth: usize,
    /// How many values may come.
    left: &'a Cell<usize>,
}

/// Where a value stands.
enum Place<'a> {
    Top,
    Member(&'a Self, &'a str),
    Item(&'a Self, usize),
    /// What a key leads to, which messages do not repeat.
    Entry(&'a Self),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Member(Self::Top, name) => out.write_str(name),
            Self::Member(above, name) => write!(out, "{above}.{name}"),
            Self::Item(above, number) => write!(out, "{above}.{number}.member"),
            Self::Entry(above) => above.fmt(out),
        }
    }
}

impl<'a> Reader<'a> {
    fn below(self, shape: Option<&'a Shape>, at: &'a Place<'a>) -> Self {
        Self { shape, at, depth: self.depth + 1, ..self }
    }

    /// Another array or object.
    fn enter<E: Error>(self) -> Result<(), E> {
        match self.depth < MOST_DEPTH {
            true => Ok(()),
            false => Err(E::custom(format!("arrays and objects lie deeper than {MOST_DEPTH} in each other"))),
        }
    }

    /// Another value.
    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| E::custom(format!("there are more than {MOST_VALUES} values")))?);
        Ok(())
    }

    fn error<E: Error>(self, what: &str) -> E {
        match self.at {
            Place::Top => E::custom(what),
            at => E::custom(format!("{what} at '{at}'")),
        }
    }

    /// A value that holds no others, if it is one of `kinds`.
    fn scalar<E: Error>(self, found: &str, kinds: &[Kind], value: impl Into<Value>) -> Result<Value, E> {
        match self.shape {
            None => Ok(Value::Null),
            Some(Shape::Scalar { kind, .. }) if kinds.contains(kind) => Ok(value.into()),
            Some(shape) => Err(self.error(&format!("{found} can not be converted to {}", wanted(shape)))),
        }
    }
}

fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Structure(_) => "a structure",
        Shape::List { .. } => "a list",
        Shape::Map { .. } => "a map",
        Shape::Scalar { kind, .. } => match kind {
            Kind::String => "a String",
            Kind::Blob => "a Blob",
            Kind::Integer => "an Integer",
            Kind::Double => "a Double",
            Kind::Timestamp => "a Timestamp",
            Kind::Boolean => "a Boolean",
        },
    }
}

const NUMBER: &str = "NUMBER_VALUE";
const WHOLE: &[Kind] = &[Kind::Integer, Kind::Double, Kind::Timestamp];
const FRACTION: &[Kind] = &[Kind::Double, Kind::Timestamp];

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.count()?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.shape.map_or("a value", wanted))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.scalar(if value { "TRUE_VALUE" } else { "FALSE_VALUE" }, &[Kind::Boolean], value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.scalar(NUMBER, WHOLE, value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        // Integers are signed.
        self.scalar(NUMBER, if i64::try_from(value).is_ok() { WHOLE } else { FRACTION }, value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.scalar(NUMBER, FRACTION, value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        if let Some(Shape::Scalar { kind: Kind::Blob, .. }) = self.shape
            && STANDARD.check(value.as_bytes()).is_err()
        {
            return Err(self.error("STRING_VALUE can not be converted to a Blob: it is not base64"));
        }
        self.scalar("STRING_VALUE", &[Kind::String, Kind::Blob], value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.enter()?;
        let shape = match self.shape {
            None => None,
            Some(Shape::List { item, .. }) => Some(item.as_ref()),
            Some(_) => return Err(self.error("Start of list found where not expected")),
        };
        let mut found = Vec::new();
        for number in 1.. {
            let Some(value) = from.next_element_seed(self.below(shape, &Place::Item(self.at, number)))?
            else {
                break;
            };
            if shape.is_some() {
                found.push(value);
            }
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        self.enter()?;
        if !matches!(self.shape, None | Some(Shape::Structure(_) | Shape::Map { .. })) {
            return Err(self.error("Start of structure or map found where not expected"));
        }
        let mut found = Map::new();
        while let Some(name) = from.next_key::<String>()? {
            let member = match self.shape {
                Some(Shape::Structure(members)) => members.iter().find(|member| member.name == name),
                _ => None,
            };
            let (shape, at) = match (self.shape, member) {
                (_, Some(member)) => (Some(&*member.shape), Place::Member(self.at, &member.told)),
                (Some(Shape::Map { value, .. }), _) => (Some(&**value), Place::Entry(self.at)),
                _ => (None, Place::Entry(self.at)),
            };
            let value = from.next_value_seed(self.below(shape, &at))?;
            if shape.is_some() && !value.is_null() && found.insert(name, value).is_some() {
                return Err(self.below(shape, &at).error("A second value found where not expected"));
            }
        }
        Ok(Value::Object(found))
    }
}
