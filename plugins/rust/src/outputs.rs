use crate::column::{ABSENT, offset};
use crate::verdict::Emitted;
use crate::{Buffer, Column, Failure, Verdict};

/// Where a plugin puts the outputs of the record that it was given.
///
/// All outputs of a batch share one buffer. A record is whole: if it fails or is dropped after it emitted, its
/// outputs are taken back.
#[derive(Debug, Default)]
pub struct Outputs {
    pub(crate) payload: Vec<u8>,
    pub(crate) ends: Vec<u32>,
    pub(crate) origins: Vec<u32>,
    pub(crate) columns: Vec<Column>,
    /// The record that is being worked on, and what there was before it.
    origin: u32,
    payload_before: usize,
    outputs_before: usize,
}

impl Outputs {
    pub(crate) fn with_capacity(outputs: usize, bytes: usize) -> Self {
        Self {
            payload: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(outputs),
            origins: Vec::with_capacity(outputs),
            ..Self::default()
        }
    }

    /// Adds an output.
    #[inline]
    pub fn emit(&mut self, payload: impl AsRef<[u8]>) -> Verdict {
        self.payload.extend_from_slice(payload.as_ref());
        self.close()
    }

    /// Adds an output that `write` writes in place, without a copy. If it fails, what it wrote is taken back.
    #[inline]
    pub fn emit_with(
        &mut self,
        write: impl FnOnce(&mut Buffer<'_>) -> Result<(), Failure>,
    ) -> Result<Verdict, Failure> {
        let start = self.payload.len();
        match write(&mut Buffer::new(&mut self.payload)) {
            Ok(()) => Ok(self.close()),
            Err(failure) => {
                self.payload.truncate(start);
                Err(failure)
            }
        }
    }

    /// Gives the output that was emitted last a value in the column `name`: a partition key, a route. A second
    /// value for the same name replaces the first.
    ///
    /// An output inherits the columns of its record. Whoever sets a column on some outputs only, and wants the
    /// others to keep what they inherit, asks for it too: `#[plugin(columns("…"))]`.
    ///
    /// Fails with `no-output` when the record has no output yet.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<(), Failure> {
        let Some(row) = self.ends.len().checked_sub(1).filter(|&row| row >= self.outputs_before) else {
            return Err(Failure::new(
                "no-output",
                format!("`{name}` is set before anything is emitted: emit first"),
            ));
        };
        let place = match self.columns.iter().position(|column| column.name == name) {
            Some(place) => place,
            None => {
                self.columns.push(Column { name: name.to_owned(), ..Column::default() });
                self.columns.len() - 1
            }
        };
        if let Some(column) = self.columns.get_mut(place) {
            column.set(row, value.as_ref());
        }
        Ok(())
    }

    /// `Emitted` if the record has an output, `Dropped` otherwise: for the end of a loop that emits.
    pub fn verdict(&self) -> Verdict {
        if self.ends.len() > self.outputs_before { Emitted::verdict() } else { Verdict::Dropped }
    }

    #[inline]
    fn close(&mut self) -> Verdict {
        self.ends.push(offset(self.payload.len()));
        self.origins.push(self.origin);
        Emitted::verdict()
    }

    /// Turns to record number `origin`.
    #[inline]
    pub(crate) fn begin(&mut self, origin: u32) {
        self.origin = origin;
        self.payload_before = self.payload.len();
        self.outputs_before = self.ends.len();
    }

    /// Takes back what the record emitted.
    pub(crate) fn withdraw(&mut self) {
        self.payload.truncate(self.payload_before);
        self.ends.truncate(self.outputs_before);
        self.origins.truncate(self.outputs_before);
        for column in &mut self.columns {
            // Values stay behind unused; a later output may find its own among them.
            column.index.truncate(self.outputs_before);
        }
    }

    /// Brings the columns to the length of the outputs. Where an output has no value of its own, one that its
    /// record has in an input column of that name stands: what an output inherits must not depend on its
    /// neighbours in the batch.
    pub(crate) fn finish_columns(&mut self, inputs: &[Column]) {
        let outputs = self.ends.len();
        // A column whose every value was withdrawn would hide what the outputs inherit.
        self.columns.retain(|column| column.index.iter().any(|&number| number != ABSENT));
        for column in &mut self.columns {
            column.pad(outputs);
            let Some(input) = inputs.iter().find(|input| input.name == column.name) else { continue };
            for (row, &origin) in self.origins.iter().enumerate() {
                if column.get(row).is_none()
                    && let Some(inherited) = input.get(origin as usize)
                {
                    column.set(row, inherited);
                }
            }
        }
    }
}
