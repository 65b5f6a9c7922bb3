use std::ops::RangeInclusive;

use crate::Finding;
use crate::reader::Reader;
use crate::text::quoted;

/// What a stream takes from the API in a second, at the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// Requests.
    pub requests: Option<u64>,
    /// Records.
    pub records: Option<u64>,
    /// Bytes of records.
    pub bytes: Option<u64>,
}

impl Rate {
    /// What `requests` and `records` may be.
    pub const COUNT: RangeInclusive<u32> = 1..=1_000_000_000;
    /// What `bytes` may be.
    pub const BYTES: RangeInclusive<u64> = 1 << 10..=1 << 40;

    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let rate = Self {
            requests: reader.number("requests", Self::COUNT).map(u64::from),
            records: reader.number("records", Self::COUNT).map(u64::from),
            bytes: reader.size("bytes", Self::BYTES),
        };
        if reader.is_empty() {
            let finding = Finding::error(format!("{} limits nothing", quoted(&reader.name)));
            let help = "write `requests`, `records` or `bytes` there, each per second; or remove it";
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(help));
        }
        reader.finish();
        rate
    }
}
