//! From what the API says to what the config file would say.

use std::time::Duration;

use serde_json::Value;
use standpipe_format::{
    Extension, Partitioning as Parted, Prefix, PrefixError, Prefixes, Problem, Role, Zone,
};
use standpipe_spec::{
    Backup, BackupMode, Buffering, Compression, Destination, Lambda, Objects, Overflow, Partitioning, Rate,
    S3Destination, Source, Spanned, Stream,
};

use super::named::bucket_of;
use super::processors::{self, Processing};
use super::{Said, filled, invalid, is_partitioned, object, text};
use crate::fault::Fault;

/// What sizes are counted in.
const MEBI: u64 = 1 << 20;
/// With partitioning, in MiB, as at Firehose.
const PARTITIONED_SIZE: u64 = 64;
/// With partitioning, and for backups, in seconds, as at Firehose.
const LONG_INTERVAL: u64 = 60;
/// The time zone that is there without one.
const UTC: &str = "UTC";

/// The stream that a destination makes, if its parts fit each other. `lambda` says what stands in for functions.
pub(crate) fn stream(name: &str, said: &Said, lambda: &Lambda) -> Result<Stream, Fault> {
    let processing = object(said, "ProcessingConfiguration").map(processors::read).transpose()?;
    let Processing { split, function, query, appends_newline } = processing.unwrap_or_default();
    let plugin = match &function {
        None => None,
        Some(function) => Some(plugin(&function.arn, lambda)?),
    };
    let partitioned = is_partitioned(said);
    for (is_there, kind) in
        [(query.is_some(), "MetadataExtraction"), (split.deaggregate.is_some(), "RecordDeAggregation")]
    {
        if is_there && !partitioned {
            return Err(invalid(format!("A {kind} processor needs dynamic partitioning to be enabled.")));
        }
    }
    let parted = Parted { query: query.is_some(), plugin: plugin.is_some() };
    if partitioned && parted == (Parted { query: false, plugin: false }) {
        return Err(invalid("Dynamic partitioning needs a MetadataExtraction or a Lambda processor."));
    }
    let objects = objects(said, "")?;
    if partitioned {
        check_hints(said)?;
    }
    let prefix = objects.prefix.as_ref().map(|prefix| prefix.value.as_str());
    let error_prefix = filled(said, "ErrorOutputPrefix");
    if let Err(errors) = Prefixes::parse(prefix, error_prefix, partitioned.then_some(parted)) {
        return Err(refused(&errors));
    }
    let partitioning = Partitioning {
        span: 0..0,
        query: query.map(nowhere),
        max_active: Partitioning::USUAL_MAX_ACTIVE,
        overflow: Overflow::default(),
    };
    let backup = backup(said, &objects)?;
    Ok(Stream {
        name: nowhere(name),
        source: Source::Puts,
        lanes: None,
        rate: Rate::default(),
        split,
        transform: plugin.into_iter().map(nowhere).collect(),
        calls: function.map(|function| function.calls).unwrap_or_default(),
        destination: Destination::S3(S3Destination {
            span: 0..0,
            objects,
            error_output_prefix: error_prefix.map(nowhere),
            append_delimiter: appends_newline,
            partitioning: partitioned.then_some(partitioning),
        }),
        backup,
    })
}

fn nowhere(text: impl Into<String>) -> Spanned<String> {
    Spanned::new(text.into(), 0..0)
}

fn plugin<'a>(function: &str, lambda: &'a Lambda) -> Result<&'a str, Fault> {
    let missing = || {
        let name = Lambda::name_of(function);
        let key = if name.is_empty() { "FUNCTION" } else { name };
        invalid(format!(
            "no plugin stands in for the function {function}: add `{key} = \"PLUGIN\"` to `[lambda]` in the config of \
             the host, with the name of a plugin there or `blueprint:NAME`, and reload it"
        ))
    };
    lambda.plugin(function).ok_or_else(missing)
}

/// What a destination and a backup have in common.
fn objects(said: &Said, within: &str) -> Result<Objects, Fault> {
    let zone = filled(said, "CustomTimeZone");
    if let Some(Err(error)) = zone.map(Zone::parse) {
        return Err(invalid(format!("CustomTimeZone: {error}")));
    }
    let extension = filled(said, "FileExtension");
    if let Some(Err(error)) = extension.map(Extension::parse) {
        return Err(invalid(format!("FileExtension: {error}")));
    }
    let arn = text(said, "BucketARN").unwrap_or_default();
    let bucket = bucket_of(arn).unwrap_or_default();
    if let Some(problem) = standpipe_spec::bucket_problem(bucket, false) {
        return Err(invalid(format!("{within}BucketARN names no bucket: {problem}")));
    }
    let compression = match text(said, "CompressionFormat") {
        Some("GZIP") => Compression::Gzip,
        Some("ZIP") => Compression::Zip,
        Some("Snappy") => Compression::Snappy,
        Some("HADOOP_SNAPPY") => Compression::HadoopSnappy,
        _ => Compression::None,
    };
    let usual = Buffering::default();
    let size = hint(said, "SizeInMBs").map_or(usual.size, |size| size.saturating_mul(MEBI));
    // None at all means as soon as can be.
    let interval = hint(said, "IntervalInSeconds").map_or(usual.interval, Duration::from_secs);
    Ok(Objects {
        bucket: nowhere(bucket),
        prefix: filled(said, "Prefix").map(nowhere),
        time_zone: zone.filter(|zone| *zone != UTC).map(nowhere),
        file_extension: extension.map(nowhere),
        compression,
        compression_level: None,
        buffering: Buffering { size, interval: interval.max(*Buffering::INTERVAL.start()) },
    })
}

fn hint(said: &Said, member: &str) -> Option<u64> {
    object(said, "BufferingHints")?.get(member).and_then(Value::as_u64)
}

fn check_hints(said: &Said) -> Result<(), Fault> {
    if hint(said, "SizeInMBs").is_some_and(|size| size < PARTITIONED_SIZE) {
        return Err(invalid(
            "BufferingHints.SizeInMBs must be at least 64 when dynamic partitioning is enabled.",
        ));
    }
    if hint(said, "IntervalInSeconds").is_some_and(|seconds| seconds < LONG_INTERVAL) {
        return Err(invalid(
            "BufferingHints.IntervalInSeconds must be at least 60 when dynamic partitioning is enabled.",
        ));
    }
    Ok(())
}

fn backup(said: &Said, destination: &Objects) -> Result<Option<Backup>, Fault> {
    if text(said, "S3BackupMode") != Some("Enabled") {
        return Ok(None);
    }
    let Some(backup) = object(said, "S3BackupConfiguration") else {
        return Err(invalid("S3BackupConfiguration must be given when S3BackupMode is Enabled."));
    };
    if hint(backup, "IntervalInSeconds").is_some_and(|seconds| seconds < LONG_INTERVAL) {
        return Err(invalid(
            "S3BackupConfiguration.BufferingHints.IntervalInSeconds must be at least 60: zero buffering is not for backups.",
        ));
    }
    let objects = objects(backup, "S3BackupConfiguration.")?;
    let prefix = objects.prefix.as_ref().map_or("", |prefix| &prefix.value);
    if let Err(error) = Prefix::parse(prefix, Role::Backup) {
        return Err(refused(&[error]));
    }
    if objects.mix_with(destination) {
        return Err(invalid(
            "S3BackupConfiguration has the bucket and the Prefix of the destination: source records would lie among \
             what became of them; give it another Prefix",
        ));
    }
    Ok(Some(Backup { span: 0..0, mode: BackupMode::All, objects }))
}

/// In the service's words, its slip included.
fn refused(errors: &[PrefixError]) -> Fault {
    let told = errors.first().map(|error| match error.problem() {
        Problem::NoErrorOutputPrefix | Problem::NoErrorOutputPrefixForKeys => {
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions".to_owned()
        }
        problem => problem.to_string(),
    });
    let told = told.unwrap_or_default();
    invalid(format!("Ths supplied prefix(es) do not satisfy the following constraint: {told}"))
}
