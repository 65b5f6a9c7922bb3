use std::array;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::{add, get};

/// How many times are told apart.
const BUCKETS: usize = 24;

/// Counts times.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

/// Times that were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// How many, by powers of two of a millisecond: place n has those below 2ⁿ ms and in no place before, the last one
    /// all others.
    pub counts: [u64; BUCKETS],
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    pub(super) fn add(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let place = (u64::BITS - ms.leading_zeros()) as usize;
        if let Some(bucket) = self.buckets.get(place.min(BUCKETS - 1)) {
            add(bucket, 1);
        }
        add(&self.sum_us, microseconds(time));
    }

    pub(super) fn read(&self) -> Times {
        let mut buckets = self.buckets.iter().map(get);
        Times {
            counts: array::from_fn(|_| buckets.next().unwrap_or_default()),
            sum: Duration::from_micros(get(&self.sum_us)),
        }
    }
}

impl Times {
    /// How many.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many there are by the bound below which they are, if there is one, and in none before.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bound = |place: usize| (place < BUCKETS - 1).then(|| Duration::from_millis(1u64 << place));
        self.counts.into_iter().enumerate().map(move |(place, count)| (bound(place), count))
    }

    /// The bound below which `part` of `whole` of them are, in milliseconds; 0 if there are none.
    pub(super) fn quantile_ms(&self, part: u64, whole: u64) -> u64 {
        let wanted = (self.count() * part).div_ceil(whole);
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        if wanted == 0 { 0 } else { 1 << place.unwrap_or_default() }
    }
}

pub(super) fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
