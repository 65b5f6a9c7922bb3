use standpipe_record::Kind;

use super::MAX_ZONE_BYTES;
use crate::quoted::quoted;

/// A name that is not the name of a time zone here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// It is too long.
    #[error(
        "the name of the time zone has {bytes} bytes; the limit is {MAX_ZONE_BYTES}; write one such as `Europe/Berlin`"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It stands for a time zone, under a name that Firehose does not take.
    #[error("{} cannot be used as a time zone; write `{instead}`{}", quoted(.name), if *.example { ", for example" } else { "" })]
    Refused {
        /// The name.
        name: String,
        /// What to write.
        instead: &'static str,
        /// Whether that is one of several that may have been meant.
        example: bool,
    },
    /// It has a character that Firehose does not take.
    #[error("the name of the time zone {} has {} in it; use a name of letters, `/` and `_` only, such as `Asia/Kolkata`, that keeps the same time", quoted(.name), quoted(&.character.to_string()))]
    Character {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// There is no such zone.
    #[error("there is no time zone {}; {}", quoted(.name), did_you_mean(.meant.as_deref()))]
    Unknown {
        /// The name.
        name: String,
        /// A zone that may have been meant.
        meant: Option<String>,
    },
}

/// What to write for names that Firehose refuses, and whether that is only one of several.
const INSTEAD: [(&str, &str, bool); 22] = [
    ("BST", "Europe/London", true),
    ("CDT", "America/Chicago", true),
    ("CET", "Europe/Berlin", true),
    ("CST", "America/Chicago", true),
    ("EDT", "America/New_York", true),
    ("EET", "Europe/Athens", true),
    ("EST", "America/New_York", true),
    ("Etc/GMT", "UTC", false),
    ("Etc/UTC", "UTC", false),
    ("Factory", "UTC", false),
    ("GMT", "UTC", false),
    ("HST", "Pacific/Honolulu", true),
    ("IST", "Asia/Kolkata", true),
    ("JST", "Asia/Tokyo", true),
    ("MDT", "America/Denver", true),
    ("MET", "Europe/Berlin", true),
    ("MST", "America/Denver", true),
    ("PDT", "America/Los_Angeles", true),
    ("PST", "America/Los_Angeles", true),
    ("UCT", "UTC", false),
    ("WET", "Europe/Lisbon", true),
    ("utc", "UTC", false),
];

impl ZoneError {
    /// What to do about any of them: the name has to be mended by who wrote it.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }

    /// Refuses what no database needs to be asked about.
    pub(super) fn of_form(name: &str) -> Result<(), Self> {
        if name.len() > MAX_ZONE_BYTES {
            return Err(Self::TooLong { bytes: name.len() });
        }
        let fits = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '_';
        if let Some(character) = name.chars().find(|c| !fits(*c)) {
            return Err(Self::Character { name: name.to_owned(), character });
        }
        let refuse = |instead, example| Err(Self::Refused { name: name.to_owned(), instead, example });
        match INSTEAD.into_iter().find(|(refused, ..)| refused.eq_ignore_ascii_case(name)) {
            Some((_, instead, example)) => refuse(instead, example),
            None if name.len() == 3 => refuse("Europe/Berlin", true),
            None => Ok(()),
        }
    }
}

fn did_you_mean(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("did you mean `{name}`?"),
        None => "write a name of the tz database, such as `Europe/Berlin`".to_owned(),
    }
}
