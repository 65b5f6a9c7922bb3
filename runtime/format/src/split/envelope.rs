//! The envelope in which CloudWatch Logs sends log events.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Parts;

/// What an envelope is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum MessageType {
    /// It holds log events.
    #[serde(rename = "DATA_MESSAGE")]
    Data,
    /// It looks whether the destination is there.
    #[serde(rename = "CONTROL_MESSAGE")]
    Control,
}

/// Reads an envelope. The messages of its events go to `lines`, each with a newline; those of an envelope
/// that turns out to be none, too.
pub(super) fn read(text: &[u8], lines: Option<&mut Parts>) -> serde_json::Result<MessageType> {
    let text = std::str::from_utf8(text).map_err(Error::custom)?;
    let mut json = serde_json::Deserializer::from_str(text);
    let message_type = json.deserialize_map(Envelope { lines })?;
    json.end()?;
    Ok(message_type)
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Name {
    #[serde(rename = "messageType")]
    MessageType,
    #[serde(rename = "logEvents")]
    LogEvents,
    #[serde(rename = "message")]
    Message,
    #[serde(other)]
    Other,
}

struct Envelope<'a> {
    lines: Option<&'a mut Parts>,
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = MessageType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `messageType` and `logEvents`")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<MessageType, A::Error> {
        let mut message_type = None;
        let mut events = false;
        while let Some(name) = map.next_key()? {
            match name {
                Name::MessageType if message_type.is_none() => message_type = Some(map.next_value()?),
                Name::MessageType => return Err(Error::duplicate_field("messageType")),
                Name::LogEvents if !events => {
                    events = true;
                    map.next_value_seed(Inside { what: What::Events, lines: self.lines.as_deref_mut() })?;
                }
                Name::LogEvents => return Err(Error::duplicate_field("logEvents")),
                Name::Message | Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if !events {
            return Err(Error::missing_field("logEvents"));
        }
        message_type.ok_or_else(|| Error::missing_field("messageType"))
    }
}

/// What of an envelope is read next.
#[derive(Clone, Copy)]
enum What {
    Events,
    Event,
    Message,
}

/// Reads it straight into the lines, without an event in between.
struct Inside<'a> {
    what: What,
    lines: Option<&'a mut Parts>,
}

impl<'de> DeserializeSeed<'de> for Inside<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        match self.what {
            What::Events => json.deserialize_seq(self),
            What::Event => json.deserialize_map(self),
            What::Message => json.deserialize_str(self),
        }
    }
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.what {
            What::Events => "an array of log events",
            What::Event => "a log event, an object with `message`",
            What::Message => "the message of a log event, a string",
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut events: A) -> Result<(), A::Error> {
        loop {
            let event = Inside { what: What::Event, lines: self.lines.as_deref_mut() };
            if events.next_element_seed(event)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut message = false;
        while let Some(name) = map.next_key()? {
            match name {
                Name::Message if !message => {
                    message = true;
                    map.next_value_seed(Inside { what: What::Message, lines: self.lines.as_deref_mut() })?;
                }
                Name::Message => return Err(Error::duplicate_field("message")),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if message { Ok(()) } else { Err(Error::missing_field("message")) }
    }

    fn visit_str<E: Error>(self, message: &str) -> Result<(), E> {
        if let Some(lines) = self.lines {
            lines.push_line(message);
        }
        Ok(())
    }
}
