use std::fmt;
use std::str::FromStr;

use crate::unit::{self, Quantity, UnitError, Units};

/// A number of bytes. Prints for people (`5 MiB`, `1.4 MiB`); `{:#}` prints what the config file says,
/// exactly (`5MiB`, `1500000B`), and that parses back to the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

const SHOWN: &[(&str, u64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

const UNITS: Units = Units {
    what: Size::WHAT,
    example: Size::EXAMPLE,
    units: &[
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ],
    meant,
};

fn meant(unit: &str) -> Option<&'static str> {
    let starts = |name: &str| name.get(..unit.len()).is_some_and(|start| start.eq_ignore_ascii_case(unit));
    let mut names = UNITS.units.iter().map(|(name, _)| *name);
    names.clone().find(|name| name.eq_ignore_ascii_case(unit)).or_else(|| names.find(|name| starts(name)))
}

impl Quantity for Size {
    const WHAT: &'static str = "a size";
    const EXAMPLE: &'static str = "5MiB";

    fn bare(number: u64, _: Self) -> String {
        // A bare `5` is what Firehose calls 5 MiB; a bare 1048576 can only be bytes.
        if number < 1024 { format!("{number}MiB") } else { format!("{:#}", Self(number)) }
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        UNITS.parse(text).map(Self)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&if f.alternate() { unit::exact(self.0, SHOWN) } else { unit::rounded(self.0, SHOWN) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in
            [("5MiB", 5 << 20), ("128 KiB", 128 << 10), ("1MB", 1_000_000), ("0B", 0), ("4096B", 4096)]
        {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn a_size_that_cannot_be_read_says_what_can() {
        for (text, want) in [
            (
                "5",
                "`5` has no unit; write a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as `5MiB`",
            ),
            ("5mb", "`mb` is not a unit of a size; did you mean `5MB`?"),
            ("5 M", "`M` is not a unit of a size; did you mean `5MiB`?"),
            (
                "MiB",
                "`MiB` is not a size; write a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as `5MiB`",
            ),
            (
                "1.5GiB",
                "`1.5GiB` is not a whole number; write a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as `5MiB`",
            ),
            (
                "99999999999GiB",
                "`99999999999GiB` is too large; write a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), such as `5MiB`",
            ),
        ] {
            assert_eq!(text.parse::<Size>().unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn sizes_print_for_people_and_for_the_file() {
        for (bytes, people, file) in [
            (0, "0 B", "0B"),
            (1023, "1023 B", "1023B"),
            (5 << 20, "5 MiB", "5MiB"),
            (1_500_000, "1.4 MiB", "1500000B"),
            ((1 << 20) - 1, "1024 KiB", "1048575B"),
        ] {
            assert_eq!(
                (Size(bytes).to_string(), format!("{:#}", Size(bytes))),
                (people.to_owned(), file.to_owned())
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bytes in any::<u64>(), shift in 0u32..64) {
            let size = Size(bytes >> shift << (shift / 2));
            prop_assert_eq!(format!("{size:#}").parse(), Ok(size));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,12}") {
            if let Ok(size) = text.parse::<Size>() {
                prop_assert_eq!(format!("{size:#}").parse(), Ok(size));
            }
        }
    }
}
