use standpipe_record::{Batch, Failure, Outcomes};

use crate::{Plugin, StartError, Step, Worker};

/// Bytes of outputs of the first plugin with which the rest of the chain goes on before the batch is done.
const PART_BYTES: usize = 16 << 20;

/// Plugins one after the other: the outputs of one are the records of the next. They share no memory.
///
/// A record is whole. If one of its outputs fails in a later plugin, all its outputs are withdrawn and the
/// record fails once; it is dropped when all of them were.
#[derive(Debug)]
pub struct Chain {
    workers: Vec<Worker>,
    /// Number of the worker that works on the batch.
    at: usize,
    /// What has become of the source records in the plugins before `at`.
    before: Outcomes,
    /// Whether the first worker has records left.
    rest: bool,
    /// The lane, and the position of the batch's first record.
    place: (u32, u64),
}

impl Chain {
    /// A chain of plugins, in the order in which they run. Without any it passes records on.
    pub fn new(plugins: impl IntoIterator<Item = Plugin>) -> Self {
        let workers = plugins.into_iter().map(Worker::new).collect();
        Self { workers, at: 0, before: Outcomes::default(), rest: false, place: (0, 0) }
    }

    /// Whether there is no plugin.
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// Its workers, for their stats.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// Begins a new batch, which starts at `position` of `lane`: clock and random numbers of plugins follow from that.
    pub fn begin(&mut self, lane: u32, position: u64) {
        self.place = (lane, position);
        self.at = 0;
        self.before.clear();
        if let Some(first) = self.workers.first_mut() {
            first.begin(lane, position);
        }
    }

    /// Gives back instances that have not been used for a while, or all if there are too many.
    pub fn idle(&mut self) {
        for worker in &mut self.workers {
            worker.idle();
        }
    }

    /// Works on with `input`, the same batch until it is done. After [`Step::Part`] and [`Step::Done`] `out`
    /// holds what became of some records, all of each; clear it before the next call. Until then leave it
    /// alone.
    pub fn step(&mut self, input: &Batch, out: &mut Outcomes) -> Result<Step, StartError> {
        let last = self.workers.len().saturating_sub(1);
        let Some(worker) = self.workers.get_mut(self.at) else {
            out.clear();
            out.outputs = input.clone();
            out.origins = (0u32..).take(input.len()).collect();
            return Ok(Step::Done);
        };
        let records = if self.at == 0 { input } else { &self.before.outputs };
        let more = worker.step(records, out)? == Step::More;
        if self.at == 0 {
            self.rest = more;
        }
        let enough = self.at == 0 && out.outputs.payload().len() >= PART_BYTES;
        if more && !enough {
            return Ok(Step::More);
        }
        if self.at > 0 {
            join(&mut self.before, out);
        }
        if self.at == last {
            self.at = 0;
            self.before.clear();
            return Ok(if self.rest { Step::Part } else { Step::Done });
        }
        // What this plugin put out is what the next one is given.
        std::mem::swap(&mut self.before, out);
        out.clear();
        self.at += 1;
        if let Some(next) = self.workers.get_mut(self.at) {
            next.begin(self.place.0, self.place.1);
        }
        Ok(Step::More)
    }

    /// Runs a whole batch and holds all its outputs at once. For tests and measurements.
    pub fn run(&mut self, input: &Batch, out: &mut Outcomes) -> Result<(), StartError> {
        self.begin(0, 0);
        out.clear();
        let mut part = Outcomes::default();
        loop {
            let step = self.step(input, &mut part)?;
            if step == Step::More {
                continue;
            }
            let appended = out.outputs.append(std::mem::take(&mut part.outputs));
            debug_assert!(appended.is_ok(), "{appended:?}");
            out.origins.append(&mut part.origins);
            out.dropped.append(&mut part.dropped);
            out.failed.append(&mut part.failed);
            if step == Step::Done {
                return Ok(());
            }
        }
    }
}

/// Makes of `out`, which speaks of the outputs in `before`, one that speaks of the source records.
fn join(before: &mut Outcomes, out: &mut Outcomes) {
    let source = |number: &u32| before.origins.get(*number as usize).copied().unwrap_or(u32::MAX);
    for origin in &mut out.origins {
        *origin = source(origin);
    }
    if out.failed.is_empty() && out.dropped.is_empty() {
        out.dropped.append(&mut before.dropped);
        out.failed.append(&mut before.failed);
        return;
    }
    let mut failed: Vec<Failure> = std::mem::take(&mut out.failed);
    for failure in &mut failed {
        failure.index = source(&failure.index);
    }
    failed.append(&mut before.failed);
    failed.sort_by_key(|failure| failure.index);
    failed.dedup_by_key(|failure| failure.index);

    let has_failed = |record: u32| failed.binary_search_by_key(&record, |failure| failure.index).is_ok();
    if out.origins.iter().any(|origin| has_failed(*origin)) {
        withdraw(out, has_failed);
    }
    // A record is dropped when each of its outputs was, so when it is left with none and has not failed.
    let mut dropped: Vec<u32> = out.dropped.iter().map(source).collect();
    dropped.dedup();
    dropped.retain(|record| out.origins.binary_search(record).is_err() && !has_failed(*record));
    dropped.append(&mut before.dropped);
    dropped.sort_unstable();
    dropped.dedup();
    out.dropped = dropped;
    out.failed = failed;
}

/// Removes the outputs of the records for which `gone` says so.
fn withdraw(out: &mut Outcomes, gone: impl Fn(u32) -> bool) {
    let old = std::mem::take(&mut out.outputs);
    let mut kept = Batch::with_capacity(old.len(), old.payload().len());
    let mut origins = Vec::with_capacity(old.len());
    let mut columns: Vec<_> =
        old.columns().iter().map(|column| standpipe_record::Column::new(column.name(), 0)).collect();
    for (number, (record, origin)) in old.iter().zip(&out.origins).enumerate() {
        if gone(*origin) {
            continue;
        }
        let arrival = old.arrival_ms().get(number).copied().unwrap_or_default();
        // It was in a batch before, so it fits into one.
        if kept.push(record, arrival).is_ok() {
            origins.push(*origin);
            for (column, before) in columns.iter_mut().zip(old.columns()) {
                column.push(before.get(number));
            }
        }
    }
    for column in columns {
        let set = kept.set_column(column);
        debug_assert!(set.is_ok(), "{set:?}");
    }
    out.outputs = kept;
    out.origins = origins;
}

#[cfg(test)]
mod tests;
