//! Checks what a plugin answered for a batch before anything uses it.

use std::sync::Arc;

use standpipe_record::{ABSENT, Batch, Cause, Column, Failure, Outcomes, PluginId, View};

use crate::Limits;
use crate::contract::{ColumnOut, OutcomesOut};
use crate::text::{MAX_CODE, escaped, message_and_stack};

/// Longest name of an output column, in bytes.
const MAX_COLUMN_NAME: usize = 256;
/// The most columns an answer may have.
const MAX_COLUMNS: usize = 64;

/// An answer that breaks the contract as a whole, in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nonsense(pub(crate) String);

const OUTPUT: u8 = 1;
const DROPPED: u8 = 2;
const FAILED: u8 = 4;
const OVER: u8 = 8;

/// Who answered, and under which limits.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) id: &'a Arc<PluginId>,
}

/// Checks `answer` against the records that were given and appends what became of them to `out`, numbered as
/// in the batch that `input` is a part of. When it is nonsense, `out` is left as it was.
pub(crate) fn take(
    answer: OutcomesOut,
    input: View<'_>,
    terms: &Terms<'_>,
    out: &mut Outcomes,
) -> Result<(), Nonsense> {
    let count = input.len();
    let outputs = answer.ends.len();
    if answer.origins.len() != outputs {
        return Err(Nonsense(format!("it answered {} origins for {outputs} outputs", answer.origins.len())));
    }
    let base = u32::try_from(input.first()).map_err(|_| Nonsense("the batch is too long".into()))?;
    let columns = check_columns(answer.columns, outputs)?;

    // Nearly always every record has one output, and all of them together are within the limit of one.
    let plain = outputs == count
        && answer.dropped.is_empty()
        && answer.failed.is_empty()
        && answer.payload.len() as u64 <= terms.limits.output_per_record
        && (0u32..).zip(&answer.origins).fold(true, |same, (number, origin)| same & (number == *origin));
    if plain {
        let mut rows = batch(answer.payload, answer.ends, input.arrival_ms().to_vec())?;
        set_columns(&mut rows, &answer.origins, input, columns)?;
        out.origins.extend(answer.origins.iter().map(|origin| base + origin));
        return out.outputs.append(rows).map_err(|error| Nonsense(error.to_string()));
    }

    let given = OutcomesOut { columns: Vec::new(), ..answer };
    let marks = judge(&given, input, terms)?;
    if count > 1 {
        // A record that is in no list or in two may have a neighbour to thank for it: alone it has its verdict.
        let (silent, torn) = marks.iter().fold((0, 0), |(silent, torn), mark| match *mark & !OVER {
            0 => (silent + 1, torn),
            OUTPUT | DROPPED | FAILED => (silent, torn),
            _ => (silent, torn + 1),
        });
        if silent + torn > 0 {
            return Err(Nonsense(format!("of {count} records it put {silent} in no list and {torn} in two")));
        }
    }
    take_judged(given, columns, &marks, input, base, terms, out)
}

fn batch(payload: Vec<u8>, ends: Vec<u32>, arrival_ms: Vec<u64>) -> Result<Batch, Nonsense> {
    Batch::from_parts(payload, ends, arrival_ms).map_err(|error| Nonsense(format!("in its outputs, {error}")))
}

fn check_columns(columns: Vec<ColumnOut>, outputs: usize) -> Result<Vec<Column>, Nonsense> {
    if columns.len() > MAX_COLUMNS {
        return Err(Nonsense(format!("it answered {} columns; the limit is {MAX_COLUMNS}", columns.len())));
    }
    let mut checked: Vec<Column> = Vec::with_capacity(columns.len());
    for column in columns {
        let name = escaped(&column.name, MAX_COLUMN_NAME);
        if name != column.name || name.is_empty() || checked.iter().any(|other| other.name() == name) {
            return Err(Nonsense(format!(
                "column name `{name}` is empty, too long, unprintable or there twice"
            )));
        }
        if column.index.len() != outputs {
            let got = column.index.len();
            return Err(Nonsense(format!("column `{name}` has {got} entries for {outputs} outputs")));
        }
        let column = Column::from_parts(name, column.values, column.ends, column.index)
            .map_err(|error| Nonsense(error.to_string()))?;
        checked.push(column);
    }
    Ok(checked)
}

/// Marks for each record in which lists it is, and whether its outputs pass the limits.
fn judge(answer: &OutcomesOut, input: View<'_>, terms: &Terms<'_>) -> Result<Vec<u8>, Nonsense> {
    let count = input.len();
    let mut marks = vec![0u8; count];
    let mut mark = |list: &str, number: u32, bit: u8| match marks.get_mut(number as usize) {
        Some(place) => {
            *place |= bit;
            Ok(())
        }
        None => Err(Nonsense(format!("`{list}` names record {number}; it was given {count}"))),
    };
    let (mut start, mut before) = (0u32, 0u32);
    let (mut bytes, mut outputs) = (0u64, 0u32);
    for (end, origin) in answer.ends.iter().zip(&answer.origins) {
        if *origin < before {
            return Err(Nonsense(format!("its origins descend from {before} to {origin}")));
        }
        let Some(len) = end.checked_sub(start) else {
            return Err(Nonsense(format!("in its outputs, end {end} is below the end before it, {start}")));
        };
        if *origin != before {
            (bytes, outputs) = (0, 0);
        }
        bytes += u64::from(len);
        outputs += 1;
        mark("origins", *origin, OUTPUT)?;
        if bytes > terms.limits.output_per_record || outputs > terms.limits.outputs_per_record {
            mark("origins", *origin, OVER)?;
        }
        (start, before) = (*end, *origin);
    }
    if start as usize != answer.payload.len() {
        let payload = answer.payload.len();
        return Err(Nonsense(format!(
            "the last end of its outputs is {start}, their payload has {payload} bytes"
        )));
    }
    for number in &answer.dropped {
        mark("dropped", *number, DROPPED)?;
    }
    for failure in &answer.failed {
        mark("failed", failure.index, FAILED)?;
    }
    Ok(marks)
}

/// Takes over a checked answer: outputs of good records, and a failure for each of the others.
fn take_judged(
    answer: OutcomesOut,
    columns: Vec<Column>,
    marks: &[u8],
    input: View<'_>,
    base: u32,
    terms: &Terms<'_>,
    out: &mut Outcomes,
) -> Result<(), Nonsense> {
    let good = |origin: u32| marks.get(origin as usize) == Some(&OUTPUT);
    let mut rows = Batch::with_capacity(answer.ends.len(), answer.payload.len());
    let mut origins = Vec::with_capacity(answer.origins.len());
    let mut kept_columns: Vec<Column> = columns.iter().map(|column| Column::new(column.name(), 0)).collect();
    let mut start = 0;
    for (number, (end, origin)) in answer.ends.iter().zip(&answer.origins).enumerate() {
        let end = *end as usize;
        if good(*origin) {
            let arrival = input.arrival_ms().get(*origin as usize).copied().unwrap_or_default();
            let payload = answer.payload.get(start..end).unwrap_or_default();
            rows.push(payload, arrival).map_err(|error| Nonsense(error.to_string()))?;
            origins.push(*origin);
            for (kept, column) in kept_columns.iter_mut().zip(&columns) {
                kept.push(column.get(number));
            }
        }
        start = end;
    }
    set_columns(&mut rows, &origins, input, kept_columns)?;

    let mut failures = Vec::new();
    for failure in &answer.failed {
        if marks.get(failure.index as usize) == Some(&FAILED) {
            let code = escaped(&failure.code, MAX_CODE);
            let (message, backtrace) = message_and_stack(&failure.message);
            let verdict = verdict(failure.index, Cause::Returned, code, message, terms);
            failures.push(Failure { backtrace, ..verdict });
        }
    }
    let mut dropped = Vec::new();
    for (index, mark) in (0u32..).zip(marks) {
        match *mark {
            OUTPUT | FAILED => {}
            DROPPED => dropped.push(base + index),
            0 => {
                let message = "the plugin put this record in none of outputs, dropped and failed".into();
                failures.push(verdict(index, Cause::Missing, "missing-record".into(), message, terms));
            }
            mark if mark == OUTPUT | OVER => {
                let limits = terms.limits;
                let message = format!(
                    "its outputs pass {} bytes or {} outputs, the limits for one record; raise `output_per_record` or write less",
                    limits.output_per_record, limits.outputs_per_record
                );
                failures.push(verdict(index, Cause::OutputLimit, "output-limit".into(), message, terms));
            }
            _ => {
                let message =
                    "the plugin put this record in more than one of outputs, dropped and failed".into();
                failures.push(verdict(index, Cause::Contradiction, "contradiction".into(), message, terms));
            }
        }
    }
    failures.sort_by_key(|failure| failure.index);
    failures.dedup_by_key(|failure| failure.index);
    out.outputs.append(rows).map_err(|error| Nonsense(error.to_string()))?;
    out.origins.extend(origins.iter().map(|origin| base + origin));
    out.dropped.extend(dropped);
    out.failed.extend(failures.into_iter().map(|failure| Failure { index: base + failure.index, ..failure }));
    Ok(())
}

fn verdict(index: u32, cause: Cause, code: String, message: String, terms: &Terms<'_>) -> Failure {
    Failure {
        index,
        cause,
        code,
        message,
        plugin: Some(Arc::clone(terms.id)),
        captured: String::new(),
        backtrace: String::new(),
        attempts: 1,
    }
}

/// Gives outputs the columns of their origins, and their own in the place of these.
fn set_columns(rows: &mut Batch, origins: &[u32], input: View<'_>, own: Vec<Column>) -> Result<(), Nonsense> {
    for inherited in input.columns() {
        if own.iter().any(|column| column.name() == inherited.name()) {
            continue;
        }
        let mut column = Column::new(inherited.name(), 0);
        for origin in origins {
            column.push(inherited.get(input.first() + *origin as usize));
        }
        rows.set_column(column).map_err(|error| Nonsense(error.to_string()))?;
    }
    for column in own {
        if column.index().iter().any(|number| *number != ABSENT) {
            rows.set_column(column).map_err(|error| Nonsense(error.to_string()))?;
        }
    }
    Ok(())
}
