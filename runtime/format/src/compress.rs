use std::fmt;
use std::io::Write;

use flate2::GzBuilder;
use flate2::write::GzEncoder;

/// The media type of every object, compressed or not.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// How the bytes of an object are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// One gzip member.
    Gzip,
}

impl Compression {
    /// What a key ends in.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
        }
    }

    /// The `Content-Encoding` of the object.
    pub fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
        }
    }
}

/// How hard gzip tries, from 1 (fast) to 9 (small). The default is 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(u32);

impl Level {
    /// Level `level`, if there is one.
    pub fn new(level: u32) -> Option<Self> {
        (1..=9).contains(&level).then_some(Self(level))
    }
}

impl Default for Level {
    fn default() -> Self {
        Self(6)
    }
}

/// Compresses bytes as they come, into memory.
pub struct Encoder(Inner);

enum Inner {
    None(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Encoder {
    /// An encoder that appends to `out`.
    pub fn new(compression: Compression, level: Level, out: Vec<u8>) -> Self {
        Self(match compression {
            Compression::None => Inner::None(out),
            // Neither a time nor a name: equal input gives equal objects.
            Compression::Gzip => {
                let encoder = GzBuilder::new().mtime(0).write(out, flate2::Compression::new(level.0));
                Inner::Gzip(Box::new(encoder))
            }
        })
    }

    /// Takes more bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Inner::None(out) => out.extend_from_slice(bytes),
            Inner::Gzip(encoder) => encoder.write_all(bytes).expect("a vector takes all bytes"),
        }
    }

    /// How many bytes there are so far. The compressor holds some more back.
    pub fn written(&self) -> usize {
        match &self.0 {
            Inner::None(out) => out.len(),
            Inner::Gzip(encoder) => encoder.get_ref().len(),
        }
    }

    /// Ends it and gives all bytes.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            Inner::None(out) => out,
            Inner::Gzip(encoder) => encoder.finish().expect("a vector takes all bytes"),
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compression = match self.0 {
            Inner::None(_) => Compression::None,
            Inner::Gzip(_) => Compression::Gzip,
        };
        f.debug_tuple("Encoder").field(&compression).field(&self.written()).finish()
    }
}
