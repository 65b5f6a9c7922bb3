use std::ops::RangeInclusive;

use crate::Moment;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// The letters that [`Field::of`] knows, for messages.
pub(in crate::prefix) const LETTERS: &str = "y u M L d D Q E a H k h K m s S X x Z z VV";

/// The longest zone id has 32 bytes, the longest short name fewer.
const MAX_ZONE_BYTES: usize = 40;

/// One field of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Year,
    Month,
    Day,
    DayOfYear,
    Quarter,
    Weekday,
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
    Fraction,
    /// Distance to UTC, in three forms. With `z`, none is the letter Z.
    Offset {
        z: bool,
    },
    /// Distance to UTC, always as `+0000`.
    PlainOffset,
    ZoneName,
    ZoneId,
}

impl Field {
    /// The field of a letter, and how often it may be repeated.
    pub(super) fn of(letter: char) -> Option<(Self, RangeInclusive<usize>)> {
        Some(match letter {
            'y' | 'u' => (Self::Year, 1..=19),
            'M' | 'L' => (Self::Month, 1..=5),
            'd' => (Self::Day, 1..=2),
            'D' => (Self::DayOfYear, 1..=3),
            'Q' => (Self::Quarter, 1..=5),
            'E' => (Self::Weekday, 1..=5),
            'a' => (Self::Half, 1..=1),
            'H' => (Self::Hour { midnight: 0 }, 1..=2),
            'k' => (Self::Hour { midnight: 24 }, 1..=2),
            'h' => (Self::HalfHour { midnight: 12 }, 1..=2),
            'K' => (Self::HalfHour { midnight: 0 }, 1..=2),
            'm' => (Self::Minute, 1..=2),
            's' => (Self::Second, 1..=2),
            'S' => (Self::Fraction, 1..=9),
            'X' => (Self::Offset { z: true }, 1..=3),
            'x' => (Self::Offset { z: false }, 1..=3),
            'Z' => (Self::PlainOffset, 1..=3),
            'z' => (Self::ZoneName, 1..=3),
            'V' => (Self::ZoneId, 2..=2),
            _ => return None,
        })
    }

    /// What it comes out as when its letter stands `count` times.
    pub(super) fn text(self, count: usize, moment: &Moment) -> String {
        let at = moment.zoned();
        let hour = i64::from(at.hour());
        match self {
            Self::Year if count == 2 => number(i64::from(at.year()) % 100, 2),
            Self::Year => number(at.year().into(), count),
            Self::Month => named(at.month().into(), count, &MONTHS),
            Self::Day => number(at.day().into(), count),
            Self::DayOfYear => number(at.day_of_year().into(), count),
            Self::Quarter => {
                let quarter = (i64::from(at.month()) + 2) / 3;
                match count {
                    3 => format!("Q{quarter}"),
                    _ => named(quarter, count, &QUARTERS),
                }
            }
            // There is no number for this one: a single letter is as good as three.
            Self::Weekday => named(at.weekday().to_monday_one_offset().into(), count.max(3), &WEEKDAYS),
            Self::Half => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            Self::Hour { midnight } => number(if hour == 0 { midnight } else { hour }, count),
            Self::HalfHour { midnight } => {
                let half = hour % 12;
                number(if half == 0 { midnight } else { half }, count)
            }
            Self::Minute => number(at.minute().into(), count),
            Self::Second => number(at.second().into(), count),
            Self::Fraction => {
                let mut digits = number(at.subsec_nanosecond().into(), 9);
                digits.truncate(count);
                digits
            }
            Self::Offset { z } => offset(at.offset().seconds(), if z { "Z" } else { "" }, count),
            Self::PlainOffset => offset(at.offset().seconds(), "", 2),
            Self::ZoneName => at.time_zone().to_offset_info(at.timestamp()).abbreviation().to_owned(),
            Self::ZoneId => match at.time_zone().iana_name() {
                Some(name) => name.to_owned(),
                None => offset(at.offset().seconds(), "Z", 3),
            },
        }
    }

    /// The most bytes that it comes out as when its letter stands `count` times.
    pub(super) fn longest(self, count: usize) -> usize {
        match self {
            Self::Year if count == 2 => 2,
            Self::Year => count.max(4),
            Self::Month => longest_name(count, &MONTHS),
            Self::Weekday => longest_name(count.max(3), &WEEKDAYS),
            Self::Quarter if count == 3 => 2,
            Self::Quarter => longest_name(count, &QUARTERS),
            Self::DayOfYear => 3,
            Self::Fraction => count,
            Self::Offset { .. } | Self::PlainOffset => "+00:00".len(),
            Self::ZoneName | Self::ZoneId => MAX_ZONE_BYTES,
            Self::Day
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

/// Number `value`, counted from 1: as a number, shortened, as its name, or as one letter.
fn named(value: i64, count: usize, names: &[&str]) -> String {
    let name =
        usize::try_from(value - 1).ok().and_then(|place| names.get(place)).copied().unwrap_or_default();
    let letters = match count {
        1 | 2 => return number(value, count),
        3 => 3,
        4 => name.len(),
        _ => 1,
    };
    name.get(..letters).unwrap_or_default().to_owned()
}

/// The most bytes that [`named`] gives.
fn longest_name(count: usize, names: &[&str]) -> usize {
    let name = names.iter().map(|name| name.len()).max().unwrap_or_default();
    match count {
        1 | 2 => 2,
        3 => 3,
        4 => name,
        _ => 1,
    }
}

/// A distance to UTC: `+HH` with minutes if there are any, `+HHmm`, or `+HH:mm`; `zero` for none, if given.
fn offset(seconds: i32, zero: &str, count: usize) -> String {
    if seconds == 0 && !zero.is_empty() {
        return zero.to_owned();
    }
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match count {
        1 if minutes == 0 => format!("{sign}{hours:02}"),
        3 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}"),
    }
}
