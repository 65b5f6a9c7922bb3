//! Plans, one stream at a time: those of the config file, and those that the API makes while the host runs.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use standpipe_format::split;
use standpipe_plugin::{Calls, Host, Plugin};
use standpipe_record::SystemClock;
use standpipe_sink::Sink;
use standpipe_spec::{self as spec, Buckets, Destination, File, Finding, Severity};

use super::{Partitions, Plan, Source, load, outlet, partitions, sink};
use crate::StreamMetrics;

/// What plans are made with: the plugins of a config file, loaded, and what all streams of a host share. A clone is
/// the same.
#[derive(Debug, Clone)]
pub struct Planner {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    base: PathBuf,
    api: spec::Api,
    host: Host,
    plugins: BTreeMap<String, Plugin>,
    sink: Arc<dyn Sink>,
    buckets: Arc<Buckets>,
    concurrency: u32,
    cores: u32,
}

impl Planner {
    /// Loads the plugins of a file. Those that cannot be are in the findings, and then no plan is to be made.
    pub(super) fn read(file: &File, host: &Host, findings: &mut Vec<Finding>) -> Self {
        let config = &file.draft;
        // Each is loaded once, as for the first stream that names it: streams differ in what `init` is told.
        let mut plugins = BTreeMap::new();
        for plugin in config.plugins.values() {
            let name = &plugin.name.value;
            let uses = |stream: &&spec::Stream| stream.transform.iter().any(|used| used.value == *name);
            let first = config.streams.values().find(uses).map(|stream| stream.name.value.as_str());
            if let Some(loaded) = load::load_declared(file, plugin, first, host, findings) {
                plugins.insert(name.clone(), loaded);
            }
        }
        let (sink, concurrency) = sink(&config.buckets);
        let cores =
            std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let parts = Parts {
            base: config.base.clone(),
            api: config.api.clone(),
            host: host.clone(),
            plugins,
            sink,
            buckets: Arc::new(config.buckets.clone()),
            concurrency,
            cores,
        };
        Self { parts: Arc::new(parts) }
    }

    /// Where buckets live.
    pub fn buckets(&self) -> &Buckets {
        &self.parts.buckets
    }

    /// A plan of a stream that is in no file. Its plugins are to be some of the config file's. `version` is that of its
    /// configuration, from 1; `metrics` are the stream's. What is wrong with it has no place.
    pub fn plan(
        &self,
        stream: &spec::Stream,
        version: u64,
        metrics: Arc<StreamMetrics>,
    ) -> Result<Plan, Vec<Finding>> {
        let mut findings = Vec::new();
        let plan = self.read_stream(stream, "", || metrics, &mut findings);
        findings.retain(|finding| finding.severity == Severity::Error);
        match plan {
            Some(plan) if findings.is_empty() => Ok(Plan { version, ..plan }),
            _ => Err(findings),
        }
    }

    /// The same of a stream of a file with this text, at its first version.
    pub(super) fn read_stream(
        &self,
        stream: &spec::Stream,
        text: &str,
        metrics: impl FnOnce() -> Arc<StreamMetrics>,
        findings: &mut Vec<Finding>,
    ) -> Option<Plan> {
        let parts = &*self.parts;
        let nowhere;
        let (s3, discards) = match &stream.destination {
            Destination::S3(s3) => (s3, false),
            Destination::Discard { span } => {
                nowhere = discarded(span);
                (&nowhere, true)
            }
        };
        let context: Arc<str> = load::context(&parts.api, Some(&stream.name.value)).into();
        let calls = Calls {
            bytes: usize::try_from(stream.calls.size).unwrap_or(usize::MAX),
            retries: stream.calls.retries,
        };
        let used = stream.transform.iter().filter_map(|name| parts.plugins.get(&name.value));
        let used = used.map(|plugin| plugin.in_context(Arc::clone(&context)).called(calls));
        let mut plugins: Vec<Plugin> = used.collect();
        let outlet = outlet::destination(text, s3, !stream.transform.is_empty(), findings);
        let backup = stream.backup.as_ref().map(|backup| outlet::backup(text, stream, backup, findings));
        let (destination, prefixes) = outlet?;
        let partitions = s3.partitioning.as_ref().map(|said| {
            let query = said.query.as_ref().and_then(|query| {
                partitions::query(&parts.base, &parts.host, query, &prefixes, &context, findings)
            });
            plugins.extend(query.clone());
            Partitions::new(&prefixes, said.max_active, said.overflow.into(), query.as_ref())
        });
        let backup = match backup {
            None => None,
            Some(backup) => Some(backup?),
        };
        Some(Plan {
            name: stream.name.value.clone(),
            version: 1,
            metrics: metrics(),
            concurrency: parts.concurrency,
            source: match &stream.source {
                spec::Source::File { paths } => {
                    Source::Files(paths.iter().map(|path| path.value.clone()).collect())
                }
                spec::Source::Stdin => Source::Stdin,
                spec::Source::Puts => Source::Puts,
            },
            discards,
            lanes: stream.lanes.unwrap_or(parts.cores),
            split: taken_apart(&stream.split),
            digests: plugins.iter().map(|plugin| plugin.id().digest.clone()).collect(),
            plugins,
            destination,
            partitions,
            backup,
            sink: Arc::clone(&parts.sink),
            buckets: Arc::clone(&parts.buckets),
            clock: Arc::new(SystemClock),
        })
    }
}

/// How records are taken apart; none if they are not.
fn taken_apart(said: &spec::Split) -> Option<split::Rules> {
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
