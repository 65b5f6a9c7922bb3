//! How the objects of one role look, and when they are sealed.

use std::time::Duration;

use standpipe_format::{
    Compression, Delimiter, Extension, Layout, Level, Moment, Naming, Partitioning, Prefix, Prefixes,
    Role as PrefixRole, What, Zone,
};
use standpipe_spec::{self as spec, Finding};

use crate::entry::Role;
use crate::parcel::Of;

/// Where objects of a destination or of a backup go, and how.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outlet {
    pub(crate) bucket: String,
    pub(crate) layout: Layout,
    /// Bytes before compression with which a parcel is full.
    pub(crate) size: u64,
    pub(crate) interval: Duration,
    pub(crate) delimiter: Delimiter,
}

/// Which source records are kept beside what comes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backs {
    Nothing,
    All,
    Failed,
}

/// The backup of source records.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Backup {
    pub(crate) backs: Backs,
    pub(crate) outlet: Outlet,
}

impl Outlet {
    /// What keys of the destination, or of the backup, begin with.
    pub(crate) fn prefix(&self) -> &Prefix {
        &self.layout.prefix
    }

    /// How objects for this are compressed. As at Firehose, the error output never is.
    pub(crate) fn compression_of(&self, of: &Of) -> Compression {
        match of.role() {
            Role::Destination | Role::Backup => self.layout.compression,
            Role::ErrorOutput => Compression::None,
        }
    }

    /// The whole key of an object.
    pub(crate) fn key(&self, name: &Naming<'_>, of: &Of, random: &mut dyn FnMut() -> u64) -> String {
        match of {
            Of::Partition { values, prefix } => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                let prefix = prefix.as_deref().unwrap_or(&self.layout.prefix);
                self.layout.key_below(prefix, name, What::Destination(&values), random)
            }
            Of::Errors(error_type) => self.layout.key(name, What::ErrorOutput(error_type), random),
            Of::Backup => self.layout.key(name, What::Destination(&[]), random),
        }
    }

    /// A key like those of its objects, for a probe.
    pub(crate) fn probe_key(&self, moment: &Moment) -> String {
        let values = vec!["probe"; self.prefix().keys().len()];
        let prefix = self.prefix().evaluate(moment, What::Destination(&values), &mut || 0);
        format!("{prefix}standpipe-probe")
    }
}

/// The outlet of a destination in a file with this text, and its prefixes. `has_plugins` says whether any could give
/// partition keys.
pub(super) fn destination(
    text: &str,
    s3: &spec::S3Destination,
    has_plugins: bool,
    findings: &mut Vec<Finding>,
) -> Option<(Outlet, Prefixes)> {
    let said = &s3.objects;
    let partitioning = s3.partitioning.as_ref();
    let partitioning = partitioning
        .map(|partitioning| Partitioning { query: partitioning.query.is_some(), plugin: has_plugins });
    let written = |prefix: &Option<spec::Spanned<String>>| prefix.as_ref().map(|prefix| prefix.value.clone());
    let (prefix, error_output) = (written(&said.prefix), written(&s3.error_output_prefix));
    let prefixes = match Prefixes::parse(prefix.as_deref(), error_output.as_deref(), partitioning) {
        Ok(prefixes) => Some(prefixes),
        Err(errors) => {
            for error in errors {
                let written = match error.role() {
                    PrefixRole::ErrorOutput => &s3.error_output_prefix,
                    _ => &said.prefix,
                };
                findings.push(refused(text, &error, written.as_ref(), &s3.span));
            }
            None
        }
    };
    let delimiter = super::delimiter(s3.append_delimiter);
    let outlet =
        outlet(said, delimiter, prefixes.as_ref().map(|prefixes| prefixes.destination().clone()), findings)?;
    let prefixes = prefixes?;
    let layout = Layout { error_output: Some(prefixes.error_output().clone()), ..outlet.layout };
    Some((Outlet { layout, ..outlet }, prefixes))
}

/// The backup of a stream. Its objects have newlines where the stream reads lines: these came without.
pub(super) fn backup(
    text: &str,
    stream: &spec::Stream,
    backup: &spec::Backup,
    findings: &mut Vec<Finding>,
) -> Option<Backup> {
    let said = &backup.objects;
    let prefix = said.prefix.as_ref().map_or("", |prefix| &prefix.value);
    let prefix = match Prefix::parse(prefix, PrefixRole::Backup) {
        Ok(prefix) => Some(prefix),
        Err(error) => {
            findings.push(refused(text, &error, said.prefix.as_ref(), &backup.span));
            None
        }
    };
    let delimiter = super::delimiter(stream.source != spec::Source::Puts);
    let outlet = outlet(said, delimiter, prefix, findings)?;
    let backs = match backup.mode {
        spec::BackupMode::All => Backs::All,
        spec::BackupMode::Failed => Backs::Failed,
    };
    Some(Backup { backs, outlet })
}

fn refused(
    text: &str,
    error: &standpipe_format::PrefixError,
    written: Option<&spec::Spanned<String>>,
    otherwise: &std::ops::Range<usize>,
) -> Finding {
    let place = match written {
        Some(written) => written.within(text, error.range()),
        None => otherwise.clone(),
    };
    Finding::error(error.problem().to_string()).at(place).with_help(error.help())
}

/// What a destination and a backup have in common.
fn outlet(
    said: &spec::Objects,
    delimiter: Delimiter,
    prefix: Option<Prefix>,
    findings: &mut Vec<Finding>,
) -> Option<Outlet> {
    let mut refuse = |message: String, place: &spec::Spanned<String>| {
        findings.push(Finding::error(message).at(place.span.clone()));
    };
    let zone = said.time_zone.as_ref().map(|name| (Zone::parse(&name.value), name));
    let zone = match zone {
        None => Some(Zone::UTC),
        Some((Ok(zone), _)) => Some(zone),
        Some((Err(error), name)) => {
            refuse(error.to_string(), name);
            None
        }
    };
    let extension = match said.file_extension.as_ref().map(|text| (Extension::parse(&text.value), text)) {
        None => Some(None),
        Some((Ok(extension), _)) => Some(extension),
        Some((Err(error), text)) => {
            refuse(error.to_string(), text);
            None
        }
    };
    let compression = compression(said.compression);
    let level = match &said.compression_level {
        None => Some(Level::default()),
        Some(level) => match Level::new(compression, level.value.into()) {
            Ok(level) => Some(level),
            Err(error) => {
                findings.push(Finding::error(error.to_string()).at(level.span.clone()));
                None
            }
        },
    };
    Some(Outlet {
        bucket: said.bucket.value.clone(),
        layout: Layout {
            prefix: prefix?,
            error_output: None,
            zone: zone?,
            extension: extension?,
            compression,
            level: level?,
        },
        size: said.buffering.size,
        interval: said.buffering.interval,
        delimiter,
    })
}

fn compression(said: spec::Compression) -> Compression {
    match said {
        spec::Compression::None => Compression::None,
        spec::Compression::Gzip => Compression::Gzip,
        spec::Compression::Zip => Compression::Zip,
        spec::Compression::Snappy => Compression::Snappy,
        spec::Compression::HadoopSnappy => Compression::HadoopSnappy,
        spec::Compression::Zstd => Compression::Zstd,
    }
}
