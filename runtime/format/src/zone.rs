use std::fmt;

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::Moment;

mod error;
mod suggest;

pub use error::ZoneError;

/// The most bytes that the name of a time zone may have, as in Firehose.
pub const MAX_ZONE_BYTES: usize = 50;

/// A time zone that keys can be dated in: `UTC`, or a place of the tz database. The database is the
/// program's own, so the machine's does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC, which holds unless something else is said.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Reads the name of a zone by Firehose's rules. An empty one counts as `UTC`.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        if name.is_empty() || name == "UTC" {
            return Ok(Self::UTC);
        }
        ZoneError::of_form(name)?;
        match TimeZoneDatabase::bundled().get(name) {
            // It finds names in any spelling of small and capital letters.
            Ok(zone) if zone.iana_name() == Some(name) => Ok(Self(zone)),
            _ => Err(ZoneError::Unknown { meant: suggest::nearest(name), name: name.to_owned() }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// `ms` milliseconds after 1970, as its calendar shows it.
    pub fn moment(&self, ms: u64) -> Moment {
        Moment::new(ms, self.0.clone())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
