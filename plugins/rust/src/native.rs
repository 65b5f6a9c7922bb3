//! A plugin run natively, batch by batch, by the code that runs it in wasm: for benchmarks that compare the two.

use crate::instance::Instance;
use crate::record::Batch;
use crate::{Failure, Level, Transform, host};

pub use crate::instance::{Failed, Outcomes};

/// One instance of a plugin.
#[derive(Debug)]
pub struct Runner<P> {
    instance: Instance<P>,
}

/// What became of a batch, and what the plugin said meanwhile.
#[derive(Debug, Default)]
pub struct NativeOutcomes {
    /// What became of the records.
    pub outcomes: Outcomes,
    /// What was logged.
    pub logs: Vec<(Level, String)>,
    /// What was counted.
    pub counts: Vec<(&'static str, u64)>,
}

impl<P: Transform> Runner<P> {
    /// An instance with these params, JSON.
    pub fn new(params: &str) -> Result<Self, Failure> {
        Ok(Self { instance: Instance::new(params)? })
    }

    /// Transforms the records that lie end to end in `payload`, each ending at its place in `ends`.
    ///
    /// Fails with `bad-batch` when these do not fit together.
    pub fn run(
        &mut self,
        payload: &[u8],
        ends: &[u32],
        arrival_ms: &[u64],
    ) -> Result<NativeOutcomes, Failure> {
        self.run_batch(&Batch { payload, ends, arrival_ms, columns: &[] })
    }

    pub(crate) fn run_batch(&mut self, batch: &Batch<'_>) -> Result<NativeOutcomes, Failure> {
        host::take();
        let outcomes = self.instance.transform(batch)?;
        let said = host::take();
        Ok(NativeOutcomes { outcomes, logs: said.logs, counts: said.counts })
    }
}
