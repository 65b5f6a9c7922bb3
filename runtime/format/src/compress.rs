use std::fmt;

mod encoder;
mod level;

pub use encoder::{Compressor, Encoder};
pub use level::{Level, LevelError};

/// The media type of every object, compressed or not.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// How the bytes of an object are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// One gzip member (RFC 1952).
    Gzip,
    /// A zip archive with one deflated entry, named by the object's id.
    Zip,
    /// What snappy-java's `SnappyOutputStream` writes: a header, then blocks of 32 KiB.
    Snappy,
    /// What Hadoop's `SnappyCodec` writes with its default buffer of 256 KiB: blocks of one chunk each.
    HadoopSnappy,
    /// One zstd frame with a checksum (RFC 8878). Firehose has none.
    Zstd,
}

impl Compression {
    /// All there are.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Gzip, Self::Zip, Self::Snappy, Self::HadoopSnappy, Self::Zstd];

    /// The name that a config file has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zip => "zip",
            Self::Snappy => "snappy",
            Self::HadoopSnappy => "hadoop-snappy",
            Self::Zstd => "zstd",
        }
    }

    /// What a key ends in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zip => ".zip",
            // Firehose's guide says `.hsnappy` for the second; its objects do not have it.
            Self::Snappy | Self::HadoopSnappy => ".snappy",
            Self::Zstd => ".zst",
        }
    }

    /// The `Content-Encoding` of the object.
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zip => Some("zip"),
            Self::Snappy => Some("snappy-java"),
            Self::HadoopSnappy => Some("hadoop-snappy"),
            Self::Zstd => Some("zstd"),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
