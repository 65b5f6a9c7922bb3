use std::ops::Range;

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Buffering, Finding, Objects, Partitioning, Spanned};

/// Where a stream's objects go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each stream, and most are in S3")]
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
    /// Where its objects are, and how they are written.
    pub objects: Objects,
    /// What the names of error output begin with.
    pub error_output_prefix: Option<Spanned<String>>,
    /// Whether an output that does not end in a newline gets one. Unless it is said, those of a stream that reads lines
    /// do, and those of one that takes its records from the API do not, as at Firehose.
    pub append_delimiter: bool,
    /// How its objects are kept apart by keys. Without it they are not.
    pub partitioning: Option<Partitioning>,
}

impl Destination {
    /// Where the file says so.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::S3(s3) => s3.span.clone(),
            Self::Discard { span } => span.clone(),
        }
    }

    /// Reads the destination of a stream. `lines` says whether the stream reads lines, `transforms` whether it has
    /// plugins.
    pub(crate) fn read(mut reader: Reader<'_>, lines: bool, transforms: bool) -> Option<Self> {
        let s3 = reader.table("s3").map(|s3| Self::S3(read_s3(s3, lines, transforms)));
        let discard = reader.table("discard").map(|discard| {
            let span = discard.span.clone();
            discard.finish();
            Self::Discard { span }
        });
        let later = ["http", "opensearch", "splunk", "redshift", "kinesis", "kafka", "snowflake", "iceberg"];
        reader.not_yet(&later, "the destinations of this version are `s3` and, for measuring, `discard`");
        let (count, last) = reader.count(&["s3", "discard"]);
        if count > 1 {
            let finding = Finding::error(format!(
                "{} names {count} destinations; a stream has one",
                quoted(&reader.name)
            ));
            reader.context.report(finding.at(last).with_help("remove one, or make it a stream of its own"));
        } else if reader.is_empty() {
            let finding = Finding::error(format!("{} names no destination", quoted(&reader.name)));
            let help = "write `s3 = { bucket = \"logs\" }` there";
            reader.context.report_absent(finding.at(reader.span.clone()).with_help(help));
        }
        reader.finish();
        s3.or(discard)
    }
}

fn read_s3(mut reader: Reader<'_>, lines: bool, transforms: bool) -> S3Destination {
    let partitioned = reader.count(&["partitioning"]).0 > 0;
    let usual = if partitioned { Buffering::PARTITIONED } else { Buffering::default() };
    let destination = S3Destination {
        span: reader.span.clone(),
        objects: Objects::read(&mut reader, usual),
        error_output_prefix: reader.string("error_output_prefix"),
        append_delimiter: reader.boolean("append_delimiter").unwrap_or(lines),
        partitioning: reader.table("partitioning").map(|table| Partitioning::read(table, transforms)),
    };
    let stream = reader.name.strip_suffix(".destination.s3").unwrap_or("streams.NAME");
    let help = format!("write {}", quoted(&format!("[{stream}.backup]")));
    reader.refuse(&["backup"], "is not written here: it is the stream's", &help);
    reader.refuse(&["S3BackupMode", "S3BackupConfiguration"], "is Firehose's name for it", &help);
    let partitioning = "write `partitioning`";
    reader.refuse(&["DynamicPartitioningConfiguration"], "is Firehose's name for it", partitioning);
    reader.not_yet(&["conversion", "encryption"], "remove it: this version writes outputs as they are");
    reader.finish();
    destination
}
