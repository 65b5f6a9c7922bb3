use crate::contract::{ColumnOut, FailureOut, OutcomesOut, VerdictOut};
use crate::instance::CallError;

/// What an `each` plugin said of one record, in the form of a batch of one.
pub(crate) fn outcomes(verdict: VerdictOut) -> Result<OutcomesOut, CallError> {
    let mut out = OutcomesOut::default();
    match verdict {
        VerdictOut::Dropped => out.dropped.push(0),
        VerdictOut::Failed(error) => {
            out.failed.push(FailureOut { index: 0, code: error.code, message: error.message });
        }
        VerdictOut::Ok(outputs) => {
            for output in &outputs {
                out.payload.extend_from_slice(&output.payload);
                out.ends.push(offset(out.payload.len())?);
                out.origins.push(0);
            }
            let rows = outputs
                .iter()
                .map(|output| output.columns.iter().map(|(name, value)| (name.as_str(), value.as_slice())));
            out.columns = columns(rows, outputs.len())?;
        }
    }
    Ok(out)
}

/// Columns of names and values, row by row.
pub(crate) fn columns<'a, R>(
    rows: impl Iterator<Item = R>,
    outputs: usize,
) -> Result<Vec<ColumnOut>, CallError>
where
    R: Iterator<Item = (&'a str, &'a [u8])>,
{
    let mut columns: Vec<ColumnOut> = Vec::new();
    for (number, row) in rows.enumerate() {
        for (name, value) in row {
            let place = columns.iter().position(|column| column.name == name).unwrap_or_else(|| {
                let index = vec![standpipe_record::ABSENT; outputs];
                columns.push(ColumnOut {
                    name: name.to_owned(),
                    values: Vec::new(),
                    ends: Vec::new(),
                    index,
                });
                columns.len() - 1
            });
            let Some(column) = columns.get_mut(place) else { continue };
            let count = offset(column.ends.len())?;
            column.values.extend_from_slice(value);
            column.ends.push(offset(column.values.len())?);
            if let Some(slot) = column.index.get_mut(number) {
                *slot = count;
            }
        }
    }
    Ok(columns)
}

pub(crate) fn offset(bytes: usize) -> Result<u32, CallError> {
    u32::try_from(bytes).map_err(|_| CallError::invalid("its outputs pass 4 GiB"))
}
