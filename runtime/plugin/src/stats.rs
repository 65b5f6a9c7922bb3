use std::collections::BTreeMap;
use std::time::Duration;

/// What a worker has done since it was made. For metrics, health and tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records given to the plugin.
    pub records: u64,
    /// Calls that were answered well.
    pub calls: u64,
    /// Calls that came to nothing.
    pub failed_calls: u64,
    /// Records run one by one after their batch failed.
    pub isolated: u64,
    /// Instances made.
    pub instances: u64,
    /// CPU time spent in making them and in `init`.
    pub init_time: Duration,
    /// CPU time spent in calls.
    pub run_time: Duration,
    /// Fuel that calls used, where it is metered.
    pub fuel: u64,
    /// The most linear memory that an instance had, in bytes.
    pub memory: u64,
    /// Log lines over the limit.
    pub log_skipped: u64,
    /// The plugin's counters.
    pub counts: BTreeMap<String, u64>,
    /// Calls of `count` with a bad name, or with more names than allowed.
    pub counts_ignored: u64,
}

/// Instances that a plugin may need without a word about it.
const USUAL_INSTANCES: u64 = 10;

impl Stats {
    /// What bad records cost, as a sentence, if they made many instances in the time since `elapsed` ago.
    pub fn health(&self, elapsed: Duration) -> Option<String> {
        if self.instances <= USUAL_INSTANCES {
            return None;
        }
        let seconds = elapsed.as_secs_f64().max(0.001);
        Some(format!(
            "{} instances, {:.0} a second, as bad records end them: {:.1} s of CPU went into starting them and \
             {:.1} s into calls; {} records were run one by one",
            self.instances,
            self.instances as f64 / seconds,
            self.init_time.as_secs_f64(),
            self.run_time.as_secs_f64(),
            self.isolated
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_instances_are_worth_a_word() {
        let mut stats = Stats { instances: 10, ..Stats::default() };
        assert_eq!(stats.health(Duration::from_secs(1)), None);
        stats = Stats { instances: 400, init_time: Duration::from_millis(150), isolated: 900, ..stats };
        assert_eq!(
            stats.health(Duration::from_secs(2)).unwrap(),
            "400 instances, 200 a second, as bad records end them: 0.1 s of CPU went into starting them and 0.0 s \
             into calls; 900 records were run one by one"
        );
    }
}
