//! Reads what cannot be read again, on a thread of its own: it may block for ever.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use standpipe_log::{Append, RequestId};
use standpipe_record::{Batch, Kind};
use standpipe_source::{Source, Step};

use crate::Error;
use crate::intake::{PAUSE, add_refused};
use crate::keeper::KeepError;
use crate::stream::Shared;

/// Reads what `open` opens, the pipe of this number, until the end, the stop or an error. What was read and is not durable when the process ends is
/// lost.
pub(crate) fn read(
    stream: &Arc<Shared>,
    pipe: u64,
    open: impl FnOnce() -> Result<Source, standpipe_source::Error>,
) -> Result<(), Error> {
    let name = || stream.plan.name.clone();
    let failed = |source| Error::Source { stream: name(), source };
    let (mut batch, mut refused) = (Batch::new(), Vec::new());
    let mut number = 0;
    if !stream.reads(true) {
        return Ok(());
    }
    let opened = open();
    let mut goes_on = stream.reads(false);
    let mut source = opened.map_err(failed)?;
    while goes_on && stream.reads(true) {
        batch.clear();
        refused.clear();
        let step = source.read(&mut batch, &mut refused, stream.plan.clock.as_ref());
        goes_on = stream.reads(false);
        add_refused(&mut batch, &refused);
        number += 1;
        if !batch.is_empty() {
            append(stream, &batch, [pipe, number])
                .map_err(|source| Error::Keep { stream: name(), source })?;
        }
        match step {
            Ok(Step::More) => {}
            Ok(Step::End) => break,
            Err(source) => return Err(failed(source)),
        }
    }
    stream.reads(false);
    Ok(())
}

/// Appends a batch, as often as it takes. It has a name, because one that seemed to fail may be there after the lane
/// was brought back.
fn append(stream: &Arc<Shared>, batch: &Batch, number: [u64; 2]) -> Result<(), KeepError> {
    let slot = stream.slot(0);
    let id = name(stream, number);
    let mut told = false;
    let mut generation = None;
    loop {
        let error = match slot.wait_for_lease(PAUSE) {
            Some(lease) => {
                let again =
                    generation.replace(lease.generation).is_some_and(|before| before != lease.generation);
                if again && stream.repeats.answer(id, 0).is_some() {
                    return Ok(());
                }
                let append = Append { records: batch.view(), request: Some(id), source: None };
                match slot.home.prepare().and_then(|()| Ok(lease.log.append(&append)?)) {
                    Ok(_) => {
                        lease.note_appended(batch.payload().len() as u64);
                        if told {
                            tracing::info!(stream = %stream.plan.name, "intake goes on");
                        }
                        return Ok(());
                    }
                    Err(error) => Some(error),
                }
            }
            None => None,
        };
        if let Some(error) = error {
            if error.kind() != Kind::Retry || stream.stop.is_overdue() {
                return Err(error);
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(stream = %stream.plan.name, %error, "intake waits");
            }
            std::thread::sleep(PAUSE);
        } else if stream.stop.is_overdue() || stream.has_failed() {
            tracing::warn!(stream = %stream.plan.name, records = batch.len(), "the end came before these were kept: they are lost");
            return Ok(());
        }
    }
}

/// A name for the batch of this pipe and number that no other process gives.
fn name(stream: &Shared, [pipe, number]: [u64; 2]) -> RequestId {
    let mut hash = Sha256::new();
    hash.update(stream.born.to_le_bytes());
    hash.update(pipe.to_le_bytes());
    hash.update(number.to_le_bytes());
    RequestId(hash.finalize().first_chunk().copied().unwrap_or_default())
}
