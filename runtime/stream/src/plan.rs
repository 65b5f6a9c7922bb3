use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use standpipe_format::{Delimiter, Moment, split};
use standpipe_plugin::{Host, Plugin};
use standpipe_record::{Clock, SystemClock};
use standpipe_sink::Sink;
use standpipe_spec::{self as spec, Buckets, Destination, File, Finding, Severity};

use crate::entry::Role;
use crate::{Metrics, StreamMetrics};

mod buckets;
mod load;
mod outlet;
mod partitions;
#[cfg(test)]
pub(crate) mod testing;

pub use buckets::sink;
pub use load::{LoadFailure, load_plugin};
pub(crate) use outlet::{Backs, Backup, Outlet};
pub(crate) use partitions::{Overflow, Partitions};

/// Where a stream's records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Files, one after the other, and pipes among them.
    Files(Vec<PathBuf>),
    Stdin,
    /// Whoever calls [`Stream::put`](crate::Stream::put).
    Puts,
}

impl Source {
    /// The files that it reads.
    pub(crate) fn files(&self) -> &[PathBuf] {
        match self {
            Self::Files(files) => files,
            Self::Stdin | Self::Puts => &[],
        }
    }
}

/// A stream that is ready to run: plugins loaded, prefixes parsed.
#[derive(Debug)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub metrics: Arc<StreamMetrics>,
    pub(crate) source: Source,
    /// How many lanes it fills.
    pub(crate) lanes: u32,
    /// How records that hold several are taken apart, if they are.
    pub(crate) split: Option<split::Rules>,
    /// What records go through, in order; the last finds partition keys, if a query does.
    pub(crate) plugins: Vec<Plugin>,
    /// The plugins' digests, for the journal.
    pub(crate) digests: Vec<String>,
    pub(crate) destination: Outlet,
    pub(crate) partitions: Option<Partitions>,
    pub(crate) backup: Option<Backup>,
    pub(crate) sink: Arc<dyn Sink>,
    /// Where the sink's buckets live.
    pub(crate) buckets: Arc<Buckets>,
    /// Whether outputs and failures are counted and then go nowhere.
    pub(crate) discards: bool,
    /// Objects that are delivered at a time, at the most.
    pub(crate) concurrency: u32,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Plan {
    /// Whether a stream that runs by it would do as one that runs by the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let plugins = self.plugins.len() == other.plugins.len()
            && self.plugins.iter().zip(&other.plugins).all(|(ours, theirs)| ours.is_like(theirs));
        let partitions = match (&self.partitions, &other.partitions) {
            (Some(ours), Some(theirs)) => ours.is_like(theirs),
            (ours, theirs) => ours.is_some() == theirs.is_some(),
        };
        let numbers = |plan: &Self| (plan.lanes, plan.concurrency, plan.discards);
        plugins
            && partitions
            && numbers(self) == numbers(other)
            && (&self.source, &self.split) == (&other.source, &other.split)
            && (&self.destination, &self.backup) == (&other.destination, &other.backup)
            && self.buckets == other.buckets
    }

    /// Whether its records come from whoever calls [`Stream::put`](crate::Stream::put).
    pub fn takes_puts(&self) -> bool {
        self.source == Source::Puts
    }

    /// Whether outputs and failures are counted and then go nowhere.
    pub fn discards(&self) -> bool {
        self.discards
    }

    /// Whether it keeps source records beside what comes of them.
    pub fn backs_up(&self) -> bool {
        self.backup.is_some()
    }

    /// The same, but that what it holds already is all that it will have if its records come from puts.
    #[must_use]
    pub fn without_puts(self) -> Self {
        let source = if self.takes_puts() { Source::Files(Vec::new()) } else { self.source };
        Self { source, ..self }
    }

    /// Which source records are kept beside what comes of them.
    pub(crate) fn backs(&self) -> Backs {
        self.backup.as_ref().map_or(Backs::Nothing, |backup| backup.backs)
    }

    /// How the objects of a role look. The error output goes where the destination's go.
    pub(crate) fn outlet(&self, role: Role) -> &Outlet {
        match (role, &self.backup) {
            (Role::Backup, Some(backup)) => &backup.outlet,
            _ => &self.destination,
        }
    }

    /// A key like those of its objects, for a probe.
    pub(crate) fn probe_key(&self) -> String {
        self.destination.probe_key(&Moment::utc(self.clock.now_ms()))
    }
}

/// Makes plans of a config file. What plugins and prefixes have to say is added to the file's findings, so that
/// all of them are told at once; there are plans only when none of them is an error.
pub fn plan(file: &mut File, host: &Host, metrics: &Metrics) -> Option<Vec<Plan>> {
    let mut findings = Vec::new();
    let plans = read(file, host, metrics, &mut findings);
    file.findings.append(&mut findings);
    file.findings.sort_by_key(|finding| finding.span.as_ref().map_or((true, 0), |span| (false, span.start)));
    let good = file.findings.iter().all(|finding| finding.severity != Severity::Error);
    good.then_some(plans)
}

fn read(file: &File, host: &Host, metrics: &Metrics, findings: &mut Vec<Finding>) -> Vec<Plan> {
    let config = &file.draft;
    // Each is loaded once, as for the first stream that names it: streams differ in what `init` is told.
    let mut plugins = BTreeMap::new();
    for plugin in config.plugins.values() {
        let name = &plugin.name.value;
        let uses = |stream: &&spec::Stream| stream.transform.iter().any(|used| used.value == *name);
        let first = config.streams.values().find(uses).map(|stream| stream.name.value.as_str());
        if let Some(loaded) = load::load_declared(file, plugin, first, host, findings) {
            plugins.insert(name.as_str(), loaded);
        }
    }
    let (sink, concurrency) = sink(&config.buckets);
    let buckets = Arc::new(config.buckets.clone());
    let cores =
        std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let mut plans = Vec::new();
    for stream in config.streams.values() {
        let nowhere;
        let (s3, discards) = match &stream.destination {
            Destination::S3(s3) => (s3, false),
            Destination::Discard { span } => {
                nowhere = discarded(span);
                (&nowhere, true)
            }
        };
        let context: Arc<str> = load::context(&config.api, Some(&stream.name.value)).into();
        let used = stream.transform.iter().filter_map(|name| plugins.get(name.value.as_str()));
        let mut plugins: Vec<Plugin> = used.map(|plugin| plugin.in_context(Arc::clone(&context))).collect();
        let outlet = outlet::destination(file, s3, !stream.transform.is_empty(), findings);
        let backup = stream.backup.as_ref().map(|backup| outlet::backup(file, stream, backup, findings));
        let Some((destination, prefixes)) = outlet else { continue };
        let partitions = s3.partitioning.as_ref().map(|said| {
            let query = said.query.as_ref();
            let query =
                query.map(|query| partitions::query(file, host, query, &prefixes, &context, findings));
            let query = query.flatten();
            plugins.extend(query.clone());
            Partitions::new(&prefixes, said.max_active, said.overflow.into(), query.as_ref())
        });
        let Ok(backup) = backup.map_or(Ok(None), |backup| backup.map(Some).ok_or(())) else { continue };
        plans.push(Plan {
            name: stream.name.value.clone(),
            metrics: metrics.stream(&stream.name.value),
            concurrency,
            source: match &stream.source {
                spec::Source::File { paths } => {
                    Source::Files(paths.iter().map(|path| path.value.clone()).collect())
                }
                spec::Source::Stdin => Source::Stdin,
                spec::Source::Puts => Source::Puts,
            },
            discards,
            lanes: stream.lanes.unwrap_or(cores),
            split: split(&stream.split),
            digests: plugins.iter().map(|plugin| plugin.id().digest.clone()).collect(),
            plugins,
            destination,
            partitions,
            backup,
            sink: Arc::clone(&sink),
            buckets: Arc::clone(&buckets),
            clock: Arc::new(SystemClock),
        });
    }
    plans
}

/// How records are taken apart; none if they are not.
fn split(said: &spec::Split) -> Option<split::Rules> {
    let rules = split::Rules {
        kpl: said.kpl,
        cloudwatch_logs: said.cloudwatch_logs.map(|logs| match logs {
            spec::CloudWatchLogs::Envelopes => split::CloudWatchLogs::Envelopes,
            spec::CloudWatchLogs::Messages => split::CloudWatchLogs::Messages,
        }),
        // The config's limits are the separator's.
        deaggregate: said.deaggregate.as_ref().and_then(|how| match how {
            spec::Deaggregate::Json => Some(split::Deaggregate::Json),
            spec::Deaggregate::Delimiter(text) => split::Deaggregate::delimited(text.as_bytes()).ok(),
        }),
    };
    (!rules.is_empty()).then_some(rules)
}

/// What stands for the destination of a stream that has none.
fn discarded(span: &Range<usize>) -> spec::S3Destination {
    spec::S3Destination {
        span: span.clone(),
        objects: spec::Objects {
            bucket: spec::Spanned::new(String::new(), span.clone()),
            prefix: None,
            time_zone: None,
            file_extension: None,
            compression: spec::Compression::None,
            compression_level: None,
            buffering: spec::Buffering::default(),
        },
        error_output_prefix: None,
        partitioning: None,
        append_delimiter: false,
    }
}

fn delimiter(appends: bool) -> Delimiter {
    if appends { Delimiter::Newline } else { Delimiter::None }
}
