//! Lines of Apache's common and combined formats.

use standpipe_sdk::{Buffer, Failure};

use crate::scan::{equal, find};
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
        let (authuser, rest) =
            user(rest).ok_or_else(|| unexpected("no-timestamp", "a user and ` [`", rest))?;
        // A virtual host or a proxy's list before the host would shift every field by one.
        if authuser.starts_with(b"- ") {
            return Err(unexpected("not-apache", "the host as the first of the fields", line));
        }
        let close = find(rest, |word| equal(word, b']'));
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
        let space = find(self.request, |word| equal(word, b' '))?;
        self.request.get(..space)
    }
}

fn word<'a>(text: &'a [u8], expected: &str) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let space = find(text, |word| equal(word, b' ')).filter(|&at| at > 0);
    space
        .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .ok_or_else(|| unexpected("not-apache", expected, text))
}

/// The user, which may have spaces, and what is behind the bracket of the time.
fn user(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let at = from + find(text.get(from..)?, |word| equal(word, b' '))?;
        if text.get(at + 1) == Some(&b'[') {
            return Some((text.get(..at)?, text.get(at + 2..)?));
        }
        from = at + 1;
    }
}

/// What stands between quotes. A quote behind a backslash does not end it.
fn quoted<'a>(text: &'a [u8], field: &str) -> Result<(&'a [u8], &'a [u8]), Failure> {
    let inner = text
        .strip_prefix(b"\"")
        .ok_or_else(|| unexpected("no-quote", &format!("the {field} in quotes"), text))?;
    let mut from = 0;
    while let Some(at) = find(inner.get(from..).unwrap_or_default(), |word| equal(word, b'"')) {
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

/// A time such as `10/Oct/2000:13:55:36 -0700`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time<'a> {
    year: i64,
    month: i64,
    day: i64,
    second: i64,
    /// The local time in ISO 8601, as the digits stand.
    stamp: [u8; 23],
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
        let &[d1, d2, b'/', m1, m2, m3, b'/', y1, y2, y3, y4, b':', ref clock @ ..] = text else {
            return None;
        };
        let &[h1, h2, b':', n1, n2, b':', s1, s2, ref zone @ ..] = clock else { return None };
        let (day, year) = (two(d1, d2)?, two(y1, y2)? * 100 + two(y3, y4)?);
        let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
        let month = match &[m1, m2, m3] {
            b"Jan" => 1,
            b"Feb" => 2,
            b"Mar" => 3,
            b"Apr" => 4,
            b"May" => 5,
            b"Jun" => 6,
            b"Jul" => 7,
            b"Aug" => 8,
            b"Sep" => 9,
            b"Oct" => 10,
            b"Nov" => 11,
            b"Dec" => 12,
            _ => return None,
        };
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (zone, offset) = match zone {
            [] => (None, 0),
            &[b' ', ref zone @ ..] => {
                let &[sign, h1, h2, m1, m2] = zone else { return None };
                let (hours, minutes) = (two(h1, h2)?, two(m1, m2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let minutes = hours * 60 + minutes;
                match sign {
                    b'+' => (Some(zone), minutes),
                    b'-' => (Some(zone), -minutes),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let [mon1, mon2] = digits_of(month);
        let stamp = [
            y1, y2, y3, y4, b'-', mon1, mon2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.',
            b'0', b'0', b'0',
        ];
        Some(Self { year, month, day, second: (hour * 60 + minute) * 60 + second, stamp, zone, offset })
    }

    /// Writes the local time as a JSON string in ISO 8601; `Z` without an offset or with none of zero.
    pub fn write_local(&self, out: &mut Buffer) {
        out.push(b'"');
        out.literal(&self.shifted(0));
        match self.zone {
            Some(&[sign, h1, h2, m1, m2]) if self.offset != 0 => out.literal(&[sign, h1, h2, b':', m1, m2]),
            _ => out.push(b'Z'),
        }
        out.push(b'"');
    }

    /// Writes the instant in UTC as a JSON string in ISO 8601.
    pub fn write_utc(&self, out: &mut Buffer) {
        out.push(b'"');
        out.literal(&self.shifted(-self.offset * 60));
        out.literal(b"Z\"");
    }

    /// The time so many seconds later; the date follows, as it does after a leap second.
    #[inline]
    fn shifted(&self, seconds: i64) -> [u8; 23] {
        if seconds == 0 && !self.stamp.ends_with(b"60.000") { self.stamp } else { self.computed(seconds) }
    }

    fn computed(&self, seconds: i64) -> [u8; 23] {
        let second = self.second + seconds;
        let days = second.div_euclid(86_400);
        let date = if days == 0 {
            (self.year, self.month, self.day)
        } else {
            civil(days_from_civil(self.year, self.month, self.day) + days)
        };
        stamp(date, second.rem_euclid(86_400))
    }
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

/// The last two digits.
fn digits_of(value: i64) -> [u8; 2] {
    let digit = |value: i64| b'0' + u8::try_from(value.rem_euclid(10)).unwrap_or_default();
    [digit(value / 10), digit(value)]
}

fn stamp((year, month, day): (i64, i64, i64), second: i64) -> [u8; 23] {
    let ([y1, y2], [y3, y4]) = (digits_of(year / 100), digits_of(year));
    let ([m1, m2], [d1, d2]) = (digits_of(month), digits_of(day));
    let ([h1, h2], [n1, n2]) = (digits_of(second / 3_600), digits_of(second / 60 % 60));
    let [s1, s2] = digits_of(second % 60);
    [
        y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'.', b'0',
        b'0', b'0',
    ]
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
