use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Node, Params};

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Params for $integer {
            const SCHEMA: Node =
                Node::Integer { min: Some(<$integer>::MIN as i128), max: Some(<$integer>::MAX as i128) };
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! same {
    ($($type:ty => $node:expr),*) => {$(
        impl Params for $type {
            const SCHEMA: Node = $node;
        }
    )*};
}

same!(
    bool => Node::Boolean,
    f32 => Node::Number,
    f64 => Node::Number,
    char => Node::Char,
    String => Node::String,
    serde_json::Value => Node::Any
);

impl<T: Params> Params for Option<T> {
    const SCHEMA: Node = Node::Nullable(&T::SCHEMA);
    const OPTIONAL: bool = true;
}

impl<T: Params> Params for Box<T> {
    const SCHEMA: Node = T::SCHEMA;
    const OPTIONAL: bool = T::OPTIONAL;
}

impl<T: Params> Params for Vec<T> {
    const SCHEMA: Node = Node::Array(&T::SCHEMA);
}

impl<T: Params> Params for BTreeSet<T> {
    const SCHEMA: Node = Node::Array(&T::SCHEMA);
}

impl<T: Params, S> Params for HashSet<T, S> {
    const SCHEMA: Node = Node::Array(&T::SCHEMA);
}

impl<T: Params> Params for BTreeMap<String, T> {
    const SCHEMA: Node = Node::Map(&T::SCHEMA);
}

impl<T: Params, S> Params for HashMap<String, T, S> {
    const SCHEMA: Node = Node::Map(&T::SCHEMA);
}
