use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standpipe_sink::{Error, Sink};

use crate::budget::Budget;
use crate::pool::{Pool, Task};

/// Bytes of objects that are in memory for their delivery, all streams together. One always is.
const MOST_IN_FLIGHT: u64 = 128 << 20;

/// What all streams of a host share: threads, memory, and what is known of buckets.
#[derive(Debug)]
pub struct Workers {
    /// Runs plugins: a thread a core.
    pub(crate) turn: Pool,
    /// Reads sources, writes journals and files, compresses.
    pub(crate) keep: Pool,
    /// Moves the bytes of deliveries.
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) budget: Arc<Budget>,
    pub(crate) flights: Arc<Flights>,
    /// How long a person has to mend what a destination refuses for.
    pub(crate) patience: Option<Duration>,
    probes: Arc<Mutex<Probes>>,
}

/// Whether a probe went well, by the address of the sink and the bucket. Locked while one is under way.
type Probes = HashMap<(usize, String), Probed>;

/// The sink is held, so that no other one gets its address; and whether its probe went well.
type Probed = (Arc<dyn Sink>, Arc<tokio::sync::Mutex<bool>>);

impl Workers {
    /// Threads for `cores` cores, and `buffer_memory` bytes for open parcels. A stream whose destination refuses for
    /// a reason that a person has to mend ends after `patience`, if there is a limit.
    pub fn new(
        runtime: tokio::runtime::Handle,
        cores: usize,
        buffer_memory: u64,
        patience: Option<Duration>,
    ) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            turn: Pool::new("turn", cores)?,
            keep: Pool::new("keep", cores.clamp(2, 16) * 2)?,
            runtime,
            budget: Budget::new(buffer_memory),
            flights: Arc::new(Flights::new(MOST_IN_FLIGHT)),
            patience,
            probes: Arc::default(),
        }))
    }

    /// Probes a bucket, once for all streams that use it, unless it fails. `tell` learns how it went.
    pub(crate) fn probe(
        &self,
        sink: &Arc<dyn Sink>,
        bucket: &str,
        key: String,
        tell: impl FnOnce(Result<(), Error>) + Send + 'static,
    ) {
        let about = (Arc::as_ptr(sink).cast::<()>() as usize, bucket.to_owned());
        let mut probes = lock(&self.probes);
        // Those of sinks that a reload has put out.
        probes.retain(|_, (sink, _)| Arc::strong_count(sink) > 1);
        let known = probes.entry(about).or_insert_with(|| (Arc::clone(sink), Arc::default()));
        let known = Arc::clone(&known.1);
        drop(probes);
        let (sink, bucket) = (Arc::clone(sink), bucket.to_owned());
        self.runtime.spawn(async move {
            let mut good = known.lock().await;
            let probed = if *good { Ok(()) } else { sink.probe(&bucket, &key).await };
            *good = probed.is_ok();
            drop(good);
            tell(probed);
        });
    }
}

/// Admits objects to memory.
#[derive(Debug)]
pub(crate) struct Flights {
    most: u64,
    state: Mutex<Admitted>,
}

#[derive(Debug, Default)]
struct Admitted {
    bytes: u64,
    waiting: VecDeque<Task>,
}

/// The right to have an object in memory.
#[derive(Debug)]
pub(crate) struct Flight {
    flights: Arc<Flights>,
    bytes: u64,
}

impl Flights {
    fn new(most: u64) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Admits `bytes`, or wakes `task` once there may be room. Whoever asked first is admitted first, so that many small
    /// objects leave room for a large one.
    pub(crate) fn admit(self: &Arc<Self>, bytes: u64, task: &Task) -> Option<Flight> {
        let mut state = lock(&self.state);
        let place = state.waiting.iter().position(|waiting| waiting.is(task));
        let fits = state.bytes == 0 || state.bytes.saturating_add(bytes) <= self.most;
        if !fits || place.unwrap_or(state.waiting.len()) > 0 {
            if place.is_none() {
                state.waiting.push_back(task.clone());
            }
            return None;
        }
        state.waiting.pop_front();
        state.bytes += bytes;
        let next = state.waiting.front().cloned();
        drop(state);
        // There may be room for both.
        if let Some(next) = next {
            next.wake();
        }
        Some(Flight { flights: Arc::clone(self), bytes })
    }

    /// Whoever waits does not any more.
    pub(crate) fn forget(&self, task: &Task) {
        let mut state = lock(&self.state);
        let Some(place) = state.waiting.iter().position(|waiting| waiting.is(task)) else { return };
        state.waiting.remove(place);
        let next = state.waiting.front().filter(|_| place == 0).cloned();
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut state = lock(&self.flights.state);
        state.bytes -= self.bytes;
        let next = state.waiting.front().cloned();
        drop(state);
        if let Some(next) = next {
            next.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_room_first_has_it_first() {
        let pool = Pool::new("test", 1).unwrap();
        let flights = Arc::new(Flights::new(100));
        let (large, small, other) = (pool.task(), pool.task(), pool.task());
        // One always is admitted, however large.
        let first = flights.admit(60, &small).unwrap();
        assert!(flights.admit(90, &large).is_none());
        // It would fit, and the large one came first.
        assert!(flights.admit(10, &small).is_none());
        drop(first);
        assert!(flights.admit(10, &small).is_none());
        let first = flights.admit(90, &large).unwrap();
        let second = flights.admit(10, &small).unwrap();
        assert!(flights.admit(10, &other).is_none());
        assert!(flights.admit(10, &small).is_none());
        // The first one cannot go, and lets others.
        flights.forget(&other);
        drop(second);
        assert!(flights.admit(10, &small).is_some());
        drop(first);
        assert!(flights.admit(500, &small).is_some());
    }
}
