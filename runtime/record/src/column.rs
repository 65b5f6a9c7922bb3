use std::ops::Range;

/// The value number of a record that has no value in a column.
pub const ABSENT: u32 = u32::MAX;

/// A named value per record, kept beside the payload: a partition key, a Kafka key, a record id.
///
/// Values are stored once each and referred to by number, so a column in which every record has the same
/// value costs four bytes a record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    name: String,
    values: Vec<u8>,
    ends: Vec<u32>,
    index: Vec<u32>,
}

impl Column {
    /// A column named `name` in which the first `absent` records have no value.
    pub fn new(name: impl Into<String>, absent: usize) -> Self {
        Self { name: name.into(), values: Vec::new(), ends: Vec::new(), index: vec![ABSENT; absent] }
    }

    /// Builds a column from its parts, or says what is wrong with them. `index` has one entry per record.
    pub fn from_parts(
        name: String,
        values: Vec<u8>,
        ends: Vec<u32>,
        index: Vec<u32>,
    ) -> Result<Self, crate::Malformed> {
        crate::batch::check_ends(&ends, values.len())?;
        let count = ends.len();
        if let Some(bad) = index.iter().find(|&&number| number != ABSENT && number as usize >= count) {
            return Err(crate::Malformed::ValueNumber { column: name, number: *bad, values: count });
        }
        Ok(Self { name, values, ends, index })
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All values laid end to end.
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// Where each value ends in [`values`](Self::values).
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The value number of each record, or [`ABSENT`].
    pub fn index(&self) -> &[u32] {
        &self.index
    }

    /// The value of record `record`, if it has one.
    pub fn get(&self, record: usize) -> Option<&[u8]> {
        self.value(*self.index.get(record)?)
    }

    /// Value number `number`.
    pub fn value(&self, number: u32) -> Option<&[u8]> {
        let number = number as usize;
        let end = *self.ends.get(number)? as usize;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.values.get(start..end)
    }

    /// Adds a record. A value equal to the one before it is stored once. `None` leaves it absent.
    /// Returns false, with nothing added, when the values would pass 4 GiB.
    pub fn push(&mut self, value: Option<&[u8]>) -> bool {
        let number = match value {
            None => ABSENT,
            Some(value) => {
                let last = u32::try_from(self.ends.len()).ok().and_then(|count| count.checked_sub(1));
                match last.filter(|&last| self.value(last) == Some(value)) {
                    Some(same) => same,
                    None => {
                        let Ok(end) = u32::try_from(self.values.len() + value.len()) else { return false };
                        let Ok(number) = u32::try_from(self.ends.len()) else { return false };
                        self.values.extend_from_slice(value);
                        self.ends.push(end);
                        number
                    }
                }
            }
        };
        self.index.push(number);
        true
    }

    /// The same column for the records in `records` only, holding only the values these use.
    pub fn slice(&self, records: Range<usize>) -> Column {
        let mut out = Column::new(self.name.clone(), 0);
        for record in records {
            out.push(self.get(record));
        }
        out
    }

    pub(crate) fn truncate(&mut self, records: usize) {
        self.index.truncate(records);
        if records == 0 {
            self.values.clear();
            self.ends.clear();
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.values.capacity() + 4 * (self.ends.capacity() + self.index.capacity())
    }
}
