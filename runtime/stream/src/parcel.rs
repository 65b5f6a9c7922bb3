use std::sync::Arc;
use std::time::{Duration, Instant};

use standpipe_format::{
    CONTENT_TYPE, Compression, Delimiter, Encoder, Level, Moment, ObjectName, PROCESSING_FAILED,
    append_records,
};
use standpipe_record::View;
use standpipe_sink::Object;

use crate::Plan;

/// Bytes that are laid end to end before they are compressed.
const CHUNK: usize = 256 << 10;

/// Where a parcel goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Destination,
    ErrorOutput,
}

/// What is being gathered for one object.
#[derive(Debug)]
pub(crate) struct Parcel {
    role: Role,
    encoder: Encoder,
    chunk: Vec<u8>,
    bytes: u64,
    /// Records, or outputs, that it holds.
    pub(crate) records: u64,
    oldest_ms: u64,
    opened: Instant,
}

/// A parcel with its key.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) object: Arc<Object>,
    pub(crate) records: u64,
}

impl Parcel {
    pub(crate) fn open(role: Role, plan: &Plan, oldest_ms: u64) -> Self {
        let compression = match role {
            Role::Destination => plan.compression,
            // Firehose's error output is never compressed.
            Role::ErrorOutput => Compression::None,
        };
        let encoder = Encoder::new(compression, Level::default(), Vec::new());
        Self { role, encoder, chunk: Vec::new(), bytes: 0, records: 0, oldest_ms, opened: Instant::now() }
    }

    /// Adds outputs and returns how many of them went in before it was full. At least one goes in.
    pub(crate) fn add(&mut self, outputs: View<'_>, delimiter: Delimiter, size: u64) -> usize {
        let limit = u64::from(outputs.base()) + size.saturating_sub(self.bytes);
        let fit = outputs.ends().partition_point(|end| u64::from(*end) < limit);
        let taken = (fit + 1).min(outputs.len());
        let outputs = outputs.slice(0..taken);
        for arrival in outputs.arrival_ms() {
            self.oldest_ms = self.oldest_ms.min(*arrival);
        }
        let before = self.chunk.len();
        append_records(&mut self.chunk, outputs, delimiter);
        self.bytes += (self.chunk.len() - before) as u64;
        self.records += taken as u64;
        self.flush(CHUNK);
        taken
    }

    /// Adds a line of the error output, written by `write`.
    pub(crate) fn add_line(&mut self, arrival_ms: u64, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.chunk.len();
        write(&mut self.chunk);
        self.bytes += (self.chunk.len() - before) as u64;
        self.oldest_ms = self.oldest_ms.min(arrival_ms);
        self.records += 1;
        self.flush(CHUNK);
    }

    fn flush(&mut self, least: usize) {
        if self.chunk.len() >= least {
            self.encoder.write(&self.chunk);
            self.chunk.clear();
        }
    }

    pub(crate) fn is_full(&self, size: u64) -> bool {
        self.bytes >= size
    }

    /// How long it may stay open.
    pub(crate) fn due_in(&self, interval: Duration) -> Duration {
        interval.saturating_sub(self.opened.elapsed())
    }

    /// Closes it and fixes its key.
    pub(crate) fn seal(mut self, plan: &Plan, random: &mut dyn FnMut() -> u64) -> Sealed {
        self.flush(1);
        let moment = Moment::utc(self.oldest_ms);
        let (prefix, error_type, compression) = match self.role {
            Role::Destination => (plan.prefixes.destination(), None, plan.compression),
            Role::ErrorOutput => (plan.prefixes.error_output(), Some(PROCESSING_FAILED), Compression::None),
        };
        let id = u128::from(random()) << 64 | u128::from(random());
        let name = ObjectName {
            stream: &plan.name,
            version: 1,
            moment: &moment,
            id,
            extension: compression.extension(),
        };
        let key = name.key(&prefix.evaluate(&moment, error_type, random));
        let object = Object {
            bucket: plan.bucket.clone(),
            key,
            body: self.encoder.finish(),
            content_type: CONTENT_TYPE,
            content_encoding: compression.content_encoding(),
            id: format!("{id:032x}"),
        };
        Sealed { object: Arc::new(object), records: self.records }
    }
}
