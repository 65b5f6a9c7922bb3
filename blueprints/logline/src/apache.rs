//! Lines of Apache's common and combined formats.

use standpipe_sdk::{Buffer, Failure};

use crate::unexpected;

/// The fields of a line, as they stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Who asked: an address or a name.
    pub host: &'a [u8],
    /// The identity that the client claims, nearly always `-`.
    pub ident: &'a [u8],
    /// The user; may have spaces.
    pub authuser: &'a [u8],
    /// The time between the brackets.
    pub datetime: &'a [u8],
    /// The request line, with Apache's escapes.
    pub request: &'a [u8],
    /// Three digits; empty for `-`.
    pub response: &'a [u8],
    /// Digits; empty for `-`.
    pub bytes: &'a [u8],
    /// Where the client came from, of a combined line.
    pub referrer: Option<&'a [u8]>,
    /// What the client calls itself, of a combined line.
    pub agent: Option<&'a [u8]>,
}

impl<'a> Line<'a> {
    /// Cuts a line into its fields. What follows them, as custom formats have it, is ignored.
    pub fn parse(line: &'a [u8]) -> Result<Self, Failure> {
        let line = crate::trimmed(line);
        if line.is_empty() {
            return Err(Failure::new("empty-line", "the line is empty"));
        }
        let (host, rest) = word(line, "a host and a space")?;
        let (ident, rest) = word(rest, "an ident and a space")?;
        let bracket = rest.windows(2).position(|pair| pair == b" [");
        let (authuser, rest) = bracket
            .and_then(|at| Some((rest.get(..at)?, rest.get(at + 2..)?)))
            .ok_or_else(|| unexpected("no-timestamp", "a user and ` [`", rest))?;
        let close = rest.iter().position(|&byte| byte == b']');
        let (datetime, rest) = close
            .and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
            .ok_or_else(|| unexpected("no-timestamp", "a time and `]`", rest))?;
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let (request, rest) = quoted(rest, "request")?;
        let rest =
            rest.strip_prefix(b" ").ok_or_else(|| unexpected("bad-status", "a space and a status", rest))?;
        let (response, rest) = digits(rest, "bad-status", "a status of three digits or `-`")?;
        if !matches!(response.len(), 0 | 3) {
            return Err(unexpected("bad-status", "a status of three digits or `-`", response));
        }
        let rest =
            rest.strip_prefix(b" ").ok_or_else(|| unexpected("bad-bytes", "a space and a size", rest))?;
        let (bytes, rest) = digits(rest, "bad-bytes", "a size in digits or `-`")?;
        let (referrer, rest) = further(rest, "referrer")?;
        let (agent, _) = if referrer.is_some() { further(rest, "agent")? } else { (None, rest) };
        Ok(Self { host, ident, authuser, datetime, request, response, bytes, referrer, agent })
    }

    /// The method, if the request has a space.
    pub fn verb(&self) -> Option<&'a [u8]> {
        let space = self.request.iter().position(|&byte| byte == b' ')?;
        self.request.get(..space)
    }
}

fn word<'a>(text: &'a [u8], expected: &str) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let space = text.iter().position(|&byte| byte == b' ').filter(|&at| at > 0);
    space
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .ok_or_else(|| unexpected("not-apache", expected, text))
}

/// What stands between quotes. A quote behind a backslash does not end it.
fn quoted<'a>(text: &'a [u8], field: &str) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let inner = text
        .strip_prefix(b"\"")
        .ok_or_else(|| unexpected("no-quote", &format!("the {field} in quotes"), text))?;
    let mut from = 0;
    while let Some(at) = inner.get(from..).unwrap_or_default().iter().position(|&byte| byte == b'"') {
        let end = from + at;
        let before = inner.get(..end).unwrap_or_default();
        let escapes = before.iter().rev().take_while(|&&byte| byte == b'\\').count();
        if escapes.is_multiple_of(2) {
            return Ok((before, inner.get(end + 1..).unwrap_or_default()));
        }
        from = end + 1;
    }
    Err(unexpected("unclosed-quote", &format!("a quote that ends the {field}"), text))
}

/// A field in quotes behind a space, if there is one.
fn further<'a>(text: &'a [u8], field: &str) -> Result<(Option<&'a [u8]>, &'a [u8]), Failure> {
    match text.strip_prefix(b" ") {
        Some(rest) if rest.first() == Some(&b'"') => {
            quoted(rest, field).map(|(value, rest)| (Some(value), rest))
        }
        _ => Ok((None, text)),
    }
}

fn digits<'a>(text: &'a [u8], code: &'static str, expected: &str) -> Result<(&'a [u8], &'a [u8]), Failure> {
    if let Some(rest) = text.strip_prefix(b"-")
        && matches!(rest.first(), None | Some(b' '))
    {
        return Ok((&[], rest));
    }
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at(count.min(text.len()));
    if number.is_empty() || !matches!(rest.first(), None | Some(b' ')) {
        return Err(unexpected(code, expected, text));
    }
    Ok((number, rest))
}

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A time such as `10/Oct/2000:13:55:36 -0700`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time<'a> {
    year: i64,
    month: i64,
    day: i64,
    second: i64,
    /// The offset as it stands, such as `-0700`.
    pub zone: Option<&'a [u8]>,
    offset: i64,
}

impl<'a> Time<'a> {
    /// Reads the text between the brackets.
    pub fn parse(text: &'a [u8]) -> Result<Self, Failure> {
        Self::read(text)
            .ok_or_else(|| unexpected("bad-timestamp", "a time such as `10/Oct/2000:13:55:36 -0700`", text))
    }

    fn read(text: &'a [u8]) -> Option<Self> {
        let number = |from: usize, len: usize| -> Option<i64> {
            text.get(from..from + len)?
                .iter()
                .try_fold(0, |sum, &byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
        };
        let at = |place: usize, byte: u8| text.get(place) == Some(&byte);
        if !(at(2, b'/') && at(6, b'/') && at(11, b':') && at(14, b':') && at(17, b':')) {
            return None;
        }
        let (day, year) = (number(0, 2)?, number(7, 4)?);
        let name = text.get(3..6)?;
        let month = i64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()? + 1;
        let (hour, minute, second) = (number(12, 2)?, number(15, 2)?, number(18, 2)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (zone, offset) = match text.get(20..)? {
            [] => (None, 0),
            [b' ', zone @ ..] if zone.len() == 5 => {
                let (hours, minutes) = (number(22, 2)?, number(24, 2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let minutes = hours * 60 + minutes;
                match zone.first()? {
                    b'+' => (Some(zone), minutes),
                    b'-' => (Some(zone), -minutes),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Self { year, month, day, second: (hour * 60 + minute) * 60 + second, zone, offset })
    }

    /// Writes the local time as a JSON string in ISO 8601; `Z` without an offset or with none of zero.
    pub fn write_local(&self, out: &mut Buffer) {
        out.push(b'"');
        self.write_shifted(out, 0);
        match self.zone {
            Some(zone) if self.offset != 0 => {
                out.extend(zone.get(..3).unwrap_or_default());
                out.push(b':');
                out.extend(zone.get(3..).unwrap_or_default());
            }
            _ => out.push(b'Z'),
        }
        out.push(b'"');
    }

    /// Writes the instant in UTC as a JSON string in ISO 8601.
    pub fn write_utc(&self, out: &mut Buffer) {
        out.push(b'"');
        self.write_shifted(out, -self.offset * 60);
        out.extend(b"Z\"");
    }

    /// Writes the time so many seconds later; the date follows, as it does after a leap second.
    fn write_shifted(&self, out: &mut Buffer, seconds: i64) {
        let second = self.second + seconds;
        let days = second.div_euclid(86_400);
        let date = if days == 0 {
            (self.year, self.month, self.day)
        } else {
            civil(days_from_civil(self.year, self.month, self.day) + days)
        };
        write_stamp(out, date, second.rem_euclid(86_400));
    }
}

fn write_stamp(out: &mut Buffer, (year, month, day): (i64, i64, i64), second: i64) {
    let digit = |value: i64| b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or_default();
    let two = |value: i64| [digit(value / 10), digit(value)];
    let (h, m, s) = (two(second / 3_600), two(second / 60 % 60), two(second % 60));
    let (century, year, month, day) = (two(year / 100), two(year % 100), two(month), two(day));
    out.extend(&[
        century[0], century[1], year[0], year[1], b'-', month[0], month[1], b'-', day[0], day[1], b'T', h[0],
        h[1], b':', m[0], m[1], b':', s[0], s[1], b'.', b'0', b'0', b'0',
    ]);
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date that is so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}
