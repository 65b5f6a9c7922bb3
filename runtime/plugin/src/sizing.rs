use crate::limits::MAX_CALL_RECORDS;

/// Records in the first call.
const FIRST: usize = 64;
/// What a failed call does not shrink the next one below, unless a record is slow.
const FLOOR: usize = 16;
/// How long a call should take, in nanoseconds: a tenth of the default time limit.
const TARGET_NS: f64 = 10e6;
/// How much an observation counts after the next one.
const DECAY: f64 = 0.9;

/// How many records the next call is given. A line is fitted through (records, nanoseconds) of past calls; its
/// slope is a record's own time, apart from what every call costs.
#[derive(Debug, Clone)]
pub(crate) struct Sizing {
    size: usize,
    weight: f64,
    n: f64,
    t: f64,
    nn: f64,
    nt: f64,
}

impl Default for Sizing {
    fn default() -> Self {
        Self { size: FIRST, weight: 0.0, n: 0.0, t: 0.0, nn: 0.0, nt: 0.0 }
    }
}

impl Sizing {
    /// Records for the next call.
    pub(crate) fn next(&self) -> usize {
        self.size
    }

    /// A call of `records` took `ns`.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn observe(&mut self, records: usize, ns: u64) {
        let (n, t) = (records as f64, ns as f64);
        for sum in [&mut self.weight, &mut self.n, &mut self.t, &mut self.nn, &mut self.nt] {
            *sum *= DECAY;
        }
        self.weight += 1.0;
        self.n += n;
        self.t += t;
        self.nn += n * n;
        self.nt += n * t;
    }

    /// The call was clean.
    pub(crate) fn grow(&mut self) {
        self.size = (self.size * 2).min(self.target()).max(1);
    }

    /// The call came to nothing.
    pub(crate) fn shrink(&mut self) {
        self.size = (self.size / 4).max(FLOOR).min(self.target()).max(1);
    }

    /// How many records take the target time.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    fn target(&self) -> usize {
        match self.marginal_ns() {
            Some(ns) if ns > 0.0 => (TARGET_NS / ns).clamp(1.0, MAX_CALL_RECORDS as f64) as usize,
            _ => MAX_CALL_RECORDS,
        }
    }

    /// Nanoseconds that one more record takes.
    fn marginal_ns(&self) -> Option<f64> {
        if self.weight == 0.0 || self.n == 0.0 {
            return None;
        }
        let spread = self.weight * self.nn - self.n * self.n;
        let mean = self.t / self.n;
        // Calls of one size tell nothing of the slope: then all of the time is the records'.
        if spread < 0.002 * self.weight * self.nn {
            return Some(mean);
        }
        let slope = (self.weight * self.nt - self.n * self.t) / spread;
        Some(slope.clamp(mean * 0.01, mean.max(f64::MIN_POSITIVE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(per_call: u64, per_record: u64, calls: usize) -> usize {
        let mut sizing = Sizing::default();
        for _ in 0..calls {
            let size = sizing.next();
            sizing.observe(size, per_call + per_record * size as u64);
            sizing.grow();
        }
        sizing.next()
    }

    #[test]
    fn fast_records_fill_the_largest_call() {
        assert_eq!(run(5_000, 300, 20), MAX_CALL_RECORDS);
    }

    #[test]
    fn slow_records_take_ten_milliseconds_a_call() {
        let size = run(5_000, 100_000, 20);
        assert!((80..=120).contains(&size), "{size}");
    }

    #[test]
    fn a_dear_call_with_cheap_records_still_grows() {
        assert!(run(8_000_000, 1_000, 30) > 2_000);
    }

    #[test]
    fn failures_shrink_to_the_floor_and_slow_records_below_it() {
        let mut sizing = Sizing::default();
        for _ in 0..5 {
            sizing.shrink();
        }
        assert_eq!(sizing.next(), FLOOR);
        for _ in 0..50 {
            sizing.observe(1, 50_000_000);
        }
        sizing.shrink();
        assert_eq!(sizing.next(), 1);
    }
}
