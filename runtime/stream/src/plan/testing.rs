//! A plan for tests, which change what they are about.

use std::sync::Arc;
use std::time::Duration;

use standpipe_format::{Compression, Delimiter, Layout, Level, Prefixes, Zone};
use standpipe_record::SystemClock;
use standpipe_sink::Sink;

use super::{Outlet, Plan, Source};

pub(crate) fn plan(name: &str, prefix: &str, sink: Arc<dyn Sink>) -> Plan {
    let prefixes = Prefixes::parse(Some(prefix), Some("failed/"), None).unwrap();
    Plan {
        name: name.into(),
        version: 1,
        metrics: Arc::default(),
        concurrency: 2,
        discards: false,
        buckets: Arc::default(),
        source: Source::Puts,
        lanes: 2,
        split: None,
        plugins: Vec::new(),
        digests: Vec::new(),
        destination: outlet(&prefixes),
        partitions: None,
        backup: None,
        sink,
        clock: Arc::new(SystemClock),
    }
}

pub(crate) fn outlet(prefixes: &Prefixes) -> Outlet {
    Outlet {
        bucket: "b".into(),
        layout: Layout {
            prefix: prefixes.destination().clone(),
            error_output: Some(prefixes.error_output().clone()),
            zone: Zone::UTC,
            extension: None,
            compression: Compression::None,
            level: Level::default(),
        },
        size: 20_000,
        interval: Duration::from_secs(1),
        delimiter: Delimiter::None,
    }
}
