//! JSON Schemas as constants: a tree of [`Node`]s that `#[derive(Params)]` writes, rendered to bytes by the
//! compiler.

mod impls;
mod render;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::manifest::MAX_SECTION_BYTES;

pub(crate) use render::Writer;

/// A type that settings are made of, with its JSON Schema.
///
/// `#[derive(Params)]` writes it for structs and for enums of unit variants. By hand it goes with a
/// `Deserialize` of one's own, for a type that is read from text, say:
///
/// ```
/// use standpipe_sdk::{Params, schema::Node};
///
/// struct Pattern(Vec<String>);
///
/// impl Params for Pattern {
///     const SCHEMA: Node = Node::String;
/// }
/// ```
pub trait Params {
    /// What is accepted.
    const SCHEMA: Node;
    /// Whether a member of this type may be missing without a `default`.
    const OPTIONAL: bool = false;
}

/// A JSON Schema.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Node {
    /// Any value.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number within limits.
    Integer {
        /// The least, if there is one.
        min: Option<i128>,
        /// The greatest, if there is one.
        max: Option<i128>,
    },
    /// A number.
    Number,
    /// A string.
    String,
    /// A string of one character.
    Char,
    /// One of some strings.
    OneOf {
        /// What it stands for, empty for nothing.
        description: &'static str,
        /// The strings.
        names: &'static [&'static str],
    },
    /// Any number of values of one kind.
    Array(&'static Node),
    /// An object with any members, all of one kind.
    Map(&'static Node),
    /// A value or `null`.
    Nullable(&'static Node),
    /// An object with these members.
    Object {
        /// What it stands for, empty for nothing.
        description: &'static str,
        /// Its members.
        members: &'static [Member],
        /// Whether other members are refused.
        closed: bool,
    },
}

/// As JSON, up to the size that the manifest may have.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = Writer::<MAX_SECTION_BYTES>::new();
        writer.schema(self, "");
        f.write_str(&writer.text())
    }
}

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What it stands for, empty for nothing.
    pub description: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What is accepted.
    pub node: &'static Node,
}

/// The settings of a plugin that takes none.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

impl Params for NoParams {
    const SCHEMA: Node = Node::Object { description: "", members: &[], closed: true };
}
