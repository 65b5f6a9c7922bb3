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
    /// The parcels of one record's outputs, and their ids.
    slots: Vec<(Slot, u64)>,
}

/// Neighbouring outputs for one parcel.
#[derive(Debug, Clone, Copy)]
struct Run {
    slot: Slot,
    /// The id of the parcel that was found there. It may be full by the time that it is its turn.
    id: u64,
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
                        let (slot, id) = self.partition.slots.get(at).copied().unwrap_or((Slot::MAX, 0));
                        match &mut run {
                            // Outputs that were withdrawn may stand between the two.
                            Some(run) if run.id == id && run.until == output => run.until = output + 1,
                            _ => {
                                self.flush(run.take(), &columns, outputs);
                                run = Some(Run { slot, id, from: output, until: output + 1 });
                            }
                        }
                    }
                }
                Err(refusal) => {
                    // What was opened for those of its outputs that have a place, and nothing else.
                    let pending = run.as_ref().map(|run| run.id);
                    for (slot, id) in std::mem::take(&mut self.partition.slots) {
                        if pending != Some(id) {
                            self.parcels.discard_empty(slot);
                        }
                    }
                    withdrawn.count += of_record.len() as u64;
                    withdrawn.bytes += outputs.view().slice(from..until).payload().len() as u64;
                    self.fail_record(batch, &failure(record, refusal, partitions), source(record));
                }
            }
            from = until;
        }
        self.flush(run.take(), &columns, outputs);
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

    fn known(&self, columns: &[Option<&Column>], output: usize) -> Option<(Slot, u64)> {
        let [Some(only)] = *columns else { return None };
        let number = only.index().get(output).copied().filter(|number| *number != ABSENT)?;
        let (slot, id) = (*self.partition.known.get(number as usize)?)?;
        (self.parcels.id(slot) == Some(id)).then_some((slot, id))
    }

    fn look_up(
        &mut self,
        partitions: &Partitions,
        columns: &[Option<&Column>],
        output: usize,
        run: &mut Option<Run>,
        outputs: &Batch,
    ) -> Result<(Slot, u64), Refusal> {
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
                self.flush(run.take(), columns, outputs);
                let values: Vec<&[u8]> = (0..columns.len()).filter_map(value).collect();
                name(Role::Destination, values.iter().copied(), &mut self.name);
                // That may have opened just this one.
                match self.parcels.find(&self.name) {
                    Some(slot) => slot,
                    None => self.open_partition(partitions, &values)?,
                }
            }
        };
        let id = self.parcels.id(slot).unwrap_or_default();
        if let [Some(only)] = columns
            && let Some(number) = only.index().get(output)
            && let Some(known) = self.partition.known.get_mut(*number as usize)
        {
            *known = Some((slot, id));
        }
        Ok((slot, id))
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
                    let needed = |slot: &Slot| self.partition.slots.iter().any(|(needed, _)| needed == slot);
                    let oldest = self.parcels.partitions().find(|slot| !needed(slot));
                    if let Some(oldest) = oldest {
                        self.parcels.close(oldest);
                    }
                    // If other lanes have all the others, this one still has to have one.
                    self.parcels.admit_anyway(&self.name);
                }
            }
        }
        Ok(self.open_admitted(values))
    }

    /// Opens it once it is admitted and its values are checked: a prefix takes UTF-8 alone.
    fn open_admitted(&mut self, values: &[&[u8]]) -> Slot {
        let values = values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect();
        let of = Of::Partition { values, prefix: None };
        self.parcels.open(&self.name, of, self.plan.clock.now_ms())
    }

    /// Appends outputs to the parcel that was found for them, and to those that follow it as each is full: they are
    /// opened whoever has taken their place among the active meanwhile, since outputs before these are in already.
    fn flush(&mut self, run: Option<Run>, columns: &[Option<&Column>], outputs: &Batch) {
        let Some(Run { slot, id, mut from, until }) = run else { return };
        let (size, delimiter) = (self.plan.destination.size, self.plan.destination.delimiter);
        let mut slot = if self.parcels.id(slot) == Some(id) { slot } else { self.next_of(columns, from) };
        while from < until {
            let rest = outputs.view().slice(from..until);
            match self.parcels.add(slot, size, |parcel| parcel.add(rest, delimiter, size)) {
                Some(taken) => from += taken.max(1),
                None => slot = self.next_of(columns, from),
            }
        }
    }

    /// The parcel of an output's partition after the one that was found is full. The values were checked then.
    fn next_of(&mut self, columns: &[Option<&Column>], output: usize) -> Slot {
        let columns = columns.iter().copied();
        let values: Vec<&[u8]> =
            columns.map(|column| column.and_then(|column| column.get(output)).unwrap_or_default()).collect();
        name(Role::Destination, values.iter().copied(), &mut self.name);
        if let Some(slot) = self.parcels.find(&self.name) {
            return slot;
        }
        self.parcels.admit_anyway(&self.name);
        self.open_admitted(&values)
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
