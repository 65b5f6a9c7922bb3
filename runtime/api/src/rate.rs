//! How much a stream takes a second, as its config says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use standpipe_spec::Rate;

/// How many seconds of the rate one request may take that is taken as a whole.
const MOST_DEBT: u64 = 10;

/// What a stream may still take. A clone is the same.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    rate: Rate,
    left: Arc<Mutex<Left>>,
}

/// Each fills up to what a second has. What is taken may pass zero once, so that a large record passes a small rate, and
/// so does a large request that is taken as a whole.
#[derive(Debug)]
struct Left {
    at: Instant,
    requests: f64,
    records: f64,
    bytes: f64,
}

impl Limiter {
    /// At first there is what a second has.
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        let Rate { requests, records, bytes } = rate;
        let left = Left {
            at: now,
            requests: per_second(requests),
            records: per_second(records),
            bytes: per_second(bytes),
        };
        Self { rate, left: Arc::new(Mutex::new(left)) }
    }

    /// Takes as many of the records that end at `ends` as may come now, from the first on, and says how many.
    pub(crate) fn admit(&self, ends: &[u32], now: Instant) -> usize {
        let Rate { records, bytes, .. } = self.rate;
        let Some(mut left) = self.left(now) else { return ends.len() };
        if left.requests < 1.0 || left.bytes <= 0.0 {
            return 0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is too large for it is more than a request has"
        )]
        let most = if records.is_some() { left.records.max(0.0) as usize } else { ends.len() };
        let (most, budget) = (most.min(ends.len()), left.bytes);
        // The record that passes the rate still comes, and those behind it do not.
        let admitted = match bytes {
            Some(_) => {
                let before = ends.partition_point(|end| f64::from(*end) < budget);
                most.min(before + 1)
            }
            None => most,
        };
        if let Some(end) = admitted.checked_sub(1).and_then(|last| ends.get(last)) {
            left.requests -= 1.0;
            left.records -= admitted as f64;
            left.bytes -= f64::from(*end);
        }
        admitted
    }

    /// Whether records may be taken as a whole: what they pass the rate by is made up for in [`MOST_DEBT`].
    pub(crate) fn fits(&self, ends: &[u32]) -> bool {
        let Rate { records, bytes, .. } = self.rate;
        let within = |limit: Option<u64>, value: u64| {
            limit.is_none_or(|limit| value <= limit.saturating_mul(MOST_DEBT))
        };
        within(records, ends.len() as u64)
            && (ends.len() == 1 || within(bytes, ends.last().map_or(0, |end| u64::from(*end))))
    }

    /// Takes all of the records if one may come now, or none. What passes the rate is made up for.
    pub(crate) fn admit_all(&self, ends: &[u32], now: Instant) -> bool {
        let Some(mut left) = self.left(now) else { return true };
        if left.requests < 1.0 || left.records < 1.0 || left.bytes <= 0.0 {
            return false;
        }
        left.requests -= 1.0;
        left.records -= ends.len() as f64;
        left.bytes -= ends.last().map_or(0.0, |end| f64::from(*end));
        true
    }

    /// What is left by now. None if there is no rate.
    fn left(&self, now: Instant) -> Option<MutexGuard<'_, Left>> {
        let Rate { requests, records, bytes } = self.rate;
        requests.or(records).or(bytes)?;
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = now.saturating_duration_since(left.at).as_secs_f64();
        left.at = left.at.max(now);
        left.requests = fill(left.requests, requests, seconds);
        left.records = fill(left.records, records, seconds);
        left.bytes = fill(left.bytes, bytes, seconds);
        Some(left)
    }
}

/// As a number of which infinitely many are left when there is no limit.
fn per_second(limit: Option<u64>) -> f64 {
    limit.map_or(f64::INFINITY, |limit| limit as f64)
}

fn fill(left: f64, limit: Option<u64>, seconds: f64) -> f64 {
    let limit = per_second(limit);
    if limit.is_finite() { (left + limit * seconds).min(limit) } else { limit }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FIVE: [u32; 5] = [10, 20, 30, 40, 50];

    fn limiter(requests: Option<u64>, records: Option<u64>, bytes: Option<u64>) -> (Limiter, Instant) {
        let now = Instant::now();
        (Limiter::new(Rate { requests, records, bytes }, now), now)
    }

    #[test]
    fn without_a_rate_all_comes() {
        let (limiter, now) = limiter(None, None, None);
        assert_eq!(limiter.admit(&FIVE, now), 5);
    }

    #[test]
    fn records_come_as_far_as_they_may_and_more_a_second_later() {
        let (limiter, now) = limiter(None, Some(8), None);
        assert_eq!(limiter.admit(&FIVE, now), 5);
        assert_eq!(limiter.admit(&FIVE, now), 3);
        assert_eq!(limiter.admit(&FIVE, now), 0);
        assert_eq!(limiter.admit(&FIVE, now + Duration::from_millis(500)), 4);
        assert_eq!(limiter.admit(&FIVE, now + Duration::from_secs(9)), 5);
    }

    #[test]
    fn a_record_larger_than_the_rate_passes_and_is_made_up_for() {
        let (limiter, now) = limiter(None, None, Some(25));
        assert_eq!(limiter.admit(&FIVE, now), 3);
        assert_eq!(limiter.admit(&FIVE, now), 0);
        assert_eq!(limiter.admit(&[100], now + Duration::from_secs(1)), 1);
        assert_eq!(limiter.admit(&[1], now + Duration::from_secs(4)), 0);
        assert_eq!(limiter.admit(&[1], now + Duration::from_secs(5)), 1);
    }

    #[test]
    fn a_request_that_is_refused_costs_none() {
        let (both, now) = limiter(Some(2), Some(5), None);
        assert_eq!(both.admit(&FIVE, now), 5);
        assert_eq!(both.admit(&FIVE, now), 0);
        assert_eq!(both.admit(&FIVE, now + Duration::from_secs(1)), 5);
        let (requests, now) = limiter(Some(1), None, None);
        assert_eq!(requests.admit(&[1], now), 1);
        assert_eq!(requests.admit(&[1], now), 0);
    }

    #[test]
    fn what_is_taken_as_a_whole_passes_once_and_is_made_up_for_and_costs_nothing_when_it_is_refused() {
        let (limiter, now) = limiter(None, Some(3), None);
        assert_eq!(limiter.admit(&[1, 2], now), 2);
        assert!(limiter.admit_all(&FIVE, now));
        assert!(!limiter.admit_all(&[1], now));
        assert_eq!(limiter.admit(&[1], now + Duration::from_millis(1_500)), 0);
        assert!(!limiter.admit_all(&FIVE, now + Duration::from_millis(1_600)));
        assert!(limiter.admit_all(&FIVE, now + Duration::from_millis(1_700)));
    }
}
