//! What became of records on its way into open parcels: outputs into those of their partitions, failures into the
//! error output, source records into the backup.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use standpipe_format::{Attempt, Place, error_type, write_failed};
use standpipe_record::{Batch, Cause, Failure, Outcomes, View};

use super::piece::Piece;
use crate::Plan;
use crate::entry::{Carry, Counts, Role};
use crate::metrics::add;
use crate::parcel::{Of, Parcel};
use crate::parcels::{Parcels, Slot, name};
use crate::plan::Backs;

mod partition;
mod restore;

use partition::Partition;

/// The open parcels of a lane and what goes into them.
#[derive(Debug)]
pub(super) struct Gather {
    plan: Arc<Plan>,
    pub(super) parcels: Parcels,
    pub(super) counts: Counts,
    partition: Partition,
    /// Source records of the frame that failed and are not in the backup yet, where that has only those.
    failed: BTreeSet<u32>,
    /// The name of what a parcel is for.
    name: Vec<u8>,
}

impl Gather {
    pub(super) fn new(plan: Arc<Plan>, open: Vec<Carry>, next_parcel: u64, counts: Counts) -> Self {
        let parcels = restore::parcels(&plan, open, next_parcel);
        let (partition, failed, name) = (Partition::default(), BTreeSet::new(), Vec::new());
        Self { plan, parcels, counts, partition, failed, name }
    }

    /// Takes over what became of some records of `batch`: all outcomes of each. `piece` says of which source records
    /// they are parts, if the batch is not that of the frame.
    pub(super) fn take(&mut self, outcomes: &mut Outcomes, batch: &Batch, piece: Option<&Piece>) {
        let source = |record: u32| piece.map_or(record, |piece| piece.source(record.into()));
        let Outcomes { outputs, origins, dropped, mut failed } = std::mem::take(outcomes);
        let (count, bytes) = (outputs.len() as u64, outputs.payload().len() as u64);
        let withdrawn = self.outputs(&outputs, &origins, batch, &source);
        add(&self.plan.metrics.outputs, count - withdrawn.count);
        add(&self.plan.metrics.output_bytes, bytes - withdrawn.bytes);
        self.counts.outputs += count - withdrawn.count;
        self.drop_records(dropped.len() as u64);
        for failure in &mut failed {
            // One by what finds partition keys means that there are none.
            if self.plan.partitions.as_ref().is_some_and(|partitions| partitions.is_of_query(failure)) {
                failure.cause = Cause::PartitionKeys;
            }
            self.fail_record(batch, failure, source(failure.index));
        }
        // It goes on with the same buffers.
        *outcomes = Outcomes { outputs, origins, dropped, failed };
    }

    /// Source records `range` of the frame are done, as far as its plugins see them.
    pub(super) fn reach(&mut self, records: &Batch, range: Range<u32>, piece: Option<&mut Piece>) {
        if let Some(piece) = piece {
            let until = piece.failed.partition_point(|(source, _)| *source < range.end);
            for (source, unsplit) in piece.failed.drain(..until) {
                let failure = Failure {
                    index: source,
                    cause: unsplit.cause,
                    code: unsplit.code.to_owned(),
                    message: unsplit.message,
                    plugin: None,
                    captured: String::new(),
                    backtrace: String::new(),
                    attempts: 1,
                };
                let arrival = records.arrival_ms().get(source as usize).copied().unwrap_or_default();
                self.fail(&unsplit.raw, &failure, arrival, None);
                self.note_failed(source);
            }
            let until = piece.dropped.partition_point(|source| *source < range.end);
            self.drop_records(piece.dropped.drain(..until).len() as u64);
        }
        let (start, end) = (range.start as usize, range.end as usize);
        match self.plan.backs() {
            Backs::Nothing => {}
            Backs::All => self.back_up(records.view().slice(start..end)),
            Backs::Failed => {
                for source in std::mem::take(&mut self.failed) {
                    if range.contains(&source) {
                        self.back_up(records.view().slice(source as usize..source as usize + 1));
                    } else {
                        self.failed.insert(source);
                    }
                }
            }
        }
        if end >= records.len() {
            self.failed.clear();
        }
    }

    fn drop_records(&mut self, count: u64) {
        add(&self.plan.metrics.dropped, count);
        self.counts.dropped += count;
    }

    /// Puts outputs into the parcels of their partitions. Returns how many of them were withdrawn, because their
    /// records failed here.
    fn outputs(
        &mut self,
        outputs: &Batch,
        origins: &[u32],
        batch: &Batch,
        source: &dyn Fn(u32) -> u32,
    ) -> Withdrawn {
        if self.plan.discards || outputs.is_empty() {
            return Withdrawn::default();
        }
        if self.plan.partitions.is_some() {
            return self.part(outputs, origins, batch, source);
        }
        name(Role::Destination, [], &mut self.name);
        let of = || Of::Partition { values: Vec::new(), prefix: None };
        let (size, delimiter) = (self.plan.destination.size, self.plan.destination.delimiter);
        self.append(outputs.view(), size, of, |parcel, view| parcel.add(view, delimiter, size));
        Withdrawn::default()
    }

    /// Appends records to the parcel named `self.name`, and to those that follow it as each is full.
    fn append(
        &mut self,
        records: View<'_>,
        size: u64,
        of: impl Fn() -> Of,
        add: impl Fn(&mut Parcel, View<'_>) -> usize,
    ) {
        let mut from = 0;
        while from < records.len() {
            let slot = self.parcel(&of);
            let rest = records.slice(from..records.len());
            match self.parcels.add(slot, size, |parcel| add(parcel, rest)) {
                Some(taken) => from += taken.max(1),
                None => return,
            }
        }
    }

    /// Where the parcel named `self.name` is, opened if need be.
    fn parcel(&mut self, of: impl FnOnce() -> Of) -> Slot {
        match self.parcels.find(&self.name) {
            Some(slot) => slot,
            None => self.parcels.open(&self.name, of(), self.plan.clock.now_ms()),
        }
    }

    fn back_up(&mut self, records: View<'_>) {
        let Some(backup) = &self.plan.backup else { return };
        let (size, delimiter) = (backup.outlet.size, backup.outlet.delimiter);
        name(Role::Backup, [], &mut self.name);
        self.append(records, size, || Of::Backup, |parcel, view| parcel.add(view, delimiter, size));
    }

    fn note_failed(&mut self, source: u32) {
        if self.plan.backs() == Backs::Failed {
            self.failed.insert(source);
        }
    }

    /// A record of `batch` has failed, or a part of source record `source`.
    fn fail_record(&mut self, batch: &Batch, failure: &Failure, source: u32) {
        let record = failure.index as usize;
        let raw = batch.get(record).unwrap_or_default();
        let arrival = batch.arrival_ms().get(record).copied().unwrap_or_default();
        self.fail(raw, failure, arrival, None);
        self.note_failed(source);
    }

    /// Writes a line of the error output.
    pub(super) fn fail(&mut self, raw: &[u8], failure: &Failure, arrival_ms: u64, place: Option<Place>) {
        add(&self.plan.metrics.failed, 1);
        self.counts.failed += 1;
        add(&self.plan.metrics.refused_partitions, (failure.cause == Cause::PartitionLimit).into());
        if self.plan.discards {
            return;
        }
        let attempt = Attempt { arrival_ms, ended_ms: self.plan.clock.now_ms() };
        let error_type = error_type(failure.cause);
        name(Role::ErrorOutput, [error_type.as_bytes()], &mut self.name);
        let slot = self.parcel(|| Of::Errors(Cow::Borrowed(error_type)));
        let size = self.plan.destination.size;
        self.parcels.add(slot, size, |parcel| {
            parcel.add_line(arrival_ms, |out| write_failed(out, raw, failure, attempt, place));
        });
    }
}

/// Outputs that were withdrawn.
#[derive(Debug, Default, Clone, Copy)]
struct Withdrawn {
    count: u64,
    bytes: u64,
}
