use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A point in time as a calendar shows it in one time zone: what keys are dated with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(Zoned);

impl Moment {
    /// `ms` milliseconds after 1970 in `zone`. Times beyond the year 9999 stand at its end.
    pub fn new(ms: u64, zone: TimeZone) -> Self {
        let timestamp = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Self(timestamp.unwrap_or(Timestamp::MAX).to_zoned(zone))
    }

    /// `ms` milliseconds after 1970 in UTC.
    pub fn utc(ms: u64) -> Self {
        Self::new(ms, TimeZone::UTC)
    }

    pub(crate) fn zoned(&self) -> &Zoned {
        &self.0
    }
}
