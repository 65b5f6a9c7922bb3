use std::ops::RangeInclusive;
use std::time::Duration;

use crate::reader::Reader;

/// What a plugin may use. Every limit is on by default; `limits` of a plugin sets single ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory of an instance.
    pub memory: u64,
    /// CPU time for a record.
    pub time_per_record: Duration,
    /// CPU time to start an instance.
    pub init_time: Duration,
    /// Bytes of output that one record may yield.
    pub output_per_record: u64,
    /// Outputs that one record may yield.
    pub outputs_per_record: u32,
    /// Elements of all tables of an instance.
    pub table_elements: u32,
    /// Bytes of log that are kept of one call.
    pub log_bytes: u32,
    /// Names of counters.
    pub metrics: u32,
}

impl Limits {
    /// What `memory` may be: one page of WebAssembly to all that 32 bits address. SpiderMonkey needs 66
    /// to 90 MiB.
    pub const MEMORY: RangeInclusive<u64> = 64 << 10..=4 << 30;
    /// What `time_per_record` may be.
    pub const TIME_PER_RECORD: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);
    /// What `init_time` may be.
    pub const INIT_TIME: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(300);
    /// What `output_per_record` may be. A batch of outputs stays below 4 GiB.
    pub const OUTPUT_PER_RECORD: RangeInclusive<u64> = 1..=1 << 30;
    /// What `outputs_per_record` may be.
    pub const OUTPUTS_PER_RECORD: RangeInclusive<u32> = 1..=1_000_000;
    /// What `table_elements` may be. SpiderMonkey needs 7,689, Go 6,569.
    pub const TABLE_ELEMENTS: RangeInclusive<u32> = 0..=10_000_000;
    /// What `log_bytes` may be.
    pub const LOG_BYTES: RangeInclusive<u64> = 0..=1 << 20;
    /// What `metrics` may be.
    pub const METRICS: RangeInclusive<u32> = 0..=1_000;

    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let default = Self::default();
        let limits = Self {
            memory: reader.size("memory", Self::MEMORY).unwrap_or(default.memory),
            time_per_record: reader
                .duration("time_per_record", Self::TIME_PER_RECORD)
                .unwrap_or(default.time_per_record),
            init_time: reader.duration("init_time", Self::INIT_TIME).unwrap_or(default.init_time),
            output_per_record: reader
                .size("output_per_record", Self::OUTPUT_PER_RECORD)
                .unwrap_or(default.output_per_record),
            outputs_per_record: reader
                .number("outputs_per_record", Self::OUTPUTS_PER_RECORD)
                .unwrap_or(default.outputs_per_record),
            table_elements: reader
                .number("table_elements", Self::TABLE_ELEMENTS)
                .unwrap_or(default.table_elements),
            log_bytes: reader
                .size("log_bytes", Self::LOG_BYTES)
                .and_then(|bytes| u32::try_from(bytes).ok())
                .unwrap_or(default.log_bytes),
            metrics: reader.number("metrics", Self::METRICS).unwrap_or(default.metrics),
        };
        reader.refuse(&["stack"], "cannot be set: every plugin has 512KiB", "remove it");
        reader.finish();
        limits
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 128 << 20,
            time_per_record: Duration::from_millis(100),
            init_time: Duration::from_secs(5),
            output_per_record: 6 << 20,
            outputs_per_record: 10_000,
            table_elements: 100_000,
            log_bytes: 64 << 10,
            metrics: 64,
        }
    }
}
