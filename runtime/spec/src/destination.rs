use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use crate::reader::Reader;
use crate::suggest::nearest;
use crate::text::quoted;
use crate::{Finding, Spanned, bucket};

/// Where a stream's objects go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Buckets, wherever `[s3]` says they live.
    S3(S3Destination),
    /// Nowhere: records are kept and run as those of any stream, and their outputs are counted and dropped. For measuring.
    Discard {
        /// Where the file says so.
        span: Range<usize>,
    },
}

/// Objects in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Destination {
    /// Where the file says so.
    pub span: Range<usize>,
    /// The bucket.
    pub bucket: Spanned<String>,
    /// What object names begin with. Its expressions are parsed by whoever makes the names.
    pub prefix: Option<Spanned<String>>,
    /// What the names of error output begin with.
    pub error_output_prefix: Option<Spanned<String>>,
    /// How objects are compressed.
    pub compression: Compression,
    /// When an object is closed.
    pub buffering: Buffering,
    /// Whether an output that does not end in a newline gets one. Unless it is said, those of a stream that reads lines
    /// do, and those of one that takes its records from the API do not, as at Firehose.
    pub append_delimiter: bool,
}

/// How objects are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// As one gzip member.
    Gzip,
}

/// When an object is closed: by size or by age, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffering {
    /// Bytes before compression.
    pub size: u64,
    /// Time since its first output.
    pub interval: Duration,
}

impl Buffering {
    /// What `size` may be. Firehose's own hints are 1 to 128 MiB.
    pub const SIZE: RangeInclusive<u64> = 1 << 10..=128 << 20;
    /// What `interval` may be. Firehose's own hints are 0 to 900 s.
    pub const INTERVAL: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(900);

    fn read(mut reader: Reader<'_>) -> Self {
        let default = Self::default();
        let size = reader.size("size", Self::SIZE).unwrap_or(default.size);
        let interval = reader.duration("interval", Self::INTERVAL).unwrap_or(default.interval);
        reader.finish();
        Self { size, interval }
    }
}

impl Default for Buffering {
    /// As Firehose: 5 MiB or 300 s.
    fn default() -> Self {
        Self { size: 5 << 20, interval: Duration::from_secs(300) }
    }
}

impl Destination {
    /// Where the file says so.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::S3(s3) => s3.span.clone(),
            Self::Discard { span } => span.clone(),
        }
    }

    /// Reads the destination of a stream. `lines` says whether the stream reads lines.
    pub(crate) fn read(mut reader: Reader<'_>, lines: bool) -> Option<Self> {
        let s3 = reader.table("s3").map(|s3| Self::S3(read_s3(s3, lines)));
        let discard = reader.table("discard").map(|discard| {
            let span = discard.span.clone();
            discard.finish();
            Self::Discard { span }
        });
        let later = ["http", "opensearch", "splunk", "redshift", "kinesis", "kafka", "snowflake", "iceberg"];
        reader.not_yet(&later, "the destinations of this version are `s3` and, for measuring, `discard`");
        let (count, last) = reader.count(&["s3", "discard"]);
        if count > 1 {
            let finding =
                Finding::error(format!("`{}` names {count} destinations; a stream has one", reader.name));
            reader.context.report(finding.at(last).with_help("remove one, or make it a stream of its own"));
        } else if reader.is_empty() {
            let finding = Finding::error(format!("`{}` names no destination", reader.name));
            let help = "write `s3 = { bucket = \"logs\" }` there";
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(help));
        }
        reader.finish();
        s3.or(discard)
    }
}

fn read_s3(mut reader: Reader<'_>, lines: bool) -> S3Destination {
    let destination = S3Destination {
        span: reader.span.clone(),
        bucket: bucket::read(&mut reader),
        prefix: reader.string("prefix"),
        error_output_prefix: reader.string("error_output_prefix"),
        compression: compression(&mut reader).unwrap_or_default(),
        buffering: reader.table("buffering").map(Buffering::read).unwrap_or_default(),
        append_delimiter: reader.boolean("append_delimiter").unwrap_or(lines),
    };
    let here = "remove it: this version writes outputs as they are, under keys in UTC";
    reader.not_yet(
        &["partitioning", "conversion", "time_zone", "file_extension", "backup", "encryption"],
        here,
    );
    reader.finish();
    destination
}

fn compression(reader: &mut Reader<'_>) -> Option<Compression> {
    const KNOWN: [&str; 2] = ["gzip", "none"];
    const LATER: [&str; 6] = ["zip", "snappy", "hadoop-snappy", "zstd", "parquet", "orc"];
    let text = reader.string("compression")?;
    let help = "write `\"gzip\"` or `\"none\"`".to_owned();
    let (problem, help) = match text.value.as_str() {
        "none" => return Some(Compression::None),
        "gzip" => return Some(Compression::Gzip),
        later if LATER.contains(&later) => ("this version does not have it yet", help),
        "UNCOMPRESSED" | "uncompressed" | "" => {
            ("there is no such compression", "did you mean `none`?".to_owned())
        }
        other => match nearest(other, KNOWN) {
            Some(meant) => ("there is no such compression", format!("did you mean `{meant}`?")),
            None => ("there is no such compression", help),
        },
    };
    let finding = Finding::error(format!("`compression` is {}; {problem}", quoted(&text.value)));
    reader.context.report(finding.at(text.span).with_help(help));
    None
}
