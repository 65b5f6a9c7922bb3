use crate::reader::Reader;
use crate::{Buffering, Compression, Spanned, bucket};

/// Objects in a bucket: what a destination and a backup have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// The bucket.
    pub bucket: Spanned<String>,
    /// What object names begin with. Its expressions are parsed by whoever makes the names.
    pub prefix: Option<Spanned<String>>,
    /// The time zone of the times in names, as it stands in the file; whoever makes the names looks it up. UTC
    /// unless it is said.
    pub time_zone: Option<Spanned<String>>,
    /// What object names end in, as it stands in the file and is checked by whoever makes the names. Unless it is
    /// said, what `compression` gives.
    pub file_extension: Option<Spanned<String>>,
    /// How objects are compressed.
    pub compression: Compression,
    /// How hard, one of [`Compression::levels`]. Unless it is said, what whoever compresses takes.
    pub compression_level: Option<Spanned<u32>>,
    /// When an object is closed.
    pub buffering: Buffering,
}

impl Objects {
    /// Reads what is said of objects in a table that may say more. `usual` is the `buffering` that is not said.
    pub(crate) fn read(reader: &mut Reader<'_>, usual: Buffering) -> Self {
        let bucket = bucket::read(reader);
        let prefix = reader.string("prefix");
        let time_zone = reader.string("time_zone");
        let file_extension = reader.string("file_extension");
        let compression = Compression::read(reader);
        let compression_level = Compression::read_level(reader, compression);
        let buffering = reader.table("buffering");
        let buffering = buffering.map_or(usual, |table| Buffering::read(table, usual));
        reader.refuse(&["CustomTimeZone"], "is Firehose's name for it", "write `time_zone`");
        let compression = compression.unwrap_or_default();
        Self { bucket, prefix, time_zone, file_extension, compression, compression_level, buffering }
    }

    /// Whether the names of both begin alike, so that nobody could tell their objects apart.
    pub fn mix_with(&self, other: &Self) -> bool {
        // An empty name stands for one that is missing.
        !self.bucket.value.is_empty()
            && self.bucket.value == other.bucket.value
            && self.prefix_text() == other.prefix_text()
    }

    fn prefix_text(&self) -> &str {
        self.prefix.as_ref().map_or("", |prefix| &prefix.value)
    }
}
