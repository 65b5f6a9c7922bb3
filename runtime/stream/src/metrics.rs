//! What is counted while streams run. One registry is passed in to all of them; whoever shows figures reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// No record waits.
const NONE: u64 = u64::MAX;

/// The figures of all streams of a host.
#[derive(Debug, Default)]
pub struct Metrics {
    streams: Mutex<BTreeMap<String, Arc<StreamMetrics>>>,
}

/// The figures of one stream. Moved once a batch, a delivery or a cut.
#[derive(Debug, Default)]
pub struct StreamMetrics {
    pub(crate) read: AtomicU64,
    pub(crate) outputs: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) objects: AtomicU64,
    pub(crate) bytes: AtomicU64,
    tries: AtomicU64,
    refused: AtomicU64,
    throttled: AtomicU64,
    latency: Histogram,
    lanes: Mutex<BTreeMap<u32, Arc<Oldest>>>,
    /// And what tells it from another one.
    trouble: Mutex<Option<(String, Trouble)>>,
}

/// When the oldest record of a lane arrived that is not delivered yet, in milliseconds since 1970, by where it is.
#[derive(Debug)]
pub(crate) struct Oldest {
    /// In open parcels, or read and under way.
    pub(crate) open: AtomicU64,
    /// In cuts that are not on disk yet.
    pub(crate) cut: AtomicU64,
    /// In sealed files.
    pub(crate) sealed: AtomicU64,
}

/// Times in powers of two of a millisecond: bucket n counts those below 2ⁿ.
#[derive(Debug, Default)]
struct Histogram {
    buckets: [AtomicU64; Self::BUCKETS],
}

/// Why deliveries of a stream fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// What was said last.
    pub message: String,
    /// Whether a person has to mend something; else it may pass.
    pub to_mend: bool,
}

/// A reading of what has gone through a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub read: u64,
    /// Outputs gathered for the destination.
    pub outputs: u64,
    /// Records that a plugin dropped.
    pub dropped: u64,
    /// Records gone to the error output.
    pub failed: u64,
    /// Objects delivered.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
}

/// A reading of a stream's deliveries, since its host started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Objects delivered.
    pub objects: u64,
    /// Bytes of these objects.
    pub bytes: u64,
    /// Deliveries that were tried.
    pub tries: u64,
    /// Of these, refused or failed.
    pub refused: u64,
    /// Of those, because there were too many at a time.
    pub throttled: u64,
    /// Half of the deliveries that went well took less than this, in milliseconds.
    pub p50_ms: u64,
    /// 99 of 100 did.
    pub p99_ms: u64,
    /// When the oldest record arrived that is not delivered yet, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_ms: Option<u64>,
    /// Why deliveries fail now, if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl Metrics {
    /// The figures of a stream, begun at zero when they are first asked for.
    pub fn stream(&self, name: &str) -> Arc<StreamMetrics> {
        Arc::clone(lock(&self.streams).entry(name.to_owned()).or_default())
    }

    /// All figures now, by stream.
    pub fn figures(&self) -> BTreeMap<String, Figures> {
        lock(&self.streams).iter().map(|(name, stream)| (name.clone(), stream.figures())).collect()
    }
}

impl StreamMetrics {
    /// What has gone through it.
    pub fn totals(&self) -> Totals {
        Totals {
            read: get(&self.read),
            outputs: get(&self.outputs),
            dropped: get(&self.dropped),
            failed: get(&self.failed),
            objects: get(&self.objects),
            bytes: get(&self.bytes),
        }
    }

    /// How its deliveries go.
    pub fn figures(&self) -> Figures {
        let oldest = lock(&self.lanes).values().map(|lane| lane.get()).min();
        Figures {
            objects: get(&self.objects),
            bytes: get(&self.bytes),
            tries: get(&self.tries),
            refused: get(&self.refused),
            throttled: get(&self.throttled),
            p50_ms: self.latency.quantile(1, 2),
            p99_ms: self.latency.quantile(99, 100),
            oldest_ms: oldest.filter(|oldest| *oldest != NONE),
            trouble: self.trouble(),
        }
    }

    /// Why deliveries fail now, if they do.
    pub fn trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).as_ref().map(|(_, trouble)| trouble.clone())
    }

    pub(crate) fn lane(&self, lane: u32) -> Arc<Oldest> {
        Arc::clone(lock(&self.lanes).entry(lane).or_default())
    }

    /// An object is delivered.
    pub(crate) fn delivered(&self, bytes: u64, took: Duration) {
        self.tries.fetch_add(1, Ordering::Relaxed);
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.latency.add(took);
    }

    /// A delivery was refused.
    pub(crate) fn refused(&self, throttled: bool) {
        self.tries.fetch_add(1, Ordering::Relaxed);
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.throttled.fetch_add(u64::from(throttled), Ordering::Relaxed);
    }

    /// Notes why deliveries fail, or that they do not. True if that is news.
    pub(crate) fn is_news(&self, trouble: Option<(&str, Trouble)>) -> bool {
        let mut held = lock(&self.trouble);
        let Some((gist, mut trouble)) = trouble else { return held.take().is_some() };
        if let Some((before, since_ms)) = held.as_ref().map(|(gist, held)| (gist, held.since_ms)) {
            if before == gist {
                return false;
            }
            trouble.since_ms = since_ms;
        }
        *held = Some((gist.to_owned(), trouble));
        true
    }
}

impl Default for Oldest {
    fn default() -> Self {
        Self { open: AtomicU64::new(NONE), cut: AtomicU64::new(NONE), sealed: AtomicU64::new(NONE) }
    }
}

impl Oldest {
    fn get(&self) -> u64 {
        get(&self.open).min(get(&self.cut)).min(get(&self.sealed))
    }

    /// Nothing of the lane is in memory any more.
    pub(crate) fn forget_memory(&self) {
        set(&self.open, None);
        set(&self.cut, None);
    }
}

pub(crate) fn set(oldest: &AtomicU64, ms: Option<u64>) {
    oldest.store(ms.unwrap_or(NONE), Ordering::Relaxed);
}

impl Histogram {
    const BUCKETS: usize = 24;

    fn add(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let place = (u64::BITS - ms.leading_zeros()) as usize;
        if let Some(bucket) = self.buckets.get(place.min(Self::BUCKETS - 1)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The bound below which `part` of `whole` times lie; 0 if there are none.
    fn quantile(&self, part: u64, whole: u64) -> u64 {
        let counts: Vec<u64> = self.buckets.iter().map(get).collect();
        let wanted = (counts.iter().sum::<u64>() * part).div_ceil(whole);
        let mut seen = 0;
        let place = counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        if wanted == 0 { 0 } else { 1 << place.unwrap_or_default() }
    }
}

pub(crate) fn add(counter: &AtomicU64, amount: usize) {
    counter.fetch_add(amount as u64, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_bounds_of_what_was_counted() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile(1, 2), 0);
        for ms in [0, 3, 3, 3, 900] {
            histogram.add(Duration::from_millis(ms));
        }
        assert_eq!((histogram.quantile(1, 2), histogram.quantile(99, 100)), (4, 1024));
        histogram.add(Duration::from_secs(1 << 40));
        assert_eq!(histogram.quantile(1, 1), 1 << 23);
    }

    #[test]
    fn trouble_is_news_when_it_begins_changes_or_ends() {
        let stream = StreamMetrics::default();
        let trouble = |message: &str, since_ms| Trouble { since_ms, message: message.into(), to_mend: true };
        assert!(!stream.is_news(None));
        assert!(stream.is_news(Some(("no bucket", trouble("a: no bucket", 2)))));
        assert!(!stream.is_news(Some(("no bucket", trouble("b: no bucket", 3)))));
        assert!(stream.is_news(Some(("no keys", trouble("c: no keys", 4)))));
        assert_eq!(stream.trouble(), Some(trouble("c: no keys", 2)));
        assert!(stream.is_news(None));
        assert_eq!(stream.trouble(), None);
    }

    #[test]
    fn the_oldest_of_all_lanes_and_places_counts() {
        let stream = StreamMetrics::default();
        assert_eq!(stream.figures().oldest_ms, None);
        set(&stream.lane(0).open, Some(9));
        set(&stream.lane(1).sealed, Some(5));
        assert_eq!(stream.figures().oldest_ms, Some(5));
        set(&stream.lane(1).sealed, None);
        stream.lane(0).forget_memory();
        assert_eq!(stream.figures().oldest_ms, None);
    }
}
