use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::unit::{self, Quantity, UnitError, Units};

/// A length of time. Prints for people (`1.5 s`, `5 m`); `{:#}` prints what the config file says
/// (`1500ms`, `5m`), and that parses back to the same length. The file knows whole milliseconds; a part
/// of one is rounded up there, so that no limit reads as none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(pub Duration);

const SHOWN: &[(&str, u64)] = &[("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const UNITS: Units = Units {
    what: Period::WHAT,
    example: Period::EXAMPLE,
    units: &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)],
    meant,
};

fn meant(unit: &str) -> Option<&'static str> {
    let unit = unit.to_ascii_lowercase();
    let meanings = [("ms", "ms"), ("mil", "ms"), ("s", "s"), ("m", "m"), ("h", "h")];
    meanings.into_iter().find(|(start, _)| unit.starts_with(start)).map(|(_, name)| name)
}

impl Quantity for Period {
    const WHAT: &'static str = "a duration";
    const EXAMPLE: &'static str = "60s";

    fn bare(number: u64, most: Self) -> String {
        // Seconds, as Firehose has it, unless that is too long to be meant.
        if Duration::from_secs(number) <= most.0 { format!("{number}s") } else { format!("{number}ms") }
    }
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        UNITS.parse(text).map(|ms| Self(Duration::from_millis(ms)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let ms = u64::try_from(self.0.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
            return f.pad(&unit::exact(ms, SHOWN));
        }
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        let scaled: Vec<(&str, u64)> = SHOWN.iter().map(|&(name, ms)| (name, ms * 1_000)).collect();
        f.pad(&unit::rounded(micros, &scaled))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, ms) in [("100ms", 100), ("60s", 60_000), ("5m", 300_000), ("1 h", 3_600_000), ("0s", 0)] {
            assert_eq!(text.parse(), Ok(Period(Duration::from_millis(ms))), "{text}");
        }
    }

    #[test]
    fn a_duration_that_cannot_be_read_says_what_can() {
        for (text, want) in [
            ("300", "`300` has no unit; write a whole number and a unit (ms, s, m, h), such as `60s`"),
            ("5min", "`min` is not a unit of a duration; did you mean `5m`?"),
            ("5 Seconds", "`Seconds` is not a unit of a duration; did you mean `5s`?"),
            ("5 millis", "`millis` is not a unit of a duration; did you mean `5ms`?"),
            (
                "1d",
                "`d` is not a unit of a duration; write a whole number and a unit (ms, s, m, h), such as `60s`",
            ),
            ("-1s", "`-1s` is not a duration; write a whole number and a unit (ms, s, m, h), such as `60s`"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn durations_print_for_people_and_for_the_file() {
        for (micros, people, file) in [
            (0, "0 ms", "0ms"),
            (300, "0.3 ms", "1ms"),
            (1_500_000, "1.5 s", "1500ms"),
            (300_000_000, "5 m", "5m"),
        ] {
            let period = Period(Duration::from_micros(micros));
            assert_eq!((period.to_string(), format!("{period:#}")), (people.to_owned(), file.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(ms in any::<u64>(), shift in 0u32..64) {
            let period = Period(Duration::from_millis(ms >> shift));
            prop_assert_eq!(format!("{period:#}").parse(), Ok(period));
        }
    }
}
