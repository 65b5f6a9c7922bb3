use std::fmt;
use std::str::FromStr;

use standpipe_record::Kind;

use crate::text::quoted;

/// A size or a duration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {help}")]
pub struct UnitError {
    pub(crate) problem: String,
    pub(crate) help: String,
}

impl UnitError {
    /// What the caller should do: have it mended.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// What the file writes as a number with a unit. `{:#}` prints it as the file does.
pub(crate) trait Quantity: Copy + PartialOrd + fmt::Display + FromStr<Err = UnitError> {
    /// `a size` or `a duration`.
    const WHAT: &'static str;
    /// A good value.
    const EXAMPLE: &'static str;
    /// What somebody meant who left the unit away, where at most `most` is accepted.
    fn bare(number: u64, most: Self) -> String;
}

/// The units that a quantity is written in, and how to speak of it.
pub(crate) struct Units {
    /// `a size` or `a duration`.
    pub what: &'static str,
    /// A good value.
    pub example: &'static str,
    /// Each unit and how many of the smallest it stands for, the likelier one first.
    pub units: &'static [(&'static str, u64)],
    /// The unit that was meant by one that does not exist.
    pub meant: fn(&str) -> Option<&'static str>,
}

impl Units {
    /// Reads a whole number and its unit, with or without a space between.
    pub(crate) fn parse(&self, text: &str) -> Result<u64, UnitError> {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = text.split_at_checked(end).unwrap_or_default();
        let unit = rest.trim_start_matches(' ');
        if digits.is_empty() {
            return Err(self.error(format!("{} is not {}", quoted(text), self.what)));
        }
        if unit.is_empty() {
            return Err(self.error(format!("{} has no unit", quoted(text))));
        }
        if unit.starts_with(['.', ',', '_']) {
            return Err(self.error(format!("{} is not a whole number", quoted(text))));
        }
        let Some((_, factor)) = self.units.iter().find(|(name, _)| *name == unit) else {
            let error = self.error(format!("{} is not a unit of {}", quoted(unit), self.what));
            return Err(match (self.meant)(unit) {
                Some(meant) => UnitError {
                    help: format!("did you mean {}?", quoted(&format!("{digits}{meant}"))),
                    ..error
                },
                None => error,
            });
        };
        let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor));
        number.ok_or_else(|| self.error(format!("{} is too large", quoted(text))))
    }

    fn error(&self, problem: String) -> UnitError {
        let names: Vec<&str> = self.units.iter().map(|(name, _)| *name).collect();
        let help =
            format!("write a whole number and a unit ({}), such as `{}`", names.join(", "), self.example);
        UnitError { problem, help }
    }
}

/// `amount` in the largest of `units` (each with its size, largest first) that it fills, to one decimal.
pub(crate) fn rounded(amount: u64, units: &[(&str, u64)]) -> String {
    let Some(&(name, size)) = units.iter().find(|(_, size)| amount >= *size).or(units.last()) else {
        return amount.to_string();
    };
    let tenths = (u128::from(amount) * 10 + u128::from(size / 2)) / u128::from(size);
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        tenth => format!("{}.{tenth} {name}", tenths / 10),
    }
}

/// `amount` in the largest of `units` that divides it, as the config file writes it.
pub(crate) fn exact(amount: u64, units: &[(&str, u64)]) -> String {
    let divides = units.iter().find(|(_, size)| amount.is_multiple_of(*size) && amount > 0).or(units.last());
    match divides {
        Some((name, size)) => format!("{}{name}", amount / size),
        None => amount.to_string(),
    }
}
