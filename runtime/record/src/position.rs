use std::fmt;

/// A record's place in its lane: the first has 0, and each has the one behind its predecessor's.
///
/// As a bound it stands before the record of that number: everything before position 3 is three records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const ZERO: Self = Self(0);

    /// The place of record number `number`.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The position `records` further on. `None` when there is none.
    pub fn checked_add(self, records: u64) -> Option<Self> {
        self.0.checked_add(records).map(Self)
    }

    /// How many records lie between `earlier` and this one. `None` if that one is later.
    pub fn since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
