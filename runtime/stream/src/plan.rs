use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use standpipe_format::{Compression, Delimiter, Moment, Prefixes, Role};
use standpipe_plugin::{Host, Limits, LoadError, Metering, Plugin, Settings};
use standpipe_record::{Clock, Kind, SystemClock};
use standpipe_registry::{Reference, resolve};
use standpipe_sink::{Directory, KeySource, Keys, S3, S3Settings, Sink};
use standpipe_spec::{self as spec, Buckets, Destination, File, Finding, Severity};

use crate::{Metrics, StreamMetrics};

/// Objects of one stream that are put into folders at a time.
const FOLDERS_AT_A_TIME: u32 = 2;

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
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) prefixes: Prefixes,
    pub(crate) bucket: String,
    pub(crate) compression: Compression,
    pub(crate) size: u64,
    pub(crate) interval: Duration,
    pub(crate) delimiter: Delimiter,
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
        let about = |plan: &Self| {
            let Self { lanes, compression, size, interval, delimiter, concurrency, discards, .. } = *plan;
            (lanes, compression, size, interval, delimiter, concurrency, discards)
        };
        plugins
            && about(self) == about(other)
            && (&self.source, &self.prefixes, &self.bucket) == (&other.source, &other.prefixes, &other.bucket)
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

    /// The same, but that what it holds already is all that it will have if its records come from puts.
    #[must_use]
    pub fn without_puts(self) -> Self {
        let source = if self.takes_puts() { Source::Files(Vec::new()) } else { self.source };
        Self { source, ..self }
    }

    /// A key like those of its objects, for a probe.
    pub(crate) fn probe_key(&self) -> String {
        let moment = Moment::utc(self.clock.now_ms());
        let prefix = self.prefixes.destination().evaluate(&moment, None, &mut || 0);
        format!("{prefix}standpipe-probe")
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
        if let Some(loaded) = load_declared(file, plugin, first, host, findings) {
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
        let context: Arc<str> = context(&config.api, Some(&stream.name.value)).into();
        let used = stream.transform.iter().filter_map(|name| plugins.get(name.value.as_str()));
        let plugins = used.map(|plugin| plugin.in_context(Arc::clone(&context))).collect();
        let Some(prefixes) = prefixes(file, s3, findings) else { continue };
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
            plugins,
            prefixes,
            bucket: s3.bucket.value.clone(),
            compression: match s3.compression {
                spec::Compression::None => Compression::None,
                spec::Compression::Gzip => Compression::Gzip,
            },
            size: s3.buffering.size,
            interval: s3.buffering.interval,
            delimiter: if s3.append_delimiter { Delimiter::Newline } else { Delimiter::None },
            sink: Arc::clone(&sink),
            buckets: Arc::clone(&buckets),
            clock: Arc::new(SystemClock),
        });
    }
    plans
}

/// What stands for the destination of a stream that has none.
fn discarded(span: &Range<usize>) -> spec::S3Destination {
    spec::S3Destination {
        span: span.clone(),
        bucket: spec::Spanned::new(String::new(), span.clone()),
        prefix: None,
        error_output_prefix: None,
        compression: spec::Compression::None,
        buffering: spec::Buffering::default(),
        append_delimiter: false,
    }
}

/// Where objects go, one for all streams, and how many of one stream at a time.
pub fn sink(buckets: &Buckets) -> (Arc<dyn Sink>, u32) {
    let endpoint = match buckets {
        Buckets::S3(endpoint) => endpoint,
        // Without any there is no stream, or a finding.
        Buckets::None => return (Arc::new(Directory::new("")), FOLDERS_AT_A_TIME),
        Buckets::Directory(folder) => return (Arc::new(Directory::new(folder)), FOLDERS_AT_A_TIME),
    };
    let keys = endpoint.keys.clone().map(|keys| {
        let source = move || {
            let session_token = keys.session_token.as_ref().map(spec::Secret::read).transpose()?;
            Ok(Keys { id: keys.id.read()?, secret: keys.secret.read()?, session_token })
        };
        Arc::new(source) as KeySource
    });
    let settings = S3Settings {
        endpoint: endpoint.url.clone(),
        region: endpoint.region.clone(),
        path_style: endpoint.path_style,
        profile: endpoint.profile.clone(),
        keys,
        multipart_above: endpoint.multipart_above,
        part_size: endpoint.part_size,
    };
    (Arc::new(S3::new(settings)), endpoint.concurrency)
}

fn prefixes(file: &File, s3: &spec::S3Destination, findings: &mut Vec<Finding>) -> Option<Prefixes> {
    let text = |prefix: &Option<spec::Spanned<String>>| prefix.as_ref().map(|prefix| prefix.value.clone());
    match Prefixes::parse(text(&s3.prefix).as_deref(), text(&s3.error_output_prefix).as_deref()) {
        Ok(prefixes) => Some(prefixes),
        Err(errors) => {
            for error in errors {
                let written = match error.role() {
                    Role::Destination => &s3.prefix,
                    Role::ErrorOutput => &s3.error_output_prefix,
                };
                let place = match written {
                    Some(written) => written.within(&file.text, error.range()),
                    None => s3.span.clone(),
                };
                findings.push(Finding::error(error.problem().to_string()).at(place).with_help(error.help()));
            }
            None
        }
    }
}

fn load_declared(
    file: &File,
    plugin: &spec::Plugin,
    stream: Option<&str>,
    host: &Host,
    findings: &mut Vec<Finding>,
) -> Option<Plugin> {
    let settings = Settings {
        limits: limits(&plugin.limits),
        metering: if plugin.deterministic { Metering::Fuel } else { Metering::Time },
        params: plugin.params.value.to_string(),
        context: context(&file.draft.api, stream),
        ..Settings::new(plugin.name.value.clone())
    };
    let pinned = plugin.digest.as_ref().map(|digest| digest.value.as_str());
    match load_plugin(host, &plugin.source.value, &file.draft.base, pinned, settings) {
        Ok(plugin) => Some(plugin),
        Err(failure) => {
            let place = if failure.about_params { &plugin.params.span } else { &plugin.source.span };
            findings.push(Finding::error(failure.message).at(place.clone()));
            None
        }
    }
}

/// Why a plugin is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LoadFailure {
    /// One sentence that says what to do.
    pub message: String,
    /// Whether it is the params that are wrong, and not the plugin.
    pub about_params: bool,
}

impl LoadFailure {
    /// What to do about it: mend the config, or the plugin.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl From<LoadFailure> for String {
    fn from(failure: LoadFailure) -> Self {
        failure.message
    }
}

impl From<String> for LoadFailure {
    fn from(message: String) -> Self {
        Self { message, about_params: false }
    }
}

/// Resolves a reference, compares its digest and loads it.
pub fn load_plugin(
    host: &Host,
    reference: &str,
    base: &Path,
    pinned: Option<&str>,
    settings: Settings,
) -> Result<Plugin, LoadFailure> {
    let name = settings.name.clone();
    let reference = Reference::parse(reference, base).map_err(|error| error.to_string())?;
    let artifact = resolve(&reference, pinned).map_err(|error| match &error {
        standpipe_registry::Error::NotWasm
        | standpipe_registry::Error::Damaged { .. }
        | standpipe_registry::Error::Toolchain { .. }
        | standpipe_registry::Error::CoreModule { .. } => format!("plugin `{reference}`: {error}"),
        _ => error.to_string(),
    })?;
    let settings = Settings { digest: Some(artifact.digest), ..settings };
    Plugin::load(host, &artifact.component, settings).map_err(|error| {
        let shown = reference.to_string();
        let about_params = matches!(error, LoadError::Params { .. });
        let message = if shown == name {
            format!("plugin `{name}`: {error}")
        } else {
            format!("plugin `{name}` ({shown}): {error}")
        };
        LoadFailure { message, about_params }
    })
}

fn limits(limits: &spec::Limits) -> Limits {
    Limits {
        memory: limits.memory,
        time_per_record: limits.time_per_record,
        init_time: limits.init_time,
        output_per_record: limits.output_per_record,
        outputs_per_record: limits.outputs_per_record,
        table_elements: limits.table_elements,
        log_bytes: limits.log_bytes,
        metrics: limits.metrics,
    }
}

/// What `init` is told of where it runs. Nothing of it needs escaping: `spec` has checked the letters.
fn context(api: &spec::Api, stream: Option<&str>) -> String {
    let (spec::Api { account, region, .. }, stream) = (api, stream.unwrap_or_default());
    format!(
        r#"{{"stream":"{stream}","arn":"arn:aws:firehose:{region}:{account}:deliverystream/{stream}","region":"{region}","host":"{}"}}"#,
        env!("CARGO_PKG_VERSION")
    )
}
