use std::borrow::Cow;

use super::{Member, Node};

/// Writes JSON at compile time. With no room (`N` = 0) it only counts, so that a first pass finds the size of
/// the second.
pub(crate) struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Writer<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn bytes(self) -> [u8; N] {
        self.bytes
    }

    /// What was written, as far as there was room.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes.get(..self.len).unwrap_or(&self.bytes))
    }

    #[allow(
        clippy::indexing_slicing,
        reason = "arrays have no `get` in constants; the line above is the check"
    )]
    const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }

    /// Writes `text` as it is.
    pub(crate) const fn raw(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let [byte, after @ ..] = rest {
            self.byte(*byte);
            rest = after;
        }
    }

    /// Writes `text` as a JSON string.
    pub(crate) const fn string(&mut self, text: &str) {
        self.byte(b'"');
        let mut rest = text.as_bytes();
        while let [byte, after @ ..] = rest {
            match *byte {
                b'"' => self.raw("\\\""),
                b'\\' => self.raw("\\\\"),
                b'\n' => self.raw("\\n"),
                control @ 0..0x20 => {
                    self.raw("\\u00");
                    self.byte(hex(control >> 4));
                    self.byte(hex(control & 15));
                }
                other => self.byte(other),
            }
            rest = after;
        }
        self.byte(b'"');
    }

    /// Writes an array of strings.
    pub(crate) const fn strings(&mut self, texts: &[&str]) {
        self.byte(b'[');
        let mut rest = texts;
        let mut first = true;
        while let [text, after @ ..] = rest {
            if !first {
                self.byte(b',');
            }
            first = false;
            self.string(text);
            rest = after;
        }
        self.byte(b']');
    }

    const fn number(&mut self, number: i128) {
        if number < 0 {
            self.byte(b'-');
        }
        self.digits(number.unsigned_abs());
    }

    #[allow(clippy::cast_possible_truncation, reason = "a remainder by 10 is a digit")]
    const fn digits(&mut self, number: u128) {
        if number >= 10 {
            self.digits(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    /// Writes a schema. `description` comes from the member that it is the type of and wins over its own.
    pub(crate) const fn schema(&mut self, node: &Node, description: &str) {
        self.byte(b'{');
        let own = match node {
            Node::OneOf { description, .. } | Node::Object { description, .. } => *description,
            _ => "",
        };
        let description = if description.is_empty() { own } else { description };
        if !description.is_empty() {
            self.raw("\"description\":");
            self.string(description);
            if !matches!(node, Node::Any) {
                self.byte(b',');
            }
        }
        self.keywords(node);
        self.byte(b'}');
    }

    const fn keywords(&mut self, node: &Node) {
        match node {
            Node::Any => {}
            Node::Boolean => self.raw(r#""type":"boolean""#),
            Node::Integer { min, max } => {
                self.raw(r#""type":"integer""#);
                if let Some(min) = min {
                    self.raw(r#","minimum":"#);
                    self.number(*min);
                }
                if let Some(max) = max {
                    self.raw(r#","maximum":"#);
                    self.number(*max);
                }
            }
            Node::Number => self.raw(r#""type":"number""#),
            Node::String => self.raw(r#""type":"string""#),
            Node::Char => self.raw(r#""type":"string","minLength":1,"maxLength":1"#),
            Node::OneOf { names, .. } => {
                self.raw(r#""enum":"#);
                self.strings(names);
            }
            Node::Array(items) => {
                self.raw(r#""type":"array","items":"#);
                self.schema(items, "");
            }
            Node::Map(values) => {
                self.raw(r#""type":"object","additionalProperties":"#);
                self.schema(values, "");
            }
            Node::Nullable(value) => {
                self.raw(r#""anyOf":["#);
                self.schema(value, "");
                self.raw(r#",{"type":"null"}]"#);
            }
            Node::Object { members, closed, .. } => {
                self.raw(r#""type":"object","properties":{"#);
                self.members(members);
                self.raw(r#"},"required":["#);
                self.required(members);
                self.byte(b']');
                if *closed {
                    self.raw(r#","additionalProperties":false"#);
                }
            }
        }
    }

    const fn members(&mut self, members: &[Member]) {
        let mut rest = members;
        let mut first = true;
        while let [member, after @ ..] = rest {
            if !first {
                self.byte(b',');
            }
            first = false;
            self.string(member.name);
            self.byte(b':');
            self.schema(member.node, member.description);
            rest = after;
        }
    }

    const fn required(&mut self, members: &[Member]) {
        let mut rest = members;
        let mut first = true;
        while let [member, after @ ..] = rest {
            if member.required {
                if !first {
                    self.byte(b',');
                }
                first = false;
                self.string(member.name);
            }
            rest = after;
        }
    }
}

const fn hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'a' + digit - 10,
    }
}
