//! What is counted while streams run. One registry is passed in to all of them; whoever shows figures reads it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standpipe_log::Quota;

use crate::active::Active;
use crate::entry::Role;
use crate::{Budget, State, Workers};

mod held;
mod reading;
#[cfg(test)]
mod tests;
mod times;

pub(crate) use held::{Held, set};
pub use reading::{
    Amount, BackupReading, DeliveryReading, Figures, HostReading, Level, PluginReading, PutReading, Reading,
    Totals, Trouble,
};
pub use times::Times;

use times::Histogram;

/// The figures of a host and of all its streams.
#[derive(Debug, Default)]
pub struct Metrics {
    streams: Mutex<BTreeMap<String, Arc<StreamMetrics>>>,
    quota: Mutex<Option<Arc<Quota>>>,
    memory: Mutex<Option<Arc<Budget>>>,
}

/// The figures of one stream. Moved once a request, a batch, a delivery or a cut.
#[derive(Debug, Default)]
pub struct StreamMetrics {
    puts: [PutMetrics; 3],
    throttled_records: AtomicU64,
    pub(crate) forgotten_answers: AtomicU64,
    pub(crate) read: AtomicU64,
    pub(crate) read_bytes: AtomicU64,
    pub(crate) outputs: AtomicU64,
    pub(crate) output_bytes: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) failed: AtomicU64,
    calls: AtomicU64,
    good_calls: AtomicU64,
    cpu_us: AtomicU64,
    objects: AtomicU64,
    bytes: AtomicU64,
    delivered: AtomicU64,
    /// Objects of the backup, their records and bytes. They do not count in those before.
    backup: [AtomicU64; 3],
    pub(crate) refused_partitions: AtomicU64,
    partitions: Mutex<Option<Arc<Active>>>,
    tries: AtomicU64,
    refused: AtomicU64,
    throttled: AtomicU64,
    times: Histogram,
    lanes: Mutex<BTreeMap<u32, Arc<Held>>>,
    /// And what tells it from another one.
    trouble: Mutex<Option<(String, Trouble)>>,
}

/// The requests of one kind that were accepted.
#[derive(Debug, Default)]
struct PutMetrics {
    records: AtomicU64,
    bytes: AtomicU64,
    /// Of each of them.
    times: Histogram,
}

/// How records are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PutKind {
    /// One record, as Firehose's API has it.
    PutRecord,
    /// Several of them.
    PutRecordBatch,
    /// The body of a plain request.
    Records,
}

impl PutKind {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::PutRecord, Self::PutRecordBatch, Self::Records];
}

impl Metrics {
    /// The figures of a stream, begun at zero when they are first asked for.
    pub fn stream(&self, name: &str) -> Arc<StreamMetrics> {
        Arc::clone(lock(&self.streams).entry(name.to_owned()).or_default())
    }

    /// Shows what a stream counts that is new.
    pub fn enter(&self, name: &str, stream: Arc<StreamMetrics>) {
        lock(&self.streams).insert(name.to_owned(), stream);
    }

    /// Shows nothing of a stream any more: it is gone.
    pub fn forget(&self, name: &str) {
        lock(&self.streams).remove(name);
    }

    /// How deliveries go now, by stream.
    pub fn figures(&self) -> BTreeMap<String, Figures> {
        lock(&self.streams).iter().map(|(name, stream)| (name.clone(), stream.figures())).collect()
    }

    /// All that is counted, by stream.
    pub fn readings(&self) -> BTreeMap<String, Reading> {
        lock(&self.streams).iter().map(|(name, stream)| (name.clone(), stream.reading())).collect()
    }

    /// Has the host's reading say what all streams share on disk and in memory.
    pub fn watch(&self, state: &State, workers: &Workers) {
        self.watch_quota(Arc::clone(state.quota()));
        self.watch_memory(Arc::clone(&workers.budget));
    }

    /// Has the host's reading say what this quota does.
    pub fn watch_quota(&self, quota: Arc<Quota>) {
        *lock(&self.quota) = Some(quota);
    }

    /// Has the host's reading say what this budget does.
    pub fn watch_memory(&self, budget: Arc<Budget>) {
        *lock(&self.memory) = Some(budget);
    }

    /// What all streams share, as far as it is watched.
    pub fn host(&self) -> HostReading {
        let quota = lock(&self.quota).as_ref().map(|quota| quota.usage());
        let memory = lock(&self.memory).clone();
        HostReading {
            quota: quota.map(|usage| Level { total: usage.total, used: usage.used }),
            memory: memory.map(|budget| Level { total: budget.total(), used: budget.used() }),
        }
    }
}

impl StreamMetrics {
    /// A request was answered: its records are durable. `took` is how long it had to wait for that.
    pub fn note_put(&self, kind: PutKind, records: u64, bytes: u64, took: Duration) {
        let puts = self.put(kind);
        add(&puts.records, records);
        add(&puts.bytes, bytes);
        puts.times.add(took);
    }

    /// Records were refused because there are too many at a time, or no room for them yet.
    pub fn note_throttled(&self, records: u64) {
        add(&self.throttled_records, records);
    }

    /// What has gone through it.
    pub fn totals(&self) -> Totals {
        let [objects, _, bytes] = &self.backup;
        Totals {
            read: get(&self.read),
            outputs: get(&self.outputs),
            dropped: get(&self.dropped),
            failed: get(&self.failed),
            objects: get(&self.objects) + get(objects),
            bytes: get(&self.bytes) + get(bytes),
        }
    }

    /// Has the reading say how many partitions are open.
    pub(crate) fn watch_partitions(&self, active: Option<Arc<Active>>) {
        *lock(&self.partitions) = active;
    }

    /// How its deliveries go.
    pub fn figures(&self) -> Figures {
        let times = self.times.read();
        let Totals { objects, bytes, .. } = self.totals();
        Figures {
            objects,
            bytes,
            tries: get(&self.tries),
            refused: get(&self.refused),
            throttled: get(&self.throttled),
            p50_ms: times.quantile_ms(1, 2),
            p99_ms: times.quantile_ms(99, 100),
            oldest_ms: self.oldest_ms(),
            trouble: self.trouble(),
        }
    }

    /// All that is counted.
    pub fn reading(&self) -> Reading {
        let amount = |count, bytes| Amount { count: get(count), bytes: get(bytes) };
        let put = |kind| {
            let PutMetrics { records, bytes, times } = self.put(kind);
            (kind, PutReading { records: amount(records, bytes), times: times.read() })
        };
        let (open, sealed) = Held::sum(lock(&self.lanes).values());
        let [objects, records, bytes] = &self.backup;
        Reading {
            puts: PutKind::ALL.into_iter().map(put).collect(),
            throttled_records: get(&self.throttled_records),
            forgotten_answers: get(&self.forgotten_answers),
            read: amount(&self.read, &self.read_bytes),
            outputs: amount(&self.outputs, &self.output_bytes),
            dropped: get(&self.dropped),
            failed: get(&self.failed),
            plugins: PluginReading {
                calls: get(&self.calls),
                good_calls: get(&self.good_calls),
                cpu: Duration::from_micros(get(&self.cpu_us)),
            },
            deliveries: DeliveryReading {
                objects: amount(&self.objects, &self.bytes),
                records: get(&self.delivered),
                tries: get(&self.tries),
                refused: get(&self.refused),
                throttled: get(&self.throttled),
                times: self.times.read(),
            },
            backup: BackupReading { objects: amount(objects, bytes), records: get(records) },
            partitions: lock(&self.partitions).as_ref().map(|active| active.level()),
            refused_partitions: get(&self.refused_partitions),
            open,
            sealed,
            oldest_ms: self.oldest_ms(),
            trouble: self.trouble(),
        }
    }

    /// Why deliveries fail now, if they do.
    pub fn trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).as_ref().map(|(_, trouble)| trouble.clone())
    }

    fn put(&self, kind: PutKind) -> &PutMetrics {
        let [one, several, plain] = &self.puts;
        match kind {
            PutKind::PutRecord => one,
            PutKind::PutRecordBatch => several,
            PutKind::Records => plain,
        }
    }

    fn oldest_ms(&self) -> Option<u64> {
        lock(&self.lanes).values().filter_map(|lane| lane.oldest_ms()).min()
    }

    pub(crate) fn lane(&self, lane: u32) -> Arc<Held> {
        Arc::clone(lock(&self.lanes).entry(lane).or_default())
    }

    /// Counts what plugins have done `before`, when they were looked at last, and now.
    pub(crate) fn plugins(&self, before: &PluginReading, now: &PluginReading) {
        add(&self.calls, now.calls.saturating_sub(before.calls));
        add(&self.good_calls, now.good_calls.saturating_sub(before.good_calls));
        // Both whole, so that what is cut off here is not cut off each time.
        add(&self.cpu_us, times::microseconds(now.cpu).saturating_sub(times::microseconds(before.cpu)));
    }

    /// An object is delivered.
    pub(crate) fn delivered(&self, role: Role, records: u64, bytes: u64, took: Duration) {
        add(&self.tries, 1);
        let [backup_objects, backup_records, backup_bytes] = &self.backup;
        let counters = match role {
            Role::Backup => [backup_objects, backup_records, backup_bytes],
            Role::Destination | Role::ErrorOutput => [&self.objects, &self.delivered, &self.bytes],
        };
        for (counter, amount) in counters.into_iter().zip([1, records, bytes]) {
            add(counter, amount);
        }
        self.times.add(took);
    }

    /// A delivery was refused.
    pub(crate) fn refused(&self, throttled: bool) {
        add(&self.tries, 1);
        add(&self.refused, 1);
        add(&self.throttled, throttled.into());
    }

    /// Notes why deliveries fail, or that they do not. True if that is news.
    pub(crate) fn is_news(&self, trouble: Option<(&str, Trouble)>) -> bool {
        let mut held = lock(&self.trouble);
        let Some((gist, mut trouble)) = trouble else { return held.take().is_some() };
        if let Some((before, since_ms)) = held.as_ref().map(|(gist, held)| (gist, held.since_ms)) {
            if before == gist {
                return false;
            }
            trouble.since_ms = since_ms;
        }
        *held = Some((gist.to_owned(), trouble));
        true
    }
}

pub(crate) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
