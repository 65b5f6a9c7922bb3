use std::path::Path;

use anyhow::Context;
use standpipe_record::{Batch, Column};

use crate::plugin::Wrong;
use crate::plugin::case::{Case, lines, read};

/// Bytes and records of a batch, as a source hands them over.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_RECORDS: usize = 4_096;
/// Batches that are measured: the beginning of a long file is enough.
const BATCHES: usize = 16;

/// What a plugin is measured with.
pub(super) struct Records {
    /// Once each.
    pub(super) batches: Vec<Batch>,
    pub(super) params: String,
    /// Where they come from, for people.
    pub(super) from: String,
}

impl Records {
    /// The lines of a file.
    pub(super) fn of_file(path: &Path, params: String) -> anyhow::Result<Self> {
        let batch = lines(&read(path)?, path)?;
        Self::of(&[batch], params, path.display().to_string())
    }

    /// The records of all cases that have the params of the first.
    pub(super) fn of_cases(cases: Vec<Case>) -> anyhow::Result<Self> {
        let params = cases.first().map(|case| case.params.clone()).unwrap_or_default();
        let cases: Vec<Case> = cases.into_iter().filter(|case| case.params == params).collect();
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let from = match names.as_slice() {
            [one] => format!("case {one}"),
            several => format!("cases {}", several.join(", ")),
        };
        let batches: Vec<Batch> = cases.into_iter().map(|case| case.records).collect();
        Self::of(&batches, params, from)
    }

    fn of(all: &[Batch], params: String, from: String) -> anyhow::Result<Self> {
        let mut batches = Vec::new();
        for records in all {
            cut(records, BATCH_RECORDS, &mut batches)?;
        }
        batches.truncate(BATCHES);
        if batches.iter().all(Batch::is_empty) {
            return Err(Wrong::error(format!("there is no record in {from}: nothing can be measured")));
        }
        Ok(Self { batches, params, from })
    }

    pub(super) fn count(&self) -> u64 {
        self.batches.iter().map(|batch| batch.len() as u64).sum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.batches.iter().map(|batch| batch.payload().len() as u64).sum()
    }

    /// The same, over and over if they are few, so that a plugin is given batches as large as it would get; of at most
    /// `most` records where it is slow.
    pub(super) fn full(&self, most: usize) -> anyhow::Result<Vec<Batch>> {
        let most = most.clamp(1, BATCH_RECORDS);
        let mut full = Batch::new();
        while full.len() < most && full.payload().len() < BATCH_BYTES {
            for batch in &self.batches {
                full.append(batch.clone()).context("repeat the records")?;
            }
        }
        let mut batches = Vec::new();
        cut(&full, most, &mut batches)?;
        Ok(batches)
    }

    /// Each record by itself, with its columns, at most `most`.
    pub(super) fn alone(&self, most: usize) -> anyhow::Result<Vec<Batch>> {
        let mut out = Vec::new();
        for batch in &self.batches {
            for record in 0..batch.len().min(most - out.len()) {
                out.push(part(batch, record..record + 1)?);
            }
        }
        Ok(out)
    }
}

/// Cuts records into batches of at most `most`.
fn cut(records: &Batch, most: usize, batches: &mut Vec<Batch>) -> anyhow::Result<()> {
    let mut first = 0;
    while first < records.len() && batches.len() < BATCHES {
        let start =
            first.checked_sub(1).and_then(|last| records.ends().get(last)).map_or(0, |end| *end as usize);
        let fits = |end: &u32| *end as usize - start <= BATCH_BYTES;
        let rest = records.ends().get(first..).unwrap_or_default();
        let count = rest.partition_point(fits).clamp(1, most);
        batches.push(part(records, first..(first + count).min(records.len()))?);
        first += count;
    }
    Ok(())
}

fn part(batch: &Batch, records: std::ops::Range<usize>) -> anyhow::Result<Batch> {
    let view = batch.view().slice(records.clone());
    let mut out = Batch::with_capacity(view.len(), view.payload().len());
    for (record, arrival) in (0..view.len()).zip(view.arrival_ms()) {
        out.push(view.get(record).unwrap_or_default(), *arrival).context("copy records")?;
    }
    let columns: Vec<Column> = batch.columns().iter().map(|column| column.slice(records.clone())).collect();
    for column in columns {
        out.set_column(column).context("copy columns")?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(texts: &[&str]) -> Records {
        let mut batch = Batch::new();
        for text in texts {
            batch.push(text.as_bytes(), 1).unwrap();
        }
        let mut column = Column::new("key", texts.len() - 1);
        column.push(Some(b"k"));
        batch.set_column(column).unwrap();
        Records::of(&[batch], "{}".into(), "here".into()).unwrap()
    }

    #[test]
    fn few_records_are_repeated_until_a_batch_is_full() {
        let full = records(&["a", "bb", "c"]).full(usize::MAX).unwrap();
        assert_eq!(full[0].len(), BATCH_RECORDS);
        assert_eq!(full[0].get(4), Some(&b"bb"[..]));
        let long = "x".repeat(900_000);
        let large = records(&[&long, &long]).full(usize::MAX).unwrap();
        assert_eq!(large.iter().map(Batch::len).collect::<Vec<_>>(), [1, 1]);
        let slow = records(&["a", "bb", "c"]).full(2).unwrap();
        assert_eq!(slow.iter().map(Batch::len).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_record_alone_keeps_its_columns() {
        let alone = records(&["a", "b"]).alone(10).unwrap();
        assert_eq!((alone.len(), alone[1].get(0)), (2, Some(&b"b"[..])));
        assert_eq!(alone[1].column("key").unwrap().get(0), Some(&b"k"[..]));
        assert_eq!(alone[0].column("key").unwrap().get(0), None);
        assert_eq!(records(&["a", "b"]).alone(1).unwrap().len(), 1);
    }
}
