//! Lines of syslog: RFC 3164 as daemons write it, with RFC 3339 stamps, and RFC 5424.

use standpipe_sdk::Failure;

use crate::unexpected;

/// The fields of a line, as they stand in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// When, in the line's own form.
    pub timestamp: &'a [u8],
    /// The machine.
    pub hostname: &'a [u8],
    /// What wrote it.
    pub program: Option<&'a [u8]>,
    /// Its process.
    pub processid: Option<&'a [u8]>,
    /// What it wrote.
    pub message: &'a [u8],
    /// Facility and severity of `<PRI>`.
    pub priority: Option<(u8, u8)>,
    /// The kind of message, of RFC 5424.
    pub msgid: Option<&'a [u8]>,
    /// The structured data of RFC 5424, as it stands.
    pub structured_data: Option<&'a [u8]>,
}

impl<'a> Line<'a> {
    /// Cuts a line into its fields.
    pub fn parse(line: &'a [u8]) -> Result<Self, Failure> {
        let line = crate::trimmed(line);
        if line.is_empty() {
            return Err(Failure::new("empty-line", "the line is empty"));
        }
        let (priority, rest) = match priority(line) {
            Some((priority, rest)) => (Some(priority), rest),
            None => (None, line),
        };
        let parsed = match rest.strip_prefix(b"1 ") {
            Some(rest) if priority.is_some() => structured(rest)?,
            _ => traditional(rest)?,
        };
        Ok(Self { priority, ..parsed })
    }
}

/// `<PRI>`: eight times the facility plus the severity, at most 191.
fn priority(line: &[u8]) -> Option<((u8, u8), &[u8])> {
    let rest = line.strip_prefix(b"<")?;
    let close = rest.iter().take(4).position(|&byte| byte == b'>')?;
    let digits = std::str::from_utf8(rest.get(..close)?).ok()?;
    let value: u8 = digits.parse().ok().filter(|value| *value <= 191)?;
    Some(((value / 8, value % 8), rest.get(close + 1..)?))
}

fn traditional(line: &[u8]) -> Result<Line<'_>, Failure> {
    let (timestamp, rest) =
        stamp(line).ok_or_else(|| unexpected("no-timestamp", "a time such as `Jun 14 15:16:01`", line))?;
    // Some daemons write facility and severity behind the time.
    let rest = match rest.strip_prefix(b"<").and_then(|inner| {
        let close = inner.windows(2).take(8).position(|pair| pair == b"> ")?;
        let number = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        inner.get(..close)?.iter().all(number).then(|| inner.get(close + 2..))?
    }) {
        Some(behind) => behind,
        None => rest,
    };
    let (hostname, rest) = word(rest).ok_or_else(|| unexpected("no-host", "a host and a space", rest))?;
    let line = Line { timestamp, hostname, message: rest, ..Line::default() };
    let Some((tag, message)) = tag(rest) else { return Ok(line) };
    let (program, processid) = match process(tag) {
        Some((program, process)) => (program, Some(process)),
        None => (tag, None),
    };
    Ok(Line { program: Some(program), processid, message, ..line })
}

/// The program and the digits of a tag that ends in `[digits]`.
fn process(tag: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = tag.strip_suffix(b"]")?;
    let open = inner.iter().rposition(|&byte| byte == b'[')?;
    number(inner.get(open + 1..)?)?;
    Some((inner.get(..open)?, inner.get(open + 1..)?))
}

/// What stands before the colon of a message, if it is the name of a program: one word, or several that end in
/// a process id or go on with a version.
fn tag(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = rest.iter().take(128).enumerate().position(|(place, &byte)| {
        let before = place.checked_sub(1).and_then(|before| rest.get(before));
        byte == b':' && (before == Some(&b']') || matches!(rest.get(place + 1), None | Some(b' ')))
    })?;
    let tag = rest.get(..colon)?.trim_ascii();
    let message = rest.get(colon + 1..)?;
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let versioned = match word(tag) {
        None => true,
        Some((_, second)) => second.first().is_some_and(u8::is_ascii_digit) || process(tag).is_some(),
    };
    (!tag.is_empty() && versioned).then_some((tag, message))
}

fn structured(line: &[u8]) -> Result<Line<'_>, Failure> {
    let header = || unexpected("bad-header", "the header of RFC 5424", line);
    let mut rest = line;
    let mut next = || {
        let (field, behind) = word(rest)?;
        rest = behind;
        Some(field)
    };
    let fields = [next(), next(), next(), next(), next()];
    let [Some(timestamp), Some(hostname), Some(program), Some(processid), Some(msgid)] = fields else {
        return Err(header());
    };
    let end =
        data_end(rest).ok_or_else(|| unexpected("bad-structured-data", "structured data or `-`", rest))?;
    let (data, message) = rest.split_at(end.min(rest.len()));
    let message = message.strip_prefix(b" ").unwrap_or(message);
    let message = message.strip_prefix(b"\xef\xbb\xbf").unwrap_or(message);
    let known = |field| if field == b"-" { None } else { Some(field) };
    if timestamp != b"-" && !is_rfc3339(timestamp) {
        return Err(unexpected("no-timestamp", "a time of RFC 3339 or `-`", timestamp));
    }
    Ok(Line {
        timestamp,
        hostname,
        program: known(program),
        processid: known(processid),
        message,
        priority: None,
        msgid: known(msgid),
        structured_data: known(data),
    })
}

/// Where structured data ends: `-`, or elements in brackets. `\]` and quoted brackets do not end one.
fn data_end(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'-') {
        return matches!(text.get(1), None | Some(b' ')).then_some(1);
    }
    let (mut open, mut quoted, mut escaped) = (false, false, false);
    for (place, &byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if open => quoted = !quoted,
            b'[' if !open => open = true,
            b']' if open && !quoted => open = false,
            b' ' if !open => return Some(place).filter(|place| *place > 0),
            _ if !open => return None,
            _ => {}
        }
    }
    (!open && !text.is_empty()).then_some(text.len())
}

/// The time at the beginning of a line and what is behind it and a space.
fn stamp(line: &[u8]) -> Option<(&[u8], &[u8])> {
    if line.first()?.is_ascii_digit() {
        return word(line).filter(|(stamp, _)| is_rfc3339(stamp));
    }
    let (stamp, rest) = line.split_at_checked(15)?;
    let month = stamp.get(..3)?;
    let months: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let day = number(stamp.get(4..6)?.trim_ascii_start())?;
    let good = months.contains(&month)
        && stamp.get(3) == Some(&b' ')
        && stamp.get(6) == Some(&b' ')
        && (1..=31).contains(&day)
        && is_clock(stamp.get(7..)?);
    if good { Some((stamp, rest.strip_prefix(b" ")?)) } else { None }
}

fn is_rfc3339(text: &[u8]) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).and_then(number);
    let mark = |place: usize, byte: u8| text.get(place) == Some(&byte);
    let date = mark(4, b'-') && mark(7, b'-') && (mark(10, b'T') || mark(10, b't'));
    let day = part(0, 4).is_some()
        && part(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && part(8, 10).is_some_and(|day| (1..=31).contains(&day));
    let zone = text.get(19..).unwrap_or_default();
    let zone = zone.strip_prefix(b".").map_or(zone, |fraction| {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        fraction.get(digits..).filter(|_| digits > 0).unwrap_or_default()
    });
    let zone = match zone {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', hour @ .., b':', tens, ones] => {
            hour.len() == 2 && number(hour).is_some() && number(&[*tens, *ones]).is_some()
        }
        _ => false,
    };
    date && day && text.get(11..19).is_some_and(is_clock) && zone
}

/// `hh:mm:ss`, with a leap second.
fn is_clock(text: &[u8]) -> bool {
    let part =
        |from: usize, most: u32| text.get(from..from + 2).and_then(number).is_some_and(|value| value <= most);
    text.len() == 8
        && text.get(2) == Some(&b':')
        && text.get(5) == Some(&b':')
        && part(0, 23)
        && part(3, 59)
        && part(6, 60)
}

fn number(digits: &[u8]) -> Option<u32> {
    let sum = digits.iter().try_fold(0u32, |sum, &byte| {
        byte.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u32::from(byte - b'0')))
    });
    sum.filter(|_| !digits.is_empty())
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|&byte| byte == b' ').filter(|&place| place > 0)?;
    Some((text.get(..space)?, text.get(space + 1..)?))
}
