/// How a distance to UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `+01`, with minutes behind it if there are any.
    Hours,
    /// `+0100`
    Plain,
    /// `+01:00`
    Colon,
    /// `+0100`, with seconds behind it if there are any.
    PlainSeconds,
    /// `+01:00`, with seconds behind it if there are any.
    ColonSeconds,
}

impl Form {
    /// The form of `X` and `x`, by how often they stand there.
    pub(super) fn of(count: usize) -> Self {
        match count {
            1 => Self::Hours,
            2 => Self::Plain,
            3 => Self::Colon,
            4 => Self::PlainSeconds,
            _ => Self::ColonSeconds,
        }
    }

    /// A distance of so many seconds. `zero` is written for none, if there is one.
    pub(super) fn text(self, seconds: i32, zero: Option<&str>) -> String {
        match zero {
            Some(zero) if seconds == 0 => return zero.to_owned(),
            _ => {}
        }
        let (sign, hours, minutes, seconds) = parts(seconds);
        let colon = if matches!(self, Self::Colon | Self::ColonSeconds) { ":" } else { "" };
        let mut text = format!("{sign}{hours:02}");
        if self != Self::Hours || minutes > 0 {
            text += &format!("{colon}{minutes:02}");
        }
        if matches!(self, Self::PlainSeconds | Self::ColonSeconds) && seconds > 0 {
            text += &format!("{colon}{seconds:02}");
        }
        text
    }
}

/// The distance behind `GMT`, as a person would write it: `GMT`, `GMT+1`, `GMT+5:30`; with `full`, `GMT+01:00`.
pub(super) fn localized(seconds: i32, full: bool) -> String {
    if seconds == 0 {
        return "GMT".to_owned();
    }
    let (sign, hours, minutes, seconds) = parts(seconds);
    let mut text = if full { format!("GMT{sign}{hours:02}") } else { format!("GMT{sign}{hours}") };
    if full || minutes > 0 || seconds > 0 {
        text += &format!(":{minutes:02}");
    }
    if seconds > 0 {
        text += &format!(":{seconds:02}");
    }
    text
}

fn parts(seconds: i32) -> (char, i32, i32, i32) {
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    (sign, seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
