//! The text of `/metrics`, in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use standpipe_stream::{HostReading, Metrics, PutKind, Reading, Times};

use super::table::{METRICS, Read, Value};

#[cfg(test)]
mod tests;

/// The content type of what [`render`] writes.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// The bounds that are shown of times, in milliseconds. They are among those of [`Times`]; with all of those, a
/// thousand streams would make many megabytes of text.
const BOUNDS_MS: [u128; 9] = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536];

/// What the ports of a host count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFigures {
    /// Connections that are open.
    pub connections: u64,
    /// How many may be.
    pub connections_most: u64,
    /// Bytes of memory that requests hold.
    pub memory_used: u64,
    /// How many they may hold.
    pub memory_most: u64,
    /// Requests that were refused because no memory was left for them.
    pub refused_requests: u64,
    /// Whether it is up, for each stream.
    pub streams: Vec<(String, bool)>,
}

/// Everything that is shown, as it was read at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) streams: BTreeMap<String, Reading>,
    pub(super) shared: HostReading,
    pub(super) host: HostFigures,
    pub(super) now_ms: u64,
}

/// A value of a metric, and the names and values of its labels.
type Sample<'a> = (Vec<(&'static str, &'a str)>, Value);

/// The text of `/metrics` at `now_ms`, in milliseconds since 1970.
pub fn render(metrics: &Metrics, host: &HostFigures, now_ms: u64) -> String {
    let (streams, shared) = (metrics.readings(), metrics.host());
    text(Snapshot { streams, shared, host: host.clone(), now_ms })
}

fn text(snapshot: Snapshot) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("a string takes all that is written to it");
    text
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for row in METRICS {
            let samples = self.samples(&row.read);
            if samples.is_empty() {
                continue;
            }
            // The encoder puts it back for counters.
            let name = row.name.strip_suffix("_total").unwrap_or(row.name);
            let mut metric = encoder.encode_descriptor(name, row.meaning, None, row.kind)?;
            for (labels, value) in samples {
                write(metric.encode_family(&labels)?, row.kind, &value)?;
            }
        }
        Ok(())
    }
}

impl Snapshot {
    fn samples(&self, read: &Read) -> Vec<Sample<'_>> {
        match read {
            Read::PerStream(value) => self
                .streams
                .iter()
                .map(|(name, stream)| (vec![("stream", name.as_str())], value(stream, self)))
                .collect(),
            Read::PerPut(value) => self
                .streams
                .iter()
                .flat_map(|(name, stream)| stream.puts.iter().map(move |put| (name.as_str(), put)))
                .map(|(name, (kind, put))| {
                    (vec![("stream", name), ("operation", operation(*kind))], value(put))
                })
                .collect(),
            Read::Up => self
                .host
                .streams
                .iter()
                .map(|(name, up)| (vec![("stream", name.as_str())], Value::Count((*up).into())))
                .collect(),
            Read::Shared(value) => {
                value(self).map(|value| (Vec::new(), Value::Count(value))).into_iter().collect()
            }
            Read::Host(value) => vec![(Vec::new(), Value::Count(value(&self.host)))],
        }
    }
}

/// What Firehose calls a kind of request.
fn operation(kind: PutKind) -> &'static str {
    match kind {
        PutKind::PutRecord => "PutRecord",
        PutKind::PutRecordBatch => "PutRecordBatch",
        PutKind::Records => "Records",
    }
}

fn write(mut metric: MetricEncoder<'_>, kind: MetricType, value: &Value) -> fmt::Result {
    let is_counter = kind == MetricType::Counter;
    match value {
        Value::Count(count) if is_counter => metric.encode_counter::<NoLabelSet, _, f64>(count, None),
        Value::Count(count) => metric.encode_gauge(count),
        Value::Seconds(time) if is_counter => {
            metric.encode_counter::<NoLabelSet, _, f64>(&time.as_secs_f64(), None)
        }
        Value::Seconds(time) => metric.encode_gauge(&time.as_secs_f64()),
        Value::Distribution(times) => {
            let (sum, count) = (times.sum.as_secs_f64(), times.count());
            metric.encode_histogram::<NoLabelSet>(sum, count, &buckets(times), None)
        }
    }
}

/// How many are below each bound and in no bucket before, the bounds in seconds.
fn buckets(times: &Times) -> Vec<(f64, u64)> {
    let (mut buckets, mut gathered) = (Vec::with_capacity(BOUNDS_MS.len() + 1), 0);
    for (bound, count) in times.buckets() {
        gathered += count;
        if let Some(bound) = bound.filter(|bound| BOUNDS_MS.contains(&bound.as_millis())) {
            buckets.push((bound.as_secs_f64(), std::mem::take(&mut gathered)));
        }
    }
    buckets.push((f64::INFINITY, gathered));
    buckets
}
