//! Outputs into the parcels of their partitions.

use standpipe_record::{ABSENT, Batch, Cause, Column, Failure};

use super::{Gather, Withdrawn};
use crate::entry::Role;
use crate::parcel::Of;
use crate::parcels::{Slot, name};
use crate::plan::{Overflow, Partitions};

/// What finding partitions keeps from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// With a single key: by the number of a value in the batch's column, the parcel of its partition, and its id. Another
    /// parcel may have the slot by now.
    known: Vec<Option<(Slot, u64)>>,
    /// The parcels of one record's outputs.
    slots: Vec<Slot>,
}

/// Neighbouring outputs for one parcel.
#[derive(Debug, Clone, Copy)]
struct Run {
    slot: Slot,
    from: usize,
    until: usize,
}

/// Why an output has no parcel.
enum Refusal {
    Key(String),
    Limit,
}

impl Gather {
    /// Puts each output into the parcel of its partition. A record of which an output has none fails, and with it go all
    /// its outputs.
    pub(super) fn part(
        &mut self,
        outputs: &Batch,
        origins: &[u32],
        batch: &Batch,
        source: &dyn Fn(u32) -> u32,
    ) -> Withdrawn {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(partitions) = &plan.partitions else { return Withdrawn::default() };
        let columns: Vec<Option<&Column>> =
            partitions.columns.iter().map(|column| outputs.column(column)).collect();
        self.partition.known.clear();
        if let [Some(only)] = *columns {
            self.partition.known.resize(only.ends().len(), None);
        }
        let mut withdrawn = Withdrawn::default();
        let mut run: Option<Run> = None;
        let mut from = 0;
        for of_record in origins.chunk_by(|one, next| one == next) {
            let until = from + of_record.len();
            let record = of_record.first().copied().unwrap_or_default();
            match self.slots(partitions, &columns, from..until, &mut run, outputs) {
                Ok(()) => {
                    for (output, at) in (from..until).zip(0..) {
                        let slot = self.partition.slots.get(at).copied().unwrap_or(Slot::MAX);
                        match &mut run {
                            Some(run) if run.slot == slot => run.until = output + 1,
                            _ => {
                                self.flush(run.take(), outputs);
                                run = Some(Run { slot, from: output, until: output + 1 });
                            }
                        }
                    }
                }
                Err(refusal) => {
                    withdrawn.count += of_record.len() as u64;
                    withdrawn.bytes += outputs.view().slice(from..until).payload().len() as u64;
                    self.fail_record(batch, record, failure(record, refusal, partitions), source(record));
                }
            }
            from = until;
        }
        self.flush(run.take(), outputs);
        withdrawn
    }

    /// Finds the parcels of the outputs of one record.
    fn slots(
        &mut self,
        partitions: &Partitions,
        columns: &[Option<&Column>],
        of_record: std::ops::Range<usize>,
        run: &mut Option<Run>,
        outputs: &Batch,
    ) -> Result<(), Refusal> {
        self.partition.slots.clear();
        for output in of_record {
            let slot = match self.known(columns, output) {
                Some(slot) => slot,
                None => self.look_up(partitions, columns, output, run, outputs)?,
            };
            self.partition.slots.push(slot);
        }
        Ok(())
    }

    fn known(&self, columns: &[Option<&Column>], output: usize) -> Option<Slot> {
        let [Some(only)] = *columns else { return None };
        let number = only.index().get(output).copied().filter(|number| *number != ABSENT)?;
        let (slot, id) = (*self.partition.known.get(number as usize)?)?;
        (self.parcels.id(slot) == Some(id)).then_some(slot)
    }

    fn look_up(
        &mut self,
        partitions: &Partitions,
        columns: &[Option<&Column>],
        output: usize,
        run: &mut Option<Run>,
        outputs: &Batch,
    ) -> Result<Slot, Refusal> {
        let value = |at: usize| columns.get(at).copied().flatten().and_then(|column| column.get(output));
        if let Some(missing) = (0..columns.len()).find(|at| value(*at).is_none()) {
            let key = partitions.keys.get(missing).map(String::as_str).unwrap_or_default();
            return Err(Refusal::Key(format!("the record has no value for `{key}`")));
        }
        name(Role::Destination, (0..columns.len()).filter_map(value), &mut self.name);
        let slot = match self.parcels.find(&self.name) {
            Some(slot) => slot,
            None => {
                // What is closed below may be the parcel of the run.
                self.flush(run.take(), outputs);
                let values: Vec<&[u8]> = (0..columns.len()).filter_map(value).collect();
                name(Role::Destination, values.iter().copied(), &mut self.name);
                self.open_partition(partitions, &values)?
            }
        };
        if let ([Some(only)], Some(id)) = (columns, self.parcels.id(slot))
            && let Some(number) = only.index().get(output)
            && let Some(known) = self.partition.known.get_mut(*number as usize)
        {
            *known = Some((slot, id));
        }
        Ok(slot)
    }

    /// Opens the parcel of a partition, whose name is `self.name`.
    fn open_partition(&mut self, partitions: &Partitions, values: &[&[u8]]) -> Result<Slot, Refusal> {
        if let Err(problem) = self.plan.destination.prefix().check(values) {
            return Err(Refusal::Key(problem.to_string()));
        }
        if !self.parcels.admits(&self.name) {
            match partitions.overflow {
                Overflow::Error => return Err(Refusal::Limit),
                Overflow::CloseOldest => {
                    if let Some(oldest) = self.parcels.oldest_partition(&self.partition.slots) {
                        self.parcels.close(oldest);
                    }
                    // If other lanes have all the others, this one still has to have one.
                    self.parcels.admit_anyway(&self.name);
                }
            }
        }
        // They were checked: a prefix takes UTF-8 alone.
        let values = values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        let of = Of::Partition { values, prefix: None };
        Ok(self.parcels.open(&self.name, of, self.plan.clock.now_ms()))
    }

    /// Appends outputs to the parcel that was found for them.
    fn flush(&mut self, run: Option<Run>, outputs: &Batch) {
        let Some(Run { mut slot, mut from, until }) = run else { return };
        let (size, delimiter) = (self.plan.destination.size, self.plan.destination.delimiter);
        while from < until {
            let rest = outputs.view().slice(from..until);
            let added = self.parcels.add(slot, size, |parcel| {
                let taken = parcel.add(rest, delimiter, size);
                (taken, (from + taken < until).then(|| parcel.of.clone()))
            });
            let Some(((taken, next), _)) = added else { return };
            from += taken.max(1);
            if let Some(of) = next {
                // It is full: what is left goes on in the next one, whoever has taken its place among the active meanwhile.
                let name = crate::parcels::name_of(&of);
                self.parcels.admit_anyway(&name);
                slot = self.parcels.open(&name, of, self.plan.clock.now_ms());
            }
        }
    }
}

fn failure(record: u32, refusal: Refusal, partitions: &Partitions) -> Failure {
    let (cause, code, message) = match refusal {
        Refusal::Key(message) => (Cause::PartitionKeys, "partition-keys", message),
        Refusal::Limit => {
            let message = format!(
                "{} partitions are open, which is the limit; raise `max_active` or choose keys with fewer values",
                partitions.max_active
            );
            (Cause::PartitionLimit, "active-partitions", message)
        }
    };
    Failure {
        index: record,
        cause,
        code: code.to_owned(),
        message,
        plugin: None,
        captured: String::new(),
        backtrace: String::new(),
        attempts: 1,
    }
}
