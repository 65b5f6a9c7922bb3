use serde::de::DeserializeOwned;

use crate::record::Batch;
use crate::{Column, Failure, Manifest, Outputs, Record, Verdict, host};

/// A plugin: what `#[plugin]` writes for a function.
pub trait Transform: Sized {
    /// What the plugin says of itself.
    const MANIFEST: Manifest;

    /// Makes one with these params, JSON.
    fn new(params: &str) -> Result<Self, Failure>;

    /// Transforms one record.
    fn transform(&self, record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure>;
}

/// Reads the settings of a plugin. The message names the member that is wrong.
pub fn settings<S: DeserializeOwned>(params: &str) -> Result<S, Failure> {
    let mut reader = serde_json::Deserializer::from_str(params);
    let settings = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { "params".to_owned() } else { format!("params.{path}") };
        Failure::new("bad-params", format!("`{place}`: {}", error.inner()))
    })?;
    reader.end().map_err(|error| Failure::new("bad-params", format!("`params`: {error}")))?;
    Ok(settings)
}

/// A record that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its number in the batch.
    pub index: u32,
    /// Why.
    pub failure: Failure,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The outputs, laid end to end.
    pub payload: Vec<u8>,
    /// Where each output ends in `payload`.
    pub ends: Vec<u32>,
    /// For each output the number of its record. Ascends.
    pub origins: Vec<u32>,
    /// The columns that the plugin set, one row per output.
    pub columns: Vec<Column>,
    /// The records that were dropped, ascending.
    pub dropped: Vec<u32>,
    /// The records that failed, ascending.
    pub failed: Vec<Failed>,
}

/// A plugin with its params, as one instance of it runs in the host. The wasm exports and the native runner
/// share this code.
#[derive(Debug)]
pub(crate) struct Instance<P> {
    plugin: P,
    growth: Growth,
}

impl<P: Transform> Instance<P> {
    pub(crate) fn new(params: &str) -> Result<Self, Failure> {
        Ok(Self { plugin: P::new(params)?, growth: Growth::default() })
    }

    /// Transforms a batch. An error is one for the whole of it.
    pub(crate) fn transform(&mut self, batch: &Batch<'_>) -> Result<Outcomes, Failure> {
        let records = batch.ends.len();
        if batch.arrival_ms.len() != records {
            return Err(bad_batch(format!("{} arrival times for {records} records", batch.arrival_ms.len())));
        }
        let mut out = Outputs::with_capacity(records, self.growth.room(batch.payload.len()));
        let (mut dropped, mut failed) = (Vec::new(), Vec::new());
        let mut start = 0;
        for (index, (number, &end)) in (0u32..).zip(batch.ends).enumerate() {
            let end = end as usize;
            let Some(payload) = batch.payload.get(start..end) else {
                return Err(bad_batch(format!(
                    "record {index} is {start}..{end} of {}",
                    batch.payload.len()
                )));
            };
            start = end;
            out.begin(number);
            host::begin(number);
            match self.plugin.transform(Record::new(batch, payload, index), &mut out) {
                Ok(Verdict::Emitted(_)) => {}
                Ok(Verdict::Dropped) => {
                    out.withdraw();
                    dropped.push(number);
                }
                Err(failure) => {
                    out.withdraw();
                    failed.push(Failed { index: number, failure });
                }
            }
        }
        if u32::try_from(out.payload.len()).is_err() {
            return Err(bad_batch(format!(
                "{} bytes of output; a batch holds less than 4 GiB",
                out.payload.len()
            )));
        }
        self.growth.note(batch.payload.len(), out.payload.len());
        out.finish_columns(batch.columns);
        let Outputs { payload, ends, origins, columns, .. } = out;
        Ok(Outcomes { payload, ends, origins, columns, dropped, failed })
    }
}

#[cold]
fn bad_batch(message: String) -> Failure {
    Failure::new("bad-batch", message)
}

/// How much larger outputs are than their records, learnt from the batch before: a buffer with room enough is
/// not moved while it grows.
#[derive(Debug)]
struct Growth {
    /// Bytes out for 256 bytes in.
    ratio: usize,
}

impl Default for Growth {
    fn default() -> Self {
        Self { ratio: 256 * 5 / 4 }
    }
}

impl Growth {
    /// One freak batch must not make the next one reserve all memory.
    const MOST: usize = 256 * 8;

    fn room(&self, bytes: usize) -> usize {
        // An eighth more than last time, and something for batches of a few bytes.
        (bytes / 256 + 1).saturating_mul(self.ratio + self.ratio / 8 + 1)
    }

    fn note(&mut self, bytes: usize, written: usize) {
        self.ratio = ((written / 256 + 1).saturating_mul(256) / (bytes / 256 + 1)).min(Self::MOST);
    }
}
