use std::ops::RangeInclusive;

use crate::reader::Reader;

/// How a stream has its plugins called: `[streams.NAME.calls]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// The most bytes of records in a call of several.
    pub size: u64,
    /// How often a record is run again whose run came to nothing: a trap, or too much time or memory. Each time on a
    /// fresh instance. What a plugin answers is final.
    pub retries: u32,
}

impl Calls {
    /// What `size` may be.
    pub const SIZE: RangeInclusive<u64> = 1 << 10..=1 << 20;
    /// What `retries` may be.
    pub const RETRIES: RangeInclusive<u32> = 0..=300;

    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let usual = Self::default();
        let calls = Self {
            size: reader.size("size", Self::SIZE).unwrap_or(usual.size),
            retries: reader.number("retries", Self::RETRIES).unwrap_or(usual.retries),
        };
        let firehose = "is Firehose's name for it";
        reader.refuse(&["BufferSizeInMBs"], firehose, "write `size`, such as `\"1MiB\"`");
        reader.refuse(&["NumberOfRetries"], firehose, "write `retries`");
        reader.finish();
        calls
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self { size: *Self::SIZE.end(), retries: 0 }
    }
}
