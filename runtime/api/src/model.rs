//! What the service takes, as data: the shapes of its inputs in one table, and the one place that holds a body against
//! them.
//!
//! `shape` reads the table, `typed` reads a body as a shape says, `check` holds it against the shape's constraints.
//!
//! # Invariants
//!
//! - What is read has only what the table names, with the types that the table names, and satisfies its constraints.
//!   A member that is null counts as one that is not there.
//! - A body grows by what the table knows of it: what is passed over takes no memory, and the values are counted.
//! - A table that cannot be read refuses every request. A test reads it.

mod check;
mod pattern;
mod shape;
mod typed;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use serde_json::{Map, Value};

use self::shape::Model;
use crate::fault::{Cause, Fault};

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    shape::parse(include_str!("model/shapes.txt")).unwrap_or_else(|line| {
        tracing::error!(line, "the table of the API's shapes cannot be read");
        Model::default()
    })
});

/// The longest message of the JSON reader that is told, in bytes.
const MOST_TOLD: usize = 512;

/// Reads the body of a request as `input`, which is a shape of the table, say `CreateDeliveryStreamInput`.
pub(crate) fn read(input: &str, body: &[u8]) -> Result<Map<String, Value>, Fault> {
    let shape = MODEL.get(input).ok_or_else(Fault::internal)?;
    match typed::read(shape, body) {
        Ok(Value::Object(found)) => {
            check::members(shape, &found)?;
            Ok(found)
        }
        Ok(_) => Err(malformed("null can not be converted to a structure")),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

fn malformed(why: &str) -> Fault {
    // It may repeat what it found, however long that is.
    let mut message = format!("the body is not the JSON of this operation: {why}");
    message.truncate(message.floor_char_boundary(MOST_TOLD));
    Fault::new(Cause::Serialization, message)
}
