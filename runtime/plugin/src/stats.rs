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
    /// Log lines over the limit.
    pub log_skipped: u64,
    /// The plugin's counters.
    pub counts: BTreeMap<String, u64>,
    /// Calls of `count` with a bad name, or with more names than allowed.
    pub counts_ignored: u64,
}
