use std::path::PathBuf;
use std::sync::Arc;

use standpipe_format::{Delimiter, Moment, split};
use standpipe_plugin::{Host, Plugin};
use standpipe_record::Clock;
use standpipe_sink::Sink;
use standpipe_spec::{Buckets, File, Severity, Stream};

use crate::entry::Role;
use crate::{Metrics, StreamMetrics};

mod buckets;
mod load;
mod outlet;
mod partitions;
mod planner;
#[cfg(test)]
pub(crate) mod testing;

pub use buckets::sink;
pub use load::{LoadFailure, load_plugin};
pub(crate) use outlet::{Backs, Backup, Outlet};
pub(crate) use partitions::{Overflow, Partitions};
pub use planner::Planner;

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
    /// Which version of its configuration this is, from 1. Object names say it.
    pub(crate) version: u64,
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
        let numbers = |plan: &Self| (plan.version, plan.lanes, plan.concurrency, plan.discards);
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

/// Makes plans of a config file, and what makes more of them. What plugins and prefixes have to say is added to the
/// file's findings, so that all of them are told at once; there are plans only when none of them is an error.
pub fn plan(file: &mut File, host: &Host, metrics: &Metrics) -> Option<(Planner, Vec<Plan>)> {
    let mut findings = Vec::new();
    let planner = Planner::read(file, host, &mut findings);
    let read = |stream: &Stream| {
        let own = || metrics.stream(&stream.name.value);
        planner.read_stream(stream, &file.text, own, &mut findings)
    };
    let plans = file.draft.streams.values().filter_map(read).collect();
    file.findings.append(&mut findings);
    file.findings.sort_by_key(|finding| finding.span.as_ref().map_or((true, 0), |span| (false, span.start)));
    let good = file.findings.iter().all(|finding| finding.severity != Severity::Error);
    good.then_some((planner, plans))
}

fn delimiter(appends: bool) -> Delimiter {
    if appends { Delimiter::Newline } else { Delimiter::None }
}
