use jiff::Zoned;

use super::names::{self, MONTHS, QUARTERS, WEEKDAYS};
use super::offset::{self, Form};
use super::week::{self, Week};
use crate::Moment;

/// The letters that [`Letter::read`] knows, for messages.
pub(in crate::prefix) const LETTERS: &str = "G y u Y M L d D Q q w W E e c a H k h K m s S A n N g X x Z O z VV, p to pad and [ ] around what is optional";

/// The longest id of a zone has 32 bytes, those that are offsets have fewer.
const MAX_ID_BYTES: usize = 40;

/// `GMT+12:34:56`; abbreviations are shorter.
const MAX_NAME_BYTES: usize = 12;

/// The day that day 0 of the Modified Julian calendar is, counted from the first of January 1970.
const MODIFIED_JULIAN: i64 = -40_587;

/// One field of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// AD: a key is never dated before it.
    Era,
    Year,
    /// The year of the [week](Week).
    WeekYear,
    Month,
    Quarter,
    Day,
    DayOfYear,
    Week,
    WeekOfMonth,
    /// As text.
    Weekday,
    /// As a number, Sunday being 1.
    WeekdayNumber,
    /// AM or PM.
    Half,
    /// Hour of the day, midnight being `midnight`: 0 or 24.
    Hour {
        midnight: i64,
    },
    /// Hour of half a day, noon and midnight being `midnight`: 0 or 12.
    HalfHour {
        midnight: i64,
    },
    Minute,
    Second,
    /// Digits of the second behind its point.
    Fraction,
    Nanosecond,
    /// Milliseconds of the day, by the clock.
    MilliOfDay,
    /// Nanoseconds of the day, by the clock.
    NanoOfDay,
    /// Days since 17 November 1858.
    JulianDay,
    /// Distance to UTC. With `z`, none is the letter Z.
    Offset {
        z: bool,
    },
    /// Distance to UTC behind `GMT`.
    LocalizedOffset,
    /// Distance to UTC as `Z` writes it.
    PlainOffset,
    ZoneName,
    ZoneId,
}

/// What a letter says when it stands there so often.
pub(super) enum Letter {
    Field(Field),
    /// It may not stand there so often, but as often as this.
    Takes(&'static str),
    /// It means nothing.
    Unknown,
    /// Java's versions print it in different ways.
    Differs(&'static str),
}

impl Letter {
    pub(super) fn read(letter: char, count: usize) -> Self {
        let (field, takes, fits) = match letter {
            'G' => (Field::Era, "1 to 5", count <= 5),
            'y' | 'u' => (Field::Year, "1 to 19", count <= 19),
            'Y' => (Field::WeekYear, "1 to 19", count <= 19),
            'M' | 'L' => (Field::Month, "1 to 5", count <= 5),
            'Q' | 'q' => (Field::Quarter, "1 to 5", count <= 5),
            'd' => (Field::Day, "1 to 2", count <= 2),
            'D' => (Field::DayOfYear, "1 to 3", count <= 3),
            'w' => (Field::Week, "1 to 2", count <= 2),
            'W' => (Field::WeekOfMonth, "1", count == 1),
            'E' => (Field::Weekday, "1 to 5", count <= 5),
            'e' if count <= 2 => (Field::WeekdayNumber, "", true),
            'e' => (Field::Weekday, "1 to 5", count <= 5),
            'c' if count == 1 => (Field::WeekdayNumber, "", true),
            'c' => (Field::Weekday, "1, or 3 to 5", (3..=5).contains(&count)),
            'a' => (Field::Half, "1", count == 1),
            'H' => (Field::Hour { midnight: 0 }, "1 to 2", count <= 2),
            'k' => (Field::Hour { midnight: 24 }, "1 to 2", count <= 2),
            'h' => (Field::HalfHour { midnight: 12 }, "1 to 2", count <= 2),
            'K' => (Field::HalfHour { midnight: 0 }, "1 to 2", count <= 2),
            'm' => (Field::Minute, "1 to 2", count <= 2),
            's' => (Field::Second, "1 to 2", count <= 2),
            'S' => (Field::Fraction, "1 to 9", count <= 9),
            'A' => (Field::MilliOfDay, "1 to 19", count <= 19),
            'n' => (Field::Nanosecond, "1 to 19", count <= 19),
            'N' => (Field::NanoOfDay, "1 to 19", count <= 19),
            'g' => (Field::JulianDay, "1 to 19", count <= 19),
            'X' => (Field::Offset { z: true }, "1 to 5", count <= 5),
            'x' => (Field::Offset { z: false }, "1 to 5", count <= 5),
            'Z' => (Field::PlainOffset, "1 to 5", count <= 5),
            'O' => (Field::LocalizedOffset, "1 or 4", matches!(count, 1 | 4)),
            'z' if count == 4 => return Self::Differs("Java has changed the long names of time zones"),
            'z' => (Field::ZoneName, "1 to 3", count <= 3),
            'V' => (Field::ZoneId, "exactly 2", count == 2),
            'v' => return Self::Differs("Java has changed the names of time zones without a season"),
            'F' => {
                return Self::Differs(
                    "it was a day in its week until Java 18, and is a week of the month since",
                );
            }
            'B' => return Self::Differs("Java has changed what it calls the time before six in the morning"),
            _ => return Self::Unknown,
        };
        if fits { Self::Field(field) } else { Self::Takes(takes) }
    }
}

impl Field {
    /// What it comes out as when its letter stands `count` times.
    pub(super) fn text(self, count: usize, moment: &Moment) -> String {
        let at = moment.zoned();
        let hour = i64::from(at.hour());
        match self {
            Self::Era => match count {
                4 => "Anno Domini",
                5 => "A",
                _ => "AD",
            }
            .to_owned(),
            Self::Year => year(at.year().into(), count),
            Self::WeekYear => year(Week::of(at).year, count),
            Self::Month if count > 2 => names::name(at.month().into(), count, &MONTHS),
            Self::Month => number(at.month().into(), count),
            Self::Quarter => {
                let quarter = (i64::from(at.month()) + 2) / 3;
                match count {
                    3 => format!("Q{quarter}"),
                    4 => names::name(quarter, count, &QUARTERS),
                    5 => number(quarter, 1),
                    _ => number(quarter, count),
                }
            }
            Self::Day => number(at.day().into(), count),
            Self::DayOfYear => number(at.day_of_year().into(), count),
            Self::Week => number(Week::of(at).number, count),
            Self::WeekOfMonth => number(week::of_month(at), count),
            // One letter and two are as good as three.
            Self::Weekday => names::name(week::weekday(at), count.max(3), &WEEKDAYS),
            Self::WeekdayNumber => number(week::weekday(at), count),
            Self::Half => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Self::Hour { midnight } => number(if hour == 0 { midnight } else { hour }, count),
            Self::HalfHour { midnight } => {
                let half = hour % 12;
                number(if half == 0 { midnight } else { half }, count)
            }
            Self::Minute => number(at.minute().into(), count),
            Self::Second => number(at.second().into(), count),
            Self::Fraction => number(at.subsec_nanosecond().into(), 9).chars().take(count).collect(),
            Self::Nanosecond => number(at.subsec_nanosecond().into(), count),
            Self::MilliOfDay => number(nano_of_day(at) / 1_000_000, count),
            Self::NanoOfDay => number(nano_of_day(at), count),
            Self::JulianDay => number(julian_day(at), count),
            Self::Offset { z } => {
                let zero = if z { Some("Z") } else { None };
                Form::of(count).text(at.offset().seconds(), zero)
            }
            Self::LocalizedOffset => offset::localized(at.offset().seconds(), count == 4),
            Self::PlainOffset => match count {
                4 => offset::localized(at.offset().seconds(), true),
                5 => Form::ColonSeconds.text(at.offset().seconds(), Some("Z")),
                _ => Form::Plain.text(at.offset().seconds(), None),
            },
            Self::ZoneName => zone_name(at),
            Self::ZoneId => match at.time_zone().iana_name() {
                Some(name) => name.to_owned(),
                None => Form::ColonSeconds.text(at.offset().seconds(), Some("Z")),
            },
        }
    }

    /// The most bytes that it comes out as when its letter stands `count` times.
    pub(super) fn longest(self, count: usize) -> usize {
        match self {
            Self::Era => match count {
                4 => 11,
                5 => 1,
                _ => 2,
            },
            Self::Year | Self::WeekYear if count == 2 => 2,
            // Years end with 9999, but the last week of that belongs to the next.
            Self::WeekYear if count == 4 => "+10000".len(),
            Self::WeekYear => count.max(5),
            Self::Year => count.max(4),
            Self::Month if count > 2 => names::longest(count, &MONTHS),
            Self::Quarter => match count {
                1 | 5 => 1,
                4 => names::longest(count, &QUARTERS),
                _ => 2,
            },
            Self::DayOfYear => 3,
            Self::WeekOfMonth => 1,
            Self::Weekday => names::longest(count.max(3), &WEEKDAYS),
            Self::WeekdayNumber | Self::Fraction => count,
            Self::Nanosecond => count.max(9),
            Self::MilliOfDay => count.max(8),
            Self::NanoOfDay => count.max(14),
            Self::JulianDay => count.max(7),
            Self::Offset { .. } => match count {
                1 | 2 => "+0000".len(),
                3 => "+00:00".len(),
                4 => "+000000".len(),
                _ => "+00:00:00".len(),
            },
            Self::PlainOffset => match count {
                4 => MAX_NAME_BYTES,
                5 => "+00:00:00".len(),
                _ => "+0000".len(),
            },
            Self::LocalizedOffset | Self::ZoneName => MAX_NAME_BYTES,
            Self::ZoneId => MAX_ID_BYTES,
            Self::Month
            | Self::Day
            | Self::Week
            | Self::Half
            | Self::Hour { .. }
            | Self::HalfHour { .. }
            | Self::Minute
            | Self::Second => 2,
        }
    }
}

/// `value` with at least `width` digits.
fn number(value: i64, width: usize) -> String {
    format!("{value:0width$}")
}

/// A year: two digits of it for two letters, and a sign if four letters are too few for it.
fn year(year: i64, count: usize) -> String {
    match count {
        2 => number(year % 100, 2),
        4 if year > 9_999 => format!("+{year}"),
        _ => number(year, count),
    }
}

fn nano_of_day(at: &Zoned) -> i64 {
    let seconds = (i64::from(at.hour()) * 60 + i64::from(at.minute())) * 60 + i64::from(at.second());
    seconds * 1_000_000_000 + i64::from(at.subsec_nanosecond())
}

fn julian_day(at: &Zoned) -> i64 {
    let seconds = at.timestamp().as_second() + i64::from(at.offset().seconds());
    seconds.div_euclid(24 * 60 * 60) - MODIFIED_JULIAN
}

/// The abbreviation that the tz database has, or where it has digits for one, the distance behind `GMT`: what
/// Java prints since version 23, but in five zones for which it has names of its own.
fn zone_name(at: &Zoned) -> String {
    let info = at.time_zone().to_offset_info(at.timestamp());
    match info.abbreviation() {
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => name.to_owned(),
        _ => offset::localized(info.offset().seconds(), true),
    }
}
