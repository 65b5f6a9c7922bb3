//! The JSON that events come in. Messages are written while it is read.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use standpipe_sdk::{Buffer, Failure};

/// What an envelope says it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Log events.
    Data,
    /// A probe, sent when a subscription is made.
    Control,
}

/// How much of an unknown type is named, in characters.
const SHOWN: usize = 40;

/// Writes the messages of an envelope, a newline behind each, as AWS's own processor does.
pub(crate) fn read(json: &[u8], out: &mut Buffer<'_>) -> Result<Kind, Failure> {
    let json = str::from_utf8(json)
        .map_err(|error| Failure::new("not-utf-8", format!("the inflated record is no UTF-8: {error}")))?;
    let unknown = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_str(json);
    let kind = Envelope { out, unknown: &unknown }.deserialize(&mut reader);
    let kind = kind.and_then(|kind| reader.end().map(|()| kind));
    kind.map_err(|error| match (error.classify(), unknown.get()) {
        (_, true) => Failure::new("not-a-log-message", described(&error)),
        (serde_json::error::Category::Data, _) => Failure::new("not-cloudwatch-logs", described(&error)),
        _ => Failure::new("not-json", format!("the inflated record is no JSON: {error}")),
    })
}

#[cold]
fn described(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Of the place only lines and columns of an inflated text are known, which nobody can look at.
    text.rsplit_once(" at line ").map_or(text.clone(), |(text, _)| text.to_owned())
}

struct Envelope<'a, 'b> {
    out: &'a mut Buffer<'b>,
    unknown: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_, '_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Kind, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_, '_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `messageType` and `logEvents`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Kind, A::Error> {
        let (mut kind, mut events) = (None, false);
        while let Some(member) = members.next_key_seed(Name)? {
            match member {
                Member::MessageType if kind.is_some() => {
                    return Err(A::Error::duplicate_field("messageType"));
                }
                Member::MessageType => kind = Some(members.next_value_seed(Type { unknown: self.unknown })?),
                Member::LogEvents if events => return Err(A::Error::duplicate_field("logEvents")),
                // What a probe carries is of no use, whatever it is.
                Member::LogEvents if kind == Some(Kind::Control) => {
                    members.next_value::<IgnoredAny>()?;
                }
                Member::LogEvents => {
                    members.next_value_seed(Events(&mut *self.out))?;
                    events = true;
                }
                Member::Message | Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        match kind {
            None => Err(A::Error::missing_field("messageType")),
            Some(Kind::Data) if !events => Err(A::Error::missing_field("logEvents")),
            Some(kind) => Ok(kind),
        }
    }
}

enum Member {
    MessageType,
    LogEvents,
    Message,
    Other,
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Member, D::Error> {
        reader.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Member, E> {
        Ok(match name {
            "messageType" => Member::MessageType,
            "logEvents" => Member::LogEvents,
            "message" => Member::Message,
            _ => Member::Other,
        })
    }
}

struct Type<'a> {
    unknown: &'a Cell<bool>,
}

impl<'de> DeserializeSeed<'de> for Type<'_> {
    type Value = Kind;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Kind, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Type<'_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a `messageType`")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Kind, E> {
        match name {
            "DATA_MESSAGE" => Ok(Kind::Data),
            "CONTROL_MESSAGE" => Ok(Kind::Control),
            other => {
                self.unknown.set(true);
                let mut shown: String = other.chars().take(SHOWN).collect();
                if shown.len() < other.len() {
                    shown.push('…');
                }
                Err(E::custom(format_args!(
                    "`messageType` is `{shown}`: neither `DATA_MESSAGE` nor `CONTROL_MESSAGE`"
                )))
            }
        }
    }
}

struct Events<'a, 'b>(&'a mut Buffer<'b>);

impl<'de> DeserializeSeed<'de> for Events<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Events<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<(), A::Error> {
        while events.next_element_seed(Event(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

struct Event<'a, 'b>(&'a mut Buffer<'b>);

impl<'de> DeserializeSeed<'de> for Event<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Event<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut written = false;
        while let Some(member) = members.next_key_seed(Name)? {
            match member {
                Member::Message if written => return Err(A::Error::duplicate_field("message")),
                Member::Message => {
                    members.next_value_seed(Message(&mut *self.0))?;
                    written = true;
                }
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        if written { Ok(()) } else { Err(A::Error::missing_field("message")) }
    }
}

struct Message<'a, 'b>(&'a mut Buffer<'b>);

impl<'de> DeserializeSeed<'de> for Message<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Message<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_str<E: serde::de::Error>(self, message: &str) -> Result<(), E> {
        self.0.extend(message.as_bytes());
        self.0.push(b'\n');
        Ok(())
    }
}
