/// The value number of a record that has no value in a column.
pub(crate) const ABSENT: u32 = u32::MAX;

/// A named value per record. Values are stored once each and referred to by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The values, laid end to end.
    pub values: Vec<u8>,
    /// Where each value ends in `values`.
    pub ends: Vec<u32>,
    /// For each record the number of its value, `0xffffffff` where it has none.
    pub index: Vec<u32>,
}

impl Column {
    /// The value of record or output number `row`, if it has one.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.value(*self.index.get(row)?)
    }

    fn value(&self, number: u32) -> Option<&[u8]> {
        // ABSENT lies past every count of values.
        let number = number as usize;
        let end = *self.ends.get(number)? as usize;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.values.get(start..end)
    }

    /// Makes the column `rows` long. Rows that are added have no value.
    pub(crate) fn pad(&mut self, rows: usize) {
        self.index.resize(rows, ABSENT);
    }

    /// Gives row number `row` a value. Rows between the last one and this have none.
    pub(crate) fn set(&mut self, row: usize, value: &[u8]) {
        if self.index.len() <= row {
            self.pad(row + 1);
        }
        // Neighbours often share a value: partition keys come in runs.
        let last = self.ends.len().checked_sub(1).map(offset);
        let number = match last.filter(|&last| self.value(last) == Some(value)) {
            Some(last) => last,
            None => {
                self.values.extend_from_slice(value);
                self.ends.push(offset(self.values.len()));
                offset(self.ends.len() - 1)
            }
        };
        if let Some(slot) = self.index.get_mut(row) {
            *slot = number;
        }
    }
}

/// A place in a buffer as the contract carries it. In wasm every length fits; natively a buffer past 4 GiB is
/// refused when the batch ends, so a place that is cut off here is never used.
pub(crate) fn offset(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
