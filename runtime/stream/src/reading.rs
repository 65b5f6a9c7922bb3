use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use standpipe_record::{Batch, Clock};
use standpipe_source::{Refused, Source, Step};

use crate::Stop;

/// What one read of the source gave.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) batch: Batch,
    pub(crate) refused: Vec<Refused>,
}

/// Reads until the source ends, the stream is gone, or the stop. Ends by dropping `to`.
pub(crate) fn read_all(
    mut source: Source,
    clock: &Arc<dyn Clock>,
    stop: &Stop,
    to: &SyncSender<Result<Given, standpipe_source::Error>>,
) {
    let mut records = 0;
    while !stop.is_asked() {
        // As long as the last one, so that the offsets are not copied while they grow.
        let mut given = Given { batch: Batch::with_capacity(records, 0), refused: Vec::new() };
        let step = source.read(&mut given.batch, &mut given.refused, clock.as_ref());
        records = given.batch.len();
        let ended = !matches!(step, Ok(Step::More));
        if (!given.batch.is_empty() || !given.refused.is_empty()) && to.send(Ok(given)).is_err() {
            return;
        }
        if let Err(error) = step {
            let _ = to.send(Err(error));
        }
        if ended {
            return;
        }
    }
}
