//! Records that come one request at a time: durable when the answer is given, and appended once however often a request is
//! repeated.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use standpipe_log::{Append, RequestId, failpoint};
use standpipe_record::{Batch, Kind};

use crate::Stream;
use crate::intake::PAUSE;
use crate::keeper::KeepError;
use crate::metrics::add;
use crate::repeats::{Accepted, Claim, Ticket};
use crate::state::random;
use crate::stream::Shared;

/// How long a request waits for a lane that is being brought back, or whose disk fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests of one stream may wait like that: each has a thread, which those of other streams want.
const MOST_WAITING: usize = 96;

/// Why records were not accepted. None of them is kept for certain: try again with the same id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PutError {
    /// There is no room until some records are delivered.
    #[error("no room: {0}")]
    Full(KeepError),
    /// The disk fails, or the lane is not back yet.
    #[error("the stream's disk does not answer in time; try again")]
    Busy,
    /// The stream takes no more.
    #[error("the stream has ended")]
    Ended,
    /// What the stream holds cannot be kept.
    #[error(transparent)]
    Keep(KeepError),
}

impl PutError {
    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Full(_) | Self::Busy | Self::Ended => Kind::Retry,
            Self::Keep(error) => error.kind(),
        }
    }
}

impl Stream {
    /// Appends records, at least one, and returns once they are durable. A request that was answered before is answered
    /// the same; one that is under way is waited for. It blocks for as long as an fsync takes, or [`PATIENCE`].
    pub fn put(&self, records: &Batch, id: Option<RequestId>) -> Result<Accepted, PutError> {
        self.put_or_repeat(records, id).map(|(accepted, _)| accepted)
    }

    /// The same, and whether that was the answer to another try.
    pub(crate) fn put_or_repeat(
        &self,
        records: &Batch,
        id: Option<RequestId>,
    ) -> Result<(Accepted, bool), PutError> {
        let shared = self.shared();
        // One without an id gets one: after a failed sync it tells whether the records came back with their lane.
        let id = id.unwrap_or_else(|| RequestId(random().to_be_bytes()));
        let until = Instant::now() + PATIENCE;
        let mut waiting = None;
        while !shared.wait_ready(Duration::ZERO) {
            if waiting.is_none() {
                waiting = Some(Waiting::begin(shared)?);
            }
            shared.wait_ready(PAUSE);
            if shared.takes_no_more() {
                return Err(PutError::Ended);
            }
            if Instant::now() >= until {
                return Err(PutError::Busy);
            }
        }
        drop(waiting);
        loop {
            match shared.repeats.claim(id, shared.plan.clock.now_ms()) {
                Claim::Answered(answer) => {
                    tracing::debug!(stream = %shared.plan.name, "a request came again and is answered as before");
                    return Ok((answer, true));
                }
                // Whether it was kept or dropped: claim again.
                Claim::UnderWay(told) => {
                    let _waiting = Waiting::begin(shared)?;
                    drop(told.blocking_recv());
                    if Instant::now() >= until {
                        return Err(PutError::Busy);
                    }
                }
                Claim::First(ticket) => {
                    // Who waited for another try before has waited.
                    return append(shared, records, id, ticket, until).map(|accepted| (accepted, false));
                }
            }
        }
    }
}

/// A request that waits. Dropped, it does not any more.
pub(crate) struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    pub(crate) fn begin(shared: &'a Shared) -> Result<Self, PutError> {
        let waiting = Self(shared);
        match shared.waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING {
            true => Ok(waiting),
            false => Err(PutError::Busy),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

fn append(
    shared: &Shared,
    records: &Batch,
    id: RequestId,
    mut ticket: Ticket,
    until: Instant,
) -> Result<Accepted, PutError> {
    // What a failed sync leaves behind in a lane is void only once that lane writes again, so it is that lane's for good.
    let slot = match ticket.lane() {
        Some(lane) => shared.slot(lane),
        None => shared.pick(),
    };
    let (mut generation, mut waiting) = (None, None);
    loop {
        if shared.takes_no_more() {
            return Err(PutError::Ended);
        }
        let lease = match (slot.wait_for_lease(Duration::ZERO), &waiting) {
            (Some(lease), _) => Some(lease),
            (None, Some(_)) => slot.wait_for_lease(PAUSE),
            (None, None) => {
                waiting = Some(Waiting::begin(shared)?);
                slot.wait_for_lease(PAUSE)
            }
        };
        let Some(lease) = lease else {
            if Instant::now() >= until {
                return Err(PutError::Busy);
            }
            continue;
        };
        let again = generation.replace(lease.generation) != Some(lease.generation);
        if again && let Some(answer) = shared.repeats.answer(id, shared.plan.clock.now_ms()) {
            return Ok(answer);
        }
        let append = Append { records: records.view(), request: Some(id), source: None };
        failpoint("put.before");
        let error = match slot.home.prepare().and_then(|()| Ok(lease.log.append(&append)?)) {
            Ok(span) => {
                failpoint("put.after");
                let answer = Accepted {
                    lane: slot.lane(),
                    at_ms: records.arrival_ms().iter().max().copied().unwrap_or_default(),
                    first: span.first.get(),
                    records: records.len() as u64,
                };
                add(&shared.plan.metrics.forgotten_answers, ticket.keep(answer));
                lease.note_appended(records.payload().len() as u64);
                return Ok(answer);
            }
            Err(error) => error,
        };
        drop(lease);
        match error {
            // Nothing was written.
            KeepError::Log(standpipe_log::Error::Full { .. }) => return Err(PutError::Full(error)),
            error if error.kind() == Kind::Retry => {
                tracing::debug!(stream = %shared.plan.name, %error, "an append failed, will retry");
                ticket.pin(slot.lane());
                if waiting.is_none() {
                    waiting = Some(Waiting::begin(shared)?);
                }
                if Instant::now() >= until {
                    return Err(PutError::Busy);
                }
                std::thread::sleep(PAUSE.min(until.saturating_duration_since(Instant::now())));
            }
            error => return Err(PutError::Keep(error)),
        }
    }
}
