use std::ops::Range;

use crate::reader::Reader;
use crate::text::quoted;
use crate::{Buffering, Destination, Finding, Objects};

/// Source records that are kept beside what becomes of them, as they came: `[streams.NAME.backup]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where the file says so.
    pub span: Range<usize>,
    /// Which records.
    pub mode: BackupMode,
    /// Where they are kept. What is not said is as in a destination that does not say it, not as in this stream's.
    pub objects: Objects,
}

/// Which source records a backup keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum BackupMode {
    /// Each.
    #[default]
    All,
    /// Those that failed.
    Failed,
}

impl Backup {
    /// What `mode` may be, with the names of Firehose that are not alike.
    const MODES: [(&str, BackupMode, &[&str]); 2] = [
        ("all", BackupMode::All, &["Enabled", "AllDocuments", "AllEvents", "AllData"]),
        ("failed", BackupMode::Failed, &["FailedDocumentsOnly", "FailedEventsOnly", "FailedDataOnly"]),
    ];

    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let backup = Self {
            span: reader.span.clone(),
            mode: reader.choice("mode", &Self::MODES).unwrap_or_default(),
            objects: Objects::read(&mut reader, Buffering::default()),
        };
        reader.refuse(
            &["error_output_prefix", "append_delimiter", "partitioning"],
            "cannot be set: source records are kept as they came",
            "remove it",
        );
        reader.finish();
        backup
    }

    /// Reports where it does not go with the stream's destination. `reader` is the stream's.
    pub(crate) fn check(&self, reader: &Reader<'_>, destination: &Destination) {
        match destination {
            Destination::Discard { .. } => {
                let (_, place) = reader.count(&["backup"]);
                let shown = quoted(&reader.path("backup"));
                let message = format!("{shown} cannot be set beside `discard`: such a stream keeps nothing");
                reader.context.report(Finding::error(message).at(place).with_help("remove one of the two"));
            }
            Destination::S3(s3) if s3.objects.mix_with(&self.objects) => {
                let message = "the backup has the bucket and the prefix of the destination: records would lie among outputs";
                let Objects { bucket, prefix, .. } = &self.objects;
                let place = prefix.as_ref().unwrap_or(bucket).span.clone();
                let help = "write another `prefix`, such as `\"raw/\"`, or another `bucket`";
                reader.context.report_absent(Finding::error(message).at(place).with_help(help));
            }
            Destination::S3(_) => {}
        }
    }
}
