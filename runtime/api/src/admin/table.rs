//! The table of all metrics: what `/metrics` shows, and what Firehose calls it. The README of the runtime has the same.

use std::time::Duration;

use prometheus_client::metrics::MetricType::{self, Counter, Gauge, Histogram};
use standpipe_stream::{PutReading, Reading, Times};

use super::metrics::{HostFigures, Snapshot};
use Read::{Host, PerPut, PerStream, Shared, Up};
use Value::{Count, Distribution, Seconds};

/// One metric.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) kind: MetricType,
    /// The metrics of Firehose in CloudWatch that it is, or that are made of it.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for people: the README has it"))]
    pub(super) cloudwatch: &'static [&'static str],
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for people: the README has it"))]
    pub(super) unit: &'static str,
    pub(super) meaning: &'static str,
    pub(super) read: Read,
}

/// Where a metric's values come from.
pub(super) enum Read {
    /// One for each stream, with the label `stream`.
    PerStream(fn(&Reading, &Snapshot) -> Value),
    /// One for each stream and kind of request, with the labels `stream` and `operation`.
    PerPut(fn(&PutReading) -> Value),
    /// Whether it runs, for each stream.
    Up,
    /// One, if it is watched.
    Shared(fn(&Snapshot) -> Option<u64>),
    /// One.
    Host(fn(&HostFigures) -> u64),
}

pub(super) enum Value {
    Count(u64),
    Seconds(Duration),
    Distribution(Times),
}

pub(super) const METRICS: &[Row] = &[
    Row {
        name: "standpipe_put_requests_total",
        kind: Counter,
        cloudwatch: &["IncomingPutRequests", "PutRecord.Requests", "PutRecordBatch.Requests"],
        unit: "requests",
        meaning: "Requests whose records were accepted, by operation: PutRecord, PutRecordBatch, or Records \
                  for those of plain producers",
        read: PerPut(|put| Count(put.times.count())),
    },
    Row {
        name: "standpipe_put_records_total",
        kind: Counter,
        cloudwatch: &["IncomingRecords", "PutRecordBatch.Records"],
        unit: "records",
        meaning: "Records that were accepted, by operation",
        read: PerPut(|put| Count(put.records.count)),
    },
    Row {
        name: "standpipe_put_bytes_total",
        kind: Counter,
        cloudwatch: &["IncomingBytes", "PutRecord.Bytes", "PutRecordBatch.Bytes"],
        unit: "bytes",
        meaning: "Bytes of the records that were accepted, decoded, by operation",
        read: PerPut(|put| Count(put.records.bytes)),
    },
    Row {
        name: "standpipe_put_duration_seconds",
        kind: Histogram,
        cloudwatch: &["PutRecord.Latency", "PutRecordBatch.Latency"],
        unit: "seconds",
        meaning: "How long requests took whose records were accepted, by operation",
        read: PerPut(|put| Distribution(put.times)),
    },
    Row {
        name: "standpipe_throttled_records_total",
        kind: Counter,
        cloudwatch: &["ThrottledRecords"],
        unit: "records",
        meaning: "Records refused because there were too many at a time, or no room for them",
        read: PerStream(|stream, _| Count(stream.throttled_records)),
    },
    Row {
        name: "standpipe_forgotten_answers_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "answers",
        meaning: "Answers to requests that were forgotten before 15 minutes were over, because there were \
                  too many; the records of such a request are accepted twice if it is repeated",
        read: PerStream(|stream, _| Count(stream.forgotten_answers)),
    },
    Row {
        name: "standpipe_read_records_total",
        kind: Counter,
        cloudwatch: &["DataReadFromSource.Records"],
        unit: "records",
        meaning: "Records read from the log for the plugins, whatever the source; those that run again \
                  count again",
        read: PerStream(|stream, _| Count(stream.read.count)),
    },
    Row {
        name: "standpipe_read_bytes_total",
        kind: Counter,
        cloudwatch: &["DataReadFromSource.Bytes"],
        unit: "bytes",
        meaning: "Bytes of the records read from the log for the plugins",
        read: PerStream(|stream, _| Count(stream.read.bytes)),
    },
    Row {
        name: "standpipe_output_records_total",
        kind: Counter,
        cloudwatch: &["SucceedProcessing.Records"],
        unit: "records",
        meaning: "Outputs of the plugins, gathered for the destination; without plugins, the records \
                  themselves",
        read: PerStream(|stream, _| Count(stream.outputs.count)),
    },
    Row {
        name: "standpipe_output_bytes_total",
        kind: Counter,
        cloudwatch: &["SucceedProcessing.Bytes"],
        unit: "bytes",
        meaning: "Bytes of the outputs of the plugins, without delimiters",
        read: PerStream(|stream, _| Count(stream.outputs.bytes)),
    },
    Row {
        name: "standpipe_dropped_records_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "records",
        meaning: "Records that a plugin dropped",
        read: PerStream(|stream, _| Count(stream.dropped)),
    },
    Row {
        name: "standpipe_failed_records_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "records",
        meaning: "Records gone to the error output",
        read: PerStream(|stream, _| Count(stream.failed)),
    },
    Row {
        name: "standpipe_plugin_calls_total",
        kind: Counter,
        cloudwatch: &["ExecuteProcessing.Success"],
        unit: "calls",
        meaning: "Calls of plugins; ExecuteProcessing.Success is \
                  standpipe_plugin_good_calls_total / standpipe_plugin_calls_total",
        read: PerStream(|stream, _| Count(stream.plugins.calls)),
    },
    Row {
        name: "standpipe_plugin_good_calls_total",
        kind: Counter,
        cloudwatch: &["ExecuteProcessing.Success"],
        unit: "calls",
        meaning: "Calls of plugins that were answered well; the records of the others run one by one",
        read: PerStream(|stream, _| Count(stream.plugins.good_calls)),
    },
    Row {
        name: "standpipe_plugin_cpu_seconds_total",
        kind: Counter,
        cloudwatch: &["ExecuteProcessing.Duration"],
        unit: "seconds",
        meaning: "CPU time of calls of plugins and of starting their instances; ExecuteProcessing.Duration \
                  is standpipe_plugin_cpu_seconds_total / standpipe_plugin_calls_total",
        read: PerStream(|stream, _| Seconds(stream.plugins.cpu)),
    },
    Row {
        name: "standpipe_delivered_objects_total",
        kind: Counter,
        cloudwatch: &["DeliveryToS3.ObjectCount", "DeliveryToS3.Success"],
        unit: "objects",
        meaning: "Objects delivered, those of the error output too",
        read: PerStream(|stream, _| Count(stream.deliveries.objects.count)),
    },
    Row {
        name: "standpipe_delivered_records_total",
        kind: Counter,
        cloudwatch: &["DeliveryToS3.Records"],
        unit: "records",
        meaning: "Outputs and error records in the objects delivered",
        read: PerStream(|stream, _| Count(stream.deliveries.records)),
    },
    Row {
        name: "standpipe_delivered_bytes_total",
        kind: Counter,
        cloudwatch: &["DeliveryToS3.Bytes"],
        unit: "bytes",
        meaning: "Bytes of the objects delivered, as they are stored",
        read: PerStream(|stream, _| Count(stream.deliveries.objects.bytes)),
    },
    Row {
        name: "standpipe_delivery_tries_total",
        kind: Counter,
        cloudwatch: &["DeliveryToS3.Success"],
        unit: "tries",
        meaning: "Deliveries that were tried and have ended; DeliveryToS3.Success is \
                  standpipe_delivered_objects_total / standpipe_delivery_tries_total",
        read: PerStream(|stream, _| Count(stream.deliveries.tries)),
    },
    Row {
        name: "standpipe_delivery_refused_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "tries",
        meaning: "Deliveries that were tried and refused, or failed",
        read: PerStream(|stream, _| Count(stream.deliveries.refused)),
    },
    Row {
        name: "standpipe_delivery_throttled_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "tries",
        meaning: "Deliveries that were tried and refused because the destination had too many at a time",
        read: PerStream(|stream, _| Count(stream.deliveries.throttled)),
    },
    Row {
        name: "standpipe_delivery_duration_seconds",
        kind: Histogram,
        cloudwatch: &[],
        unit: "seconds",
        meaning: "How long deliveries took that went well",
        read: PerStream(|stream, _| Distribution(stream.deliveries.times)),
    },
    Row {
        name: "standpipe_backup_objects_total",
        kind: Counter,
        cloudwatch: &["BackupToS3.Success"],
        unit: "objects",
        meaning: "Objects delivered to the backup; their deliveries count among those that are tried",
        read: PerStream(|stream, _| Count(stream.backup.objects.count)),
    },
    Row {
        name: "standpipe_backup_records_total",
        kind: Counter,
        cloudwatch: &["BackupToS3.Records"],
        unit: "records",
        meaning: "Source records in the objects delivered to the backup",
        read: PerStream(|stream, _| Count(stream.backup.records)),
    },
    Row {
        name: "standpipe_backup_bytes_total",
        kind: Counter,
        cloudwatch: &["BackupToS3.Bytes"],
        unit: "bytes",
        meaning: "Bytes of the objects delivered to the backup, as they are stored",
        read: PerStream(|stream, _| Count(stream.backup.objects.bytes)),
    },
    Row {
        name: "standpipe_partitions_limit",
        kind: Gauge,
        cloudwatch: &["ActivePartitionsLimit"],
        unit: "partitions",
        meaning: "How many partitions may be open at a time; 0 for a stream without partitioning",
        read: PerStream(|stream, _| Count(stream.partitions.map_or(0, |partitions| partitions.total))),
    },
    Row {
        name: "standpipe_partitions",
        kind: Gauge,
        cloudwatch: &["PartitionCount"],
        unit: "partitions",
        meaning: "Partitions that are open",
        read: PerStream(|stream, _| Count(stream.partitions.map_or(0, |partitions| partitions.used))),
    },
    Row {
        name: "standpipe_partitions_exceeded_records_total",
        kind: Counter,
        cloudwatch: &["PartitionCountExceeded"],
        unit: "records",
        meaning: "Records gone to the error output because their partition would have been one too many",
        read: PerStream(|stream, _| Count(stream.refused_partitions)),
    },
    Row {
        name: "standpipe_data_freshness_seconds",
        kind: Gauge,
        cloudwatch: &["DeliveryToS3.DataFreshness"],
        unit: "seconds",
        meaning: "Age of the oldest record that was read and is not delivered yet, since it arrived; 0 if there is none",
        read: PerStream(|stream, snapshot| {
            let age_ms = stream.oldest_ms.map_or(0, |oldest_ms| snapshot.now_ms.saturating_sub(oldest_ms));
            Seconds(Duration::from_millis(age_ms))
        }),
    },
    Row {
        name: "standpipe_delivery_failing",
        kind: Gauge,
        cloudwatch: &[],
        unit: "0 or 1",
        meaning: "1 while deliveries fail and are tried again",
        read: PerStream(|stream, _| Count(stream.trouble.is_some().into())),
    },
    Row {
        name: "standpipe_delivery_needs_mending",
        kind: Gauge,
        cloudwatch: &[],
        unit: "0 or 1",
        meaning: "1 while deliveries fail for a reason that a person has to mend; standpipe status says \
                  which",
        read: PerStream(|stream, _| {
            Count(stream.trouble.as_ref().is_some_and(|trouble| trouble.to_mend).into())
        }),
    },
    Row {
        name: "standpipe_open_parcels",
        kind: Gauge,
        cloudwatch: &[],
        unit: "parcels",
        meaning: "Objects that are being gathered",
        read: PerStream(|stream, _| Count(stream.open.count)),
    },
    Row {
        name: "standpipe_open_parcels_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Bytes of the objects that are being gathered, before compression",
        read: PerStream(|stream, _| Count(stream.open.bytes)),
    },
    Row {
        name: "standpipe_sealed_files",
        kind: Gauge,
        cloudwatch: &[],
        unit: "files",
        meaning: "Objects that are complete and wait on disk for their delivery, or are on their way",
        read: PerStream(|stream, _| Count(stream.sealed.count)),
    },
    Row {
        name: "standpipe_sealed_files_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Bytes of the objects that are complete and not delivered yet",
        read: PerStream(|stream, _| Count(stream.sealed.bytes)),
    },
    Row {
        name: "standpipe_stream_up",
        kind: Gauge,
        cloudwatch: &[],
        unit: "0 or 1",
        meaning: "1 for a stream that runs, or has come to its end; 0 for one that starts, or has failed",
        read: Up,
    },
    Row {
        name: "standpipe_quota_limit_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "What all streams together may keep on disk",
        read: Shared(|snapshot| snapshot.shared.quota.map(|quota| quota.total)),
    },
    Row {
        name: "standpipe_quota_used_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "What all streams together keep on disk now",
        read: Shared(|snapshot| snapshot.shared.quota.map(|quota| quota.used)),
    },
    Row {
        name: "standpipe_buffer_memory_limit_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Memory for the open parcels of all streams; passing it seals nothing, it moves them to \
                  the disk",
        read: Shared(|snapshot| snapshot.shared.memory.map(|memory| memory.total)),
    },
    Row {
        name: "standpipe_buffer_memory_used_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Memory that the open parcels of all streams take now",
        read: Shared(|snapshot| snapshot.shared.memory.map(|memory| memory.used)),
    },
    Row {
        name: "standpipe_request_memory_limit_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Memory that requests under way may hold",
        read: Host(|host| host.memory_most),
    },
    Row {
        name: "standpipe_request_memory_used_bytes",
        kind: Gauge,
        cloudwatch: &[],
        unit: "bytes",
        meaning: "Memory that requests under way hold now",
        read: Host(|host| host.memory_used),
    },
    Row {
        name: "standpipe_refused_requests_total",
        kind: Counter,
        cloudwatch: &[],
        unit: "requests",
        meaning: "Requests refused because no memory was left for them",
        read: Host(|host| host.refused_requests),
    },
    Row {
        name: "standpipe_connections_limit",
        kind: Gauge,
        cloudwatch: &[],
        unit: "connections",
        meaning: "Connections that may be open at a time",
        read: Host(|host| host.connections_most),
    },
    Row {
        name: "standpipe_connections",
        kind: Gauge,
        cloudwatch: &[],
        unit: "connections",
        meaning: "Connections that are open now",
        read: Host(|host| host.connections),
    },
];
