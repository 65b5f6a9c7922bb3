//! A plugin under test: run it natively over some records and look at what became of each.
//!
//! ```
//! # use standpipe_sdk::{Failure, Outputs, Record, Verdict};
//! #[standpipe_sdk::plugin]
//! fn shout(record: Record<'_>, out: &mut Outputs) -> Result<Verdict, Failure> {
//!     Ok(out.emit(record.payload().to_ascii_uppercase()))
//! }
//!
//! # fn main() {
//! let outcomes = standpipe_sdk::testing::run::<Plugin>("{}", &["hey", "you"]);
//! assert_eq!(outcomes.texts(), ["HEY", "YOU"]);
//! # }
//! ```

use std::collections::BTreeMap;

use crate::column::{Column, offset};
use crate::native::Runner;
use crate::record::Batch;
use crate::{Failure, Level, Transform};

pub use crate::instance::Failed;

/// A record to give to a plugin.
#[derive(Debug, Clone, Default)]
pub struct Input {
    payload: Vec<u8>,
    arrival_ms: u64,
    columns: Vec<(String, Vec<u8>)>,
}

impl Input {
    /// A record with these bytes that arrived at 0 and has no columns.
    pub fn new(payload: impl AsRef<[u8]>) -> Self {
        Self { payload: payload.as_ref().to_vec(), ..Self::default() }
    }

    /// The same record, arrived then, in milliseconds since 1970.
    #[must_use]
    pub fn arrived(mut self, ms: u64) -> Self {
        self.arrival_ms = ms;
        self
    }

    /// The same record with this value in the column `name`. The plugin sees it if it asks for the column.
    #[must_use]
    pub fn column(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.columns.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }
}

/// An output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The number of the record that it came from.
    pub origin: u32,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// The columns that it goes on with: those of its record, and over them those that the plugin set.
    pub columns: BTreeMap<String, Vec<u8>>,
}

/// What became of the records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestOutcomes {
    /// The outputs.
    pub outputs: Vec<Output>,
    /// The numbers of the records that were dropped.
    pub dropped: Vec<u32>,
    /// The records that failed.
    pub failed: Vec<Failed>,
    /// What was logged.
    pub logs: Vec<(Level, String)>,
    /// What was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

impl TestOutcomes {
    /// The outputs as text. Bytes that are no UTF-8 are replaced.
    pub fn texts(&self) -> Vec<String> {
        self.outputs.iter().map(|output| String::from_utf8_lossy(&output.payload).into_owned()).collect()
    }
}

/// Tries these params, JSON: what the host does when it makes an instance.
pub fn init<P: Transform>(params: &str) -> Result<(), Failure> {
    P::new(params).map(drop)
}

/// Runs the plugin over records with these bytes.
///
/// # Panics
///
/// When the params are not accepted, and when a record is neither emitted nor dropped nor failed.
#[track_caller]
pub fn run<P: Transform>(params: &str, records: &[impl AsRef<[u8]>]) -> TestOutcomes {
    let inputs: Vec<Input> = records.iter().map(Input::new).collect();
    run_inputs::<P>(params, &inputs)
}

/// Runs the plugin over these records, with their arrival times and columns.
///
/// # Panics
///
/// As [`run`].
#[track_caller]
pub fn run_inputs<P: Transform>(params: &str, inputs: &[Input]) -> TestOutcomes {
    let mut runner = match Runner::<P>::new(params) {
        Ok(runner) => runner,
        Err(failure) => panic!("the plugin refuses its params: {failure}"),
    };
    let (mut payload, mut ends, mut arrival_ms) = (Vec::new(), Vec::new(), Vec::new());
    for input in inputs {
        payload.extend_from_slice(&input.payload);
        ends.push(offset(payload.len()));
        arrival_ms.push(input.arrival_ms);
    }
    let columns: Vec<Column> = P::MANIFEST.columns.iter().filter_map(|name| column(name, inputs)).collect();
    let batch = Batch { payload: &payload, ends: &ends, arrival_ms: &arrival_ms, columns: &columns };
    let native = match runner.run_batch(&batch) {
        Ok(native) => native,
        Err(failure) => panic!("the batch failed as a whole: {failure}"),
    };
    let outcomes = native.outcomes;
    let mut outputs = Vec::new();
    let mut start = 0;
    for (row, (&origin, &end)) in outcomes.origins.iter().zip(&outcomes.ends).enumerate() {
        let payload = outcomes.payload.get(start..end as usize).unwrap_or_default().to_vec();
        let inherited = inputs.get(origin as usize).map(|input| input.columns.clone()).unwrap_or_default();
        let mut columns = BTreeMap::from_iter(inherited);
        for column in &outcomes.columns {
            // The host's rule: a column that comes back replaces the inherited one, also where it is absent.
            match column.get(row) {
                Some(value) => columns.insert(column.name.clone(), value.to_vec()),
                None => columns.remove(&column.name),
            };
        }
        outputs.push(Output { origin, payload, columns });
        start = end as usize;
    }
    for record in 0..offset(inputs.len()) {
        let known = outcomes.origins.binary_search(&record).is_ok()
            || outcomes.dropped.binary_search(&record).is_ok()
            || outcomes.failed.iter().any(|failed| failed.index == record);
        assert!(known, "record {record} returned `Emitted` and has no output");
    }
    let counts = native.counts.into_iter().collect();
    TestOutcomes { outputs, dropped: outcomes.dropped, failed: outcomes.failed, logs: native.logs, counts }
}

/// The column `name` of the records, if one of them has it.
fn column(name: &str, inputs: &[Input]) -> Option<Column> {
    let mut column = Column { name: name.to_owned(), ..Column::default() };
    for (row, input) in inputs.iter().enumerate() {
        if let Some((_, value)) = input.columns.iter().find(|(column, _)| column == name) {
            column.set(row, value);
        }
    }
    if column.index.is_empty() {
        return None;
    }
    column.pad(inputs.len());
    Some(column)
}
