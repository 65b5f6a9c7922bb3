use crate::{Compression, Extension, Level, Moment, ObjectName, Prefix, Zone};

/// Which object of a stream a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What<'a> {
    /// One of the destination, with the values of the prefix's partition keys in their order; or one of a
    /// backup, which has none.
    Destination(&'a [&'a str]),
    /// One of the error output, with the error type of its records.
    ErrorOutput(&'a str),
}

/// What a key tells of an object besides its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The version of the stream's configuration, from 1.
    pub version: u64,
    /// When the oldest record in the object arrived, in milliseconds since 1970.
    pub oldest_ms: u64,
    /// 128 bits that no other object has.
    pub id: u128,
}

/// How the objects of a destination, or of a backup, are named and compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// What keys begin with.
    pub prefix: Prefix,
    /// What those of the error output begin with. A backup has none.
    pub error_output: Option<Prefix>,
    /// Where the calendar is kept that dates keys.
    pub zone: Zone,
    /// What keys end in, if not in the compression's extension.
    pub extension: Option<Extension>,
    /// How objects are compressed. Those of the error output never are.
    pub compression: Compression,
    /// How hard that tries.
    pub level: Level,
}

impl Layout {
    /// The whole key of an object. `random` is called for each character of it that is to be random.
    ///
    /// Keys of the error output have no extension.
    pub fn key(&self, name: &Naming<'_>, what: What<'_>, random: &mut dyn FnMut() -> u64) -> String {
        match what {
            What::Destination(_) => self.key_below(&self.prefix, name, what, random),
            What::ErrorOutput(_) => {
                let prefix = self.error_output.as_ref().unwrap_or(&self.prefix);
                self.key_of(prefix, "", name, what, random)
            }
        }
    }

    /// The key of an object of the destination under another prefix, which it was begun under.
    pub fn key_below(
        &self,
        prefix: &Prefix,
        name: &Naming<'_>,
        what: What<'_>,
        random: &mut dyn FnMut() -> u64,
    ) -> String {
        let extension = self.extension.as_ref().map_or(self.compression.extension(), Extension::as_str);
        self.key_of(prefix, extension, name, what, random)
    }

    fn key_of(
        &self,
        prefix: &Prefix,
        extension: &str,
        name: &Naming<'_>,
        what: What<'_>,
        random: &mut dyn FnMut() -> u64,
    ) -> String {
        let moment: &Moment = &self.zone.moment(name.oldest_ms);
        let Naming { stream, version, id, .. } = *name;
        ObjectName { stream, version, moment, id, extension }.key(&prefix.evaluate(moment, what, random))
    }
}
