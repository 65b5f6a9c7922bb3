use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use standpipe_log::testing::Rng;
use standpipe_plugin::{StartError, Step};
use standpipe_record::{Batch, Cause, Column, Failure, Outcomes};

use crate::lane::Transform;

/// What the last run of a record came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Dropped,
    Failed,
    /// So many outputs, all with this number of the run.
    Emitted(u32, u64),
}

/// The last fate of each part of a record, by its number.
pub(super) type Fates = Arc<Mutex<HashMap<u64, Fate>>>;

/// The values of partition keys of output `number` of part `part`, whose sum this is: outputs of one part go different ways.
pub(super) fn keys_of(sum: u64, spread: u64) -> [String; 2] {
    [format!("k{}", sum.wrapping_mul(7_919) % spread), format!("j{}", sum % 2)]
}

/// A plugin that does something else each time it runs: exactly once must need nothing from it.
#[derive(Debug)]
pub(super) struct Whim {
    pub(super) rng: Rng,
    pub(super) fates: Fates,
    pub(super) run: u64,
    pub(super) next: usize,
    /// How many values the first partition key has.
    pub(super) spread: u64,
}

impl Transform for Whim {
    fn begin(&mut self, _: u32, _: u64) {
        self.next = 0;
    }

    fn step(&mut self, batch: &Batch, out: &mut Outcomes) -> Result<Step, StartError> {
        if self.rng.below(20) == 0 {
            return Err(StartError::Instantiate { error: "not now".into() });
        }
        let until = batch.len().min(self.next + 1 + self.rng.below(5));
        let mut columns = ["k", "j"].map(|name| Column::new(name, out.outputs.len()));
        if let Some((k, j)) = out.outputs.column("k").zip(out.outputs.column("j")) {
            columns = [k.clone(), j.clone()];
        }
        while self.next < until {
            let index = u32::try_from(self.next).unwrap();
            let record = String::from_utf8(batch.get(self.next).unwrap().to_vec()).unwrap();
            let number: u64 = record.trim_end_matches('.').parse().unwrap();
            self.run += 1;
            let fate = match self.rng.below(8) {
                0 => Fate::Dropped,
                1 => Fate::Failed,
                2 => Fate::Emitted(3, self.run),
                _ => Fate::Emitted(1, self.run),
            };
            match fate {
                Fate::Dropped => out.dropped.push(index),
                Fate::Failed => out.failed.push(failure(index, self.rng.below(3))),
                Fate::Emitted(outputs, run) => {
                    for part in 0..outputs {
                        let arrival = batch.arrival_ms()[self.next];
                        out.outputs.push(format!("{number} {run} {part}").as_bytes(), arrival).unwrap();
                        out.origins.push(index);
                        for (column, value) in
                            columns.iter_mut().zip(keys_of(number + u64::from(part), self.spread))
                        {
                            column.push(Some(value.as_bytes()));
                        }
                    }
                }
            }
            self.fates.lock().unwrap().insert(number, fate);
            self.next += 1;
        }
        for column in columns {
            out.outputs.set_column(column).unwrap();
        }
        Ok(if self.next < batch.len() {
            if self.rng.coin() { Step::More } else { Step::Part }
        } else {
            Step::Done
        })
    }
}

fn failure(index: u32, kind: usize) -> Failure {
    let cause = [Cause::Returned, Cause::Trap, Cause::TimedOut][kind];
    Failure {
        index,
        cause,
        code: "whim".into(),
        message: String::new(),
        plugin: None,
        captured: String::new(),
        backtrace: String::new(),
        attempts: 1,
    }
}
