use std::ops::RangeInclusive;
use std::time::Duration;

use crate::reader::Reader;

/// When an object is closed: by size or by age, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffering {
    /// Bytes before compression.
    pub size: u64,
    /// Time since its first output.
    pub interval: Duration,
}

impl Buffering {
    /// What `size` may be. Firehose's own hints are 1 to 128 MiB, with partitioning 64 to 128 MiB.
    pub const SIZE: RangeInclusive<u64> = 1 << 10..=128 << 20;
    /// What `interval` may be. Firehose's own hints are 0 to 900 s, with partitioning 60 to 900 s.
    pub const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(900);
    /// What it is with partitioning unless it is said, as Firehose: 128 MiB or 300 s.
    pub const PARTITIONED: Self = Self { size: 128 << 20, interval: Duration::from_secs(300) };

    /// Reads what is said; `usual` is the rest.
    pub(crate) fn read(mut reader: Reader<'_>, usual: Self) -> Self {
        let size = reader.size("size", Self::SIZE).unwrap_or(usual.size);
        let interval = reader.duration("interval", Self::INTERVAL).unwrap_or(usual.interval);
        reader.finish();
        Self { size, interval }
    }
}

impl Default for Buffering {
    /// As Firehose: 5 MiB or 300 s.
    fn default() -> Self {
        Self { size: 5 << 20, interval: Duration::from_secs(300) }
    }
}
