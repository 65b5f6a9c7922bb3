//! Any schema is rendered as the same value that a JSON library would write.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Member, Node};

/// Nodes are made of constants, so a test leaks what it draws.
fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn text() -> impl Strategy<Value = &'static str> {
    "\\PC{0,3}|[\u{0}-\u{20}\"\\\\\u{7f}é]{0,4}".prop_map(|text: String| leak(text).as_str())
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Any),
        Just(Node::Boolean),
        Just(Node::Number),
        Just(Node::String),
        Just(Node::Char),
        (prop::option::of(any::<i64>()), prop::option::of(any::<u64>()))
            .prop_map(|(min, max)| Node::Integer { min: min.map(i128::from), max: max.map(i128::from) }),
        (text(), prop::collection::vec(text(), 0..3))
            .prop_map(|(description, names)| Node::OneOf { description, names: leak(names) }),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let member =
            (text(), text(), any::<bool>(), inner.clone()).prop_map(|(name, description, required, node)| {
                Member { name, description, required, node: leak(node) }
            });
        prop_oneof![
            inner.clone().prop_map(|items| Node::Array(leak(items))),
            inner.clone().prop_map(|values| Node::Map(leak(values))),
            inner.prop_map(|value| Node::Nullable(leak(value))),
            (text(), prop::collection::vec(member, 0..4), any::<bool>()).prop_map(
                |(description, members, closed)| {
                    Node::Object { description, members: leak(members), closed }
                }
            ),
        ]
    })
}

fn model(node: &Node, outer: &str) -> Value {
    let (own, mut schema) = match *node {
        Node::Any => ("", json!({})),
        Node::Boolean => ("", json!({"type": "boolean"})),
        Node::Number => ("", json!({"type": "number"})),
        Node::String => ("", json!({"type": "string"})),
        Node::Char => ("", json!({"type": "string", "minLength": 1, "maxLength": 1})),
        Node::Integer { min, max } => {
            let mut schema = json!({"type": "integer"});
            for (name, limit) in [("minimum", min), ("maximum", max)] {
                if let Some(limit) = limit {
                    schema[name] = serde_json::from_str(&limit.to_string()).unwrap();
                }
            }
            ("", schema)
        }
        Node::OneOf { description, names } => (description, json!({"enum": names})),
        Node::Array(items) => ("", json!({"type": "array", "items": model(items, "")})),
        Node::Map(values) => ("", json!({"type": "object", "additionalProperties": model(values, "")})),
        Node::Nullable(value) => ("", json!({"anyOf": [model(value, ""), {"type": "null"}]})),
        Node::Object { description, members, closed } => {
            let mut properties = serde_json::Map::new();
            for member in members {
                properties.insert(member.name.into(), model(member.node, member.description));
            }
            let required: Vec<&str> =
                members.iter().filter(|member| member.required).map(|member| member.name).collect();
            let mut schema = json!({"type": "object", "properties": properties, "required": required});
            if closed {
                schema["additionalProperties"] = json!(false);
            }
            (description, schema)
        }
    };
    let description = if outer.is_empty() { own } else { outer };
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}

proptest! {
    #[test]
    fn a_schema_is_the_json_it_should_be(node in node()) {
        let read: Value = serde_json::from_str(&node.to_string()).unwrap();
        prop_assert_eq!(read, model(&node, ""));
    }
}
