use crate::{Column, View};

/// Parts that do not make a batch or a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// An end offset is below the one before it.
    #[error("end {index} is {end}, below the end before it, {before}")]
    Descending {
        /// Which end.
        index: usize,
        /// Its value.
        end: u32,
        /// The value before it.
        before: u32,
    },
    /// The last end is not the length of the payload.
    #[error("the last end is {end}, the payload has {payload} bytes")]
    PayloadLength {
        /// The last end, 0 without any.
        end: u32,
        /// Bytes of payload.
        payload: usize,
    },
    /// A column refers to a value that it does not have.
    #[error("column `{column}` refers to value {number}; it has {values}")]
    ValueNumber {
        /// The column's name.
        column: String,
        /// The value number.
        number: u32,
        /// How many values there are.
        values: usize,
    },
    /// Two arrays that describe the same records differ in length.
    #[error("{what} has {got} entries for {want} records")]
    Length {
        /// The array's name.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The number of records.
        want: usize,
    },
    /// The batch would pass 4 GiB.
    #[error("a batch holds less than 4 GiB; this one would have {bytes} bytes")]
    TooLarge {
        /// The size it would have.
        bytes: usize,
    },
}

/// Checks that `ends` ascends to `payload`, the number of bytes described.
pub(crate) fn check_ends(ends: &[u32], payload: usize) -> Result<(), Malformed> {
    // One pass without branches; the place is looked for only when something is wrong.
    let ascending = ends.windows(2).fold(true, |good, pair| match pair {
        [before, end] => good & (before <= end),
        _ => good,
    });
    if !ascending {
        for (index, pair) in ends.windows(2).enumerate() {
            if let &[before, end] = pair
                && end < before
            {
                return Err(Malformed::Descending { index: index + 1, end, before });
            }
        }
    }
    let end = ends.last().copied().unwrap_or_default();
    if end as usize != payload {
        return Err(Malformed::PayloadLength { end, payload });
    }
    Ok(())
}

/// Records laid end to end, with when each arrived and the columns beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    payload: Vec<u8>,
    ends: Vec<u32>,
    arrival_ms: Vec<u64>,
    columns: Vec<Column>,
}

impl Batch {
    /// An empty batch that allocates nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty batch with room for `records` records of `bytes` bytes in all.
    pub fn with_capacity(records: usize, bytes: usize) -> Self {
        Self {
            payload: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(records),
            arrival_ms: Vec::with_capacity(records),
            columns: Vec::new(),
        }
    }

    /// Builds a batch without columns from its parts, or says what is wrong with them.
    pub fn from_parts(payload: Vec<u8>, ends: Vec<u32>, arrival_ms: Vec<u64>) -> Result<Self, Malformed> {
        check_ends(&ends, payload.len())?;
        if arrival_ms.len() != ends.len() {
            return Err(Malformed::Length { what: "arrival", got: arrival_ms.len(), want: ends.len() });
        }
        Ok(Self { payload, ends, arrival_ms, columns: Vec::new() })
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All payloads, end to end.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Where each record ends in the payload.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// When each record arrived, in milliseconds since 1970.
    pub fn arrival_ms(&self) -> &[u64] {
        &self.arrival_ms
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column named `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name() == name)
    }

    /// Record `record`.
    #[inline]
    pub fn get(&self, record: usize) -> Option<&[u8]> {
        let end = *self.ends.get(record)? as usize;
        let start = match record.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.payload.get(start..end)
    }

    /// The records in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let record = self.payload.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            record
        })
    }

    /// All of it as a view.
    pub fn view(&self) -> View<'_> {
        View::new(self, 0, self.len())
    }

    /// Bytes of memory that it occupies, spare capacity included.
    pub fn memory(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::bytes).sum();
        self.payload.capacity() + 4 * self.ends.capacity() + 8 * self.arrival_ms.capacity() + columns
    }

    /// Adds a record without column values. Refused when the payload would pass 4 GiB.
    #[inline]
    pub fn push(&mut self, record: &[u8], arrival_ms: u64) -> Result<(), Malformed> {
        let bytes = self.payload.len() + record.len();
        let end = u32::try_from(bytes).map_err(|_| Malformed::TooLarge { bytes })?;
        self.payload.extend_from_slice(record);
        self.ends.push(end);
        self.arrival_ms.push(arrival_ms);
        for column in &mut self.columns {
            column.push(None);
        }
        Ok(())
    }

    /// Adds records laid end to end in `payload`, checked before anything is changed. Existing columns
    /// are absent in them.
    pub fn extend(&mut self, payload: &[u8], ends: &[u32], arrival_ms: &[u64]) -> Result<(), Malformed> {
        check_ends(ends, payload.len())?;
        if arrival_ms.len() != ends.len() {
            return Err(Malformed::Length { what: "arrival", got: arrival_ms.len(), want: ends.len() });
        }
        let bytes = self.payload.len() + payload.len();
        u32::try_from(bytes).map_err(|_| Malformed::TooLarge { bytes })?;
        let base = u32::try_from(self.payload.len()).map_err(|_| Malformed::TooLarge { bytes })?;
        self.payload.extend_from_slice(payload);
        self.ends.extend(ends.iter().map(|end| base + end));
        self.arrival_ms.extend_from_slice(arrival_ms);
        for column in &mut self.columns {
            for _ in ends {
                column.push(None);
            }
        }
        Ok(())
    }

    /// Adds all records of `other` with their columns. An empty batch takes over the buffers of `other`.
    pub fn append(&mut self, other: Batch) -> Result<(), Malformed> {
        if self.is_empty() {
            *self = other;
            return Ok(());
        }
        let before = self.len();
        // Columns of ours come out absent in the new records; those that `other` has are filled in below.
        self.extend(&other.payload, &other.ends, &other.arrival_ms)?;
        for theirs in other.columns {
            let ours = match self.columns.iter().position(|column| column.name() == theirs.name()) {
                Some(place) => self.columns.get_mut(place),
                None => {
                    self.columns.push(Column::new(theirs.name(), before));
                    self.columns.last_mut()
                }
            };
            if let Some(ours) = ours {
                ours.truncate(before);
                for record in 0..other.ends.len() {
                    ours.push(theirs.get(record));
                }
            }
        }
        Ok(())
    }

    /// Sets a column, in the place of one of the same name.
    pub fn set_column(&mut self, column: Column) -> Result<(), Malformed> {
        if column.index().len() != self.len() {
            let got = column.index().len();
            return Err(Malformed::Length { what: "column index", got, want: self.len() });
        }
        match self.columns.iter_mut().find(|old| old.name() == column.name()) {
            Some(old) => *old = column,
            None => self.columns.push(column),
        }
        Ok(())
    }

    /// Keeps the first `records` records.
    pub fn truncate(&mut self, records: usize) {
        if records >= self.len() {
            return;
        }
        let end = records.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        self.payload.truncate(end as usize);
        self.ends.truncate(records);
        self.arrival_ms.truncate(records);
        for column in &mut self.columns {
            column.truncate(records);
        }
    }

    /// Empties it and keeps its buffers. Columns are removed.
    pub fn clear(&mut self) {
        self.payload.clear();
        self.ends.clear();
        self.arrival_ms.clear();
        self.columns.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_come_back_as_they_were_pushed(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20)) {
            let mut batch = Batch::new();
            for (arrival, record) in (0u64..).zip(&records) {
                batch.push(record, arrival).unwrap();
            }
            prop_assert_eq!(batch.len(), records.len());
            prop_assert_eq!(batch.iter().map(<[u8]>::to_vec).collect::<Vec<_>>(), records.clone());
            for (index, record) in records.iter().enumerate() {
                prop_assert_eq!(batch.get(index).unwrap(), &record[..]);
            }
            let middle = batch.view().slice(1..records.len().max(1) - 1);
            prop_assert_eq!(middle.payload(), &records.get(1..records.len().max(1) - 1).unwrap_or_default().concat()[..]);
        }

        #[test]
        fn any_ends_are_taken_whole_or_refused_whole(ends in prop::collection::vec(0u32..40, 0..8), payload in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut batch = Batch::new();
            batch.push(b"before", 1).unwrap();
            let arrivals = vec![2; ends.len()];
            let good = ends.is_sorted() && ends.last().copied().unwrap_or_default() as usize == payload.len();
            prop_assert_eq!(batch.extend(&payload, &ends, &arrivals).is_ok(), good);
            prop_assert_eq!(batch.len(), if good { 1 + ends.len() } else { 1 });
            prop_assert_eq!(batch.get(0).unwrap(), b"before");
            prop_assert_eq!(batch.iter().map(<[u8]>::len).sum::<usize>(), batch.payload().len());
        }

        #[test]
        fn appending_is_pushing_one_after_the_other(left in prop::collection::vec(("[a-z]{0,4}", prop::option::of("[x-z]")), 0..6), right in prop::collection::vec(("[a-z]{0,4}", prop::option::of("[x-z]")), 0..6), names in any::<bool>()) {
            let make = |rows: &[(String, Option<String>)], name: &str| {
                let mut batch = Batch::new();
                let mut column = Column::new(name, 0);
                for (record, value) in rows {
                    batch.push(record.as_bytes(), 7).unwrap();
                    column.push(value.as_deref().map(str::as_bytes));
                }
                batch.set_column(column).unwrap();
                batch
            };
            let other = if names { "key" } else { "other" };
            let mut both = make(&left, "key");
            both.append(make(&right, other)).unwrap();
            prop_assert_eq!(both.len(), left.len() + right.len());
            for (record, (text, value)) in left.iter().chain(&right).enumerate() {
                prop_assert_eq!(both.get(record).unwrap(), text.as_bytes());
                let name = if record < left.len() { "key" } else { other };
                prop_assert_eq!(both.column(name).and_then(|column| column.get(record)), value.as_deref().map(str::as_bytes));
            }
        }

        #[test]
        fn a_sliced_column_keeps_its_values(values in prop::collection::vec(prop::option::of("[a-c]{0,2}"), 0..12), cut in 0usize..12) {
            let mut column = Column::new("key", 0);
            for value in &values {
                column.push(value.as_deref().map(str::as_bytes));
            }
            let cut = cut.min(values.len());
            let tail = column.slice(cut..values.len());
            for (index, value) in values.iter().skip(cut).enumerate() {
                prop_assert_eq!(tail.get(index), value.as_deref().map(str::as_bytes));
            }
            let again = Column::from_parts("key".into(), tail.values().to_vec(), tail.ends().to_vec(), tail.index().to_vec());
            prop_assert_eq!(again.unwrap(), tail);
        }
    }

    #[test]
    fn a_value_number_out_of_range_is_refused() {
        let bad = Column::from_parts("key".into(), b"a".to_vec(), vec![1], vec![0, 1]);
        assert_eq!(bad.unwrap_err().to_string(), "column `key` refers to value 1; it has 1");
    }
}
